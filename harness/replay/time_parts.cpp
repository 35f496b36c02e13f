#include "harness/replay/time_parts.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "harness/base/error.hpp"
#include "harness/replay/request_record.hpp"

namespace inferbench {

std::string_view name(TimePart part) {
  constexpr std::array<std::string_view, kTimeParts> kNames = {
      "queue",       "interference", "attention",   "gemm", "moe",
      "elementwise", "collectives",  "kv_transfer", "host", "gaps"};
  return kNames[static_cast<std::size_t>(part)];
}

Duration TimeParts::total() const {
  return std::accumulate(of.begin(), of.end(), Duration(0));
}

TimeParts& TimeParts::operator+=(const TimeParts& o) {
  for (std::size_t i = 0; i < kTimeParts; ++i) of[i] += o.of[i];
  prefill += o.prefill;
  hidden_collectives += o.hidden_collectives;
  return *this;
}

// By rounding the running sums: shares never fall below 0 and add up to the whole.
void apportion(std::span<const Duration> weights, Duration whole, std::span<Duration> shares) {
  const Duration all = std::accumulate(weights.begin(), weights.end(), Duration(0));
  std::fill(shares.begin(), shares.end(), Duration(0));
  if (all <= Duration(0)) {
    shares.back() = whole;
    return;
  }
  Duration sum{}, given{};
  for (std::size_t i = 0; i < weights.size(); ++i) {
    sum += weights[i];
    const auto share = static_cast<double>(whole.count()) * static_cast<double>(sum.count()) /
                       static_cast<double>(all.count());
    const Duration until = sum == all ? whole : std::min(whole, Duration(std::llround(share)));
    shares[i] = until - given;
    given = until;
  }
}

TimeParts step_parts(const StepTiming& timing, Duration whole) {
  const StepTiming::Parts& parts = timing.parts;
  const auto left_of = [](Duration time, Duration& hidden) {
    const Duration taken = std::clamp(hidden, Duration(0), time);
    hidden -= taken;
    return time - taken;
  };
  Duration hidden = timing.hidden_collectives;
  const Duration collectives = left_of(parts.scale_up + parts.scale_out, hidden);
  hidden += timing.hidden - timing.hidden_collectives;
  // What is still hidden then runs beside everything else, which apportioning takes from all alike.
  const Duration host = left_of(parts.host, hidden);
  constexpr std::array kOwn = {TimePart::attention,   TimePart::gemm,        TimePart::moe,
                               TimePart::elementwise, TimePart::collectives, TimePart::kv_transfer,
                               TimePart::host};
  const std::array<Duration, kOwn.size()> weights = {
      parts.attention, parts.gemm,        parts.moe, parts.elementwise,
      collectives,     parts.kv_transfer, host};
  std::array<Duration, kOwn.size()> shares;
  apportion(weights, whole, shares);
  TimeParts out;
  for (std::size_t i = 0; i < kOwn.size(); ++i) out[kOwn[i]] = shares[i];
  out.hidden_collectives = timing.hidden_collectives;
  return out;
}

void add_stay(std::shared_ptr<RequestParts>& sum, const std::shared_ptr<RequestParts>& stay,
              bool began) {
  if (stay == nullptr) return;
  if (sum == nullptr) sum = std::make_shared<RequestParts>();
  (began ? sum->answer : sum->first_token) += stay->first_token;
  sum->answer += stay->answer;
}

void settle_parts(RequestRecord& record, TimePart first, TimePart answer) {
  if (record.parts == nullptr || record.token_times.empty()) return;
  const Time begin = record.token_times.front();
  const auto settle = [](TimeParts& parts, Duration whole, TimePart rest) {
    const Duration missing = whole - parts.total();
    ensure(missing >= Duration(0), "a request's parts are within its time");
    parts[rest] += missing;
  };
  settle(record.parts->first_token, begin - record.scheduled, first);
  settle(record.parts->answer, record.token_times.back() - begin, answer);
}

}  // namespace inferbench
