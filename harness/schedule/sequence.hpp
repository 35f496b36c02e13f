#pragma once

#include <compare>
#include <cstdint>

#include "harness/base/ids.hpp"
#include "harness/base/units.hpp"
#include "workloads/request.hpp"

namespace inferbench {

// A sequence's place in the queue, fixed when it is admitted: by key, then by age. The policy makes
// the key; "older" means first in this order, whatever the key says.
struct QueueOrder {
  std::int64_t key = 0;
  std::uint64_t admission = 0;  // counts the admissions to the queue: no two sequences share it

  constexpr auto operator<=>(const QueueOrder&) const = default;
};

// An open request as a paged scheduler sees it. Work is left while computed < known. One cache
// line: it is visited twice per token.
struct alignas(64) Sequence {
  RequestId id{};
  std::int16_t steps_in_flight = 0;
  bool decoding : 1 = false;  // the prompt, or what a preemption lost, is computed
  bool started : 1 = false;   // stood in a plan
  bool cancelled : 1 = false;
  bool drafted_blocks : 1 = false;    // holds blocks that only its drafted tokens need
  bool arrives_decoding : 1 = false;  // a decode once `arriving` has arrived
  Tokens known{};                     // prompt and generated tokens
  Tokens computed{};                  // of these, cached or being computed by a step in flight
  Tokens room{};                      // tokens that its KV blocks can hold
  Tokens answer_end{};  // known tokens with the whole answer: the oracle, for commit alone
  Tokens longest{};     // what a scheduler may know of answer_end: never less
  QueueOrder order{};

  Tokens left() const { return known - computed; }
};

static_assert(sizeof(Sequence) == 64);

inline Sequence make_sequence(const Request& request, QueueOrder order) {
  Sequence sequence;
  sequence.id = request.id;
  sequence.order = order;
  sequence.known = request.input;
  sequence.answer_end = request.input + request.output;
  sequence.longest = request.input + request.max_output;
  return sequence;
}

}  // namespace inferbench
