#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "harness/replay/request_record.hpp"
#include "workloads/request.hpp"

namespace inferbench {

// An open request's way through a fleet, beyond the replica that has it now: what its record owes
// to replicas that had it before, and to earlier attempts of its client.
struct Journey {
  enum class At {
    replica,  // of `pool`
    link,     // its KV is on the way to the decode pool
    client,   // who waits before asking again
  };

  RequestId id{};   // under which the replicas know it: of the workload, or of a later attempt
  RequestId own{};  // of the workload
  At at = At::replica;
  bool decoding = false;  // in the decode pool, not the one that requests enter
  std::size_t replica = 0;
  std::uint32_t hops = 0;  // changes of `at`: tells an old appointment from the present one

  // The request as its client asked; a replica may be asked for a part of it.
  Tokens input{}, output{}, max_output{};
  Time issued{};
  std::optional<Request> parked{};  // while no replica has it

  std::vector<Time> tokens{};  // visible already, from earlier replicas of this attempt
  std::optional<Time> admitted{};
  std::int32_t preemptions = 0, attempts = 1, reroutes = 0;
  std::optional<std::int32_t> prefill_replica{};
  std::shared_ptr<RequestParts> parts{};  // of earlier replicas of this attempt
};

// What is left to do of the request, for a replica that has nothing of it: the tokens that are
// visible already are part of its prompt.
inline void ask_for_the_rest(const Journey& journey, Request& request) {
  const Tokens done(static_cast<std::int64_t>(journey.tokens.size()));
  request.input = journey.input + done;
  request.output = journey.output - done;
  request.max_output = journey.max_output - done;
}

}  // namespace inferbench
