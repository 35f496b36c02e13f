#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "harness/base/units.hpp"
#include "harness/replay/kv_link.hpp"
#include "harness/replay/replica_pool.hpp"

namespace inferbench {

// Something that befalls a fleet at a given time.
struct FleetEvent {
  enum class Kind {
    fail,          // the replica loses its open requests and its KV cache
    drain,         // takes no new requests and finishes its open ones
    recover,       // a failed or drained replica serves again
    scale_up,      // `replicas` more that have not served yet, or have drained, start
    finish_start,  // the fleet's own: a start is over
  };
  Kind kind{};
  Time at{};
  std::int64_t replica = 0;   // all kinds but scale_up; index in its pool
  std::int64_t replicas = 1;  // scale_up
  Duration start{};           // scale_up, recover: from the event until it takes requests
  bool decode_pool = false;   // of a disaggregated fleet
};

// Adds and drains replicas by the depth of the queue: open requests per replica that serves or
// starts, looked at every `interval`.
struct AutoscalerOptions {
  std::int64_t least = 1, most = 1;           // replicas
  double up = 0, down = 0;                    // open requests per replica beyond which to act
  Duration interval{}, cool_down{}, start{};  // cool_down: after each change
};

// What clients do: how long they wait, and how often they ask again.
struct ClientOptions {
  std::optional<Duration> ttft_timeout{};   // until the first token, from when they asked
  std::optional<Duration> total_timeout{};  // until the last one
  // Of requests that were refused for lack of room, timed out or failed; from the start each time.
  std::int64_t retries = 0;
  Duration backoff{};  // before the first retry; doubles with each one
};

enum class OnFailure {
  reroute,  // open requests go on elsewhere, their prompt and the answer so far computed again
  fail,     // they end as failed
};

// The other half of disaggregated serving; the fleet's own members compute the prompts.
struct DecodePool {
  std::vector<FleetMember> members{};
  Router* router = nullptr;
  std::size_t serving = 0;  // 0: all members
  KvLink link{};            // from the prefill replicas
  int stages = 1;
};

struct FleetOptions {
  int stages = 1;             // pipeline stages of each replica
  std::optional<Time> cut{};  // as in EngineOptions
  std::size_t serving = 0;    // members that serve from the start; the others wait for a scale-up.
                              // 0: all
  std::optional<DecodePool> decode{};
  std::vector<FleetEvent> events{};
  OnFailure on_failure = OnFailure::reroute;
  std::optional<std::int64_t> most_open{};              // requests in the fleet; more are refused
  std::optional<std::int64_t> most_open_per_replica{};  // of the pool that requests enter
  // Prompt and longest answer together that both pools can hold; a fleet of one pool leaves that
  // to its schedulers.
  std::optional<Tokens> longest{};
  ClientOptions clients{};
  std::optional<AutoscalerOptions> autoscaler{};
  StepObserver* observer = nullptr;  // of all replicas; those of a decode pool follow the others
};

// What a fleet did besides serving.
struct FleetActivity {
  std::uint64_t failures = 0, drains = 0, starts = 0;  // of replicas
  std::uint64_t rerouted = 0, retried = 0;             // requests, each time
  std::uint64_t refused = 0, timed_out = 0;            // the same, retried ones included
  std::size_t most_serving = 0, most_decoding = 0;     // replicas at once; of the decode pool
  KvLinkStats transfers;
};

}  // namespace inferbench
