#pragma once

#include <cstdint>

#include "harness/base/ids.hpp"
#include "harness/base/units.hpp"
#include "workloads/request.hpp"

namespace inferbench {

// An open request as a paged scheduler sees it. Work is left while computed < known. One cache
// line: it is visited twice per token.
struct alignas(64) Sequence {
  RequestId id{};
  std::uint64_t order = 0;  // place in the order of admission to the queue: smaller is older
  Tokens known{};           // prompt and generated tokens
  Tokens computed{};        // of these, cached or being computed by a step in flight
  Tokens room{};            // tokens that its KV blocks can hold
  Tokens answer_end{};      // known tokens with the whole answer: the oracle, for commit alone
  Tokens longest{};         // what a scheduler may know of answer_end: never less
  Tokens arriving{};        // keys and values that come with the request, not computed here
  std::int32_t steps_in_flight = 0;
  bool decoding = false;  // the prompt, or what a preemption lost, is computed
  bool started = false;   // stood in a plan
  bool cancelled = false;

  Tokens left() const { return known - computed; }
};

inline Sequence make_sequence(const Request& request, std::uint64_t order) {
  Sequence sequence;
  sequence.id = request.id;
  sequence.order = order;
  sequence.known = request.input;
  sequence.answer_end = request.input + request.output;
  sequence.longest = request.input + request.max_output;
  return sequence;
}

}  // namespace inferbench
