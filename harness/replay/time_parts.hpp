#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

#include "harness/base/units.hpp"
#include "harness/schedule/step_result.hpp"

namespace inferbench {

// What a stretch of a request's time went to. Every nanosecond belongs to exactly one of them
// (docs/metrics.md).
enum class TimePart : std::size_t {
  queue,         // waited to be computed: with its client, at a router, for KV blocks
  interference,  // others' prompt chunks in its steps; steps of others while it waited for its turn
  attention,     // of its own share of its steps, and so the next five
  gemm,
  moe,
  elementwise,
  collectives,  // what of them is not hidden behind compute
  kv_transfer,  // keys and values to and from host memory, or to the decode pool
  host,         // kernel launches and framework, of its steps
  gaps,         // no step ran: the harness between two steps, stages before and behind the model
};
inline constexpr std::size_t kTimeParts = 10;

std::string_view name(TimePart part);

struct TimeParts {
  std::array<Duration, kTimeParts> of{};
  Duration prefill{};             // of the own share: in steps that computed prompt tokens
  Duration hidden_collectives{};  // beside the parts: ran while compute did

  Duration& operator[](TimePart part) { return of[static_cast<std::size_t>(part)]; }
  Duration operator[](TimePart part) const { return of[static_cast<std::size_t>(part)]; }
  Duration total() const;
  TimeParts& operator+=(const TimeParts& o);
  friend bool operator==(const TimeParts&, const TimeParts&) = default;
};

// Of one request: until its first token is visible, and from there until its last.
struct RequestParts {
  TimeParts first_token, answer;
  friend bool operator==(const RequestParts&, const RequestParts&) = default;
};

// Splits `whole` as the weights (>= 0) say, each share rounded so that they add up to it; all of it
// goes to the last one where there is no weight.
void apportion(std::span<const Duration> weights, Duration whole, std::span<Duration> shares);

// What a step of `timing` spent `whole` on. Hidden time is taken from what hides: collectives
// behind compute, then the host behind the GPU, then from all alike. Collectives inside and across
// the fast domain are one; steps without parts are host time.
TimeParts step_parts(const StepTiming& timing, Duration whole);

struct RequestRecord;

// A request that goes on elsewhere: adds what its stay at one more replica took. `began`: its first
// token was visible before.
void add_stay(std::shared_ptr<RequestParts>& sum, const std::shared_ptr<RequestParts>& stay,
              bool began);

// Gives what is missing of a record's TTFT to `first`, and of the time between its first and last
// token to `answer`, so that the parts add up to both. Nothing is missing of a record without parts
// or tokens.
void settle_parts(RequestRecord& record, TimePart first, TimePart answer);

}  // namespace inferbench
