#include "harness/metrics/throughput.hpp"

#include <algorithm>
#include <string_view>

#include "harness/metrics/durations.hpp"
#include "harness/metrics/tps_user_sys.hpp"

namespace inferbench {
namespace {

std::uint64_t tokens_inside(const TokenTimes& times, const Stretch& stretch) {
  const auto first = std::lower_bound(times.begin(), times.end(), stretch.begin);
  const auto last = std::upper_bound(first, times.end(), stretch.end);
  return static_cast<std::uint64_t>(last - first);
}

std::string per_gpu(const char* what, std::int64_t gpus, const char* which) {
  return std::string(what) + " / (window x " + std::to_string(gpus) + " " + which + " GPUs)";
}

// Collects rates that share one reason for being absent.
class Rates {
 public:
  Rates(double seconds, std::string absent_because)
      : seconds_(seconds), absent_because_(std::move(absent_because)) {}

  void add(std::string_view id, std::string_view unit, std::string definition, Better better,
           double value) {
    ScalarMetric metric{.id = std::string(id),
                        .unit = std::string(unit),
                        .definition = std::move(definition),
                        .better = better,
                        .value = std::nullopt,
                        .absent_because = absent_because_};
    if (absent_because_.empty()) metric.value = value;
    metrics_.push_back(std::move(metric));
  }
  void add_rate(std::string_view id, std::string_view unit, std::string definition, double count) {
    add(id, unit, std::move(definition), Better::higher, count / seconds_);
  }
  std::vector<ScalarMetric> take() { return std::move(metrics_); }

 private:
  double seconds_;
  std::string absent_because_;
  std::vector<ScalarMetric> metrics_;
};

void add_per_gpu(Rates& rates, const Delivered& done, const GpuCounts& gpus) {
  constexpr std::string_view kUnit = "tokens/s/GPU";
  const auto share = [](std::uint64_t tokens, std::int64_t count) {
    return static_cast<double>(tokens) / static_cast<double>(count);
  };
  rates.add_rate("output_tps_gpu", kUnit, per_gpu("output tokens", gpus.total, "total"),
                 share(done.output_tokens, gpus.total));
  rates.add_rate("input_tps_gpu", kUnit, per_gpu("input tokens", gpus.total, "total"),
                 share(done.input_tokens, gpus.total));
  rates.add_rate("total_tps_gpu", kUnit, per_gpu("input + output tokens", gpus.total, "total"),
                 share(done.input_tokens + done.output_tokens, gpus.total));
  rates.add_rate("output_tps_decode_gpu", kUnit, per_gpu("output tokens", gpus.decode, "decode"),
                 share(done.output_tokens, gpus.decode));
  rates.add_rate("input_tps_prefill_gpu", kUnit, per_gpu("input tokens", gpus.prefill, "prefill"),
                 share(done.input_tokens, gpus.prefill));
}

std::string why_absent(const std::optional<Stretch>& stretch) {
  if (!stretch) return "the window was not found";
  return stretch->duration == Duration(0) ? "the window has no length" : "";
}

}  // namespace

Delivered delivered(std::span<const RequestRecord> records, const Stretch& stretch) {
  Delivered done;
  for (const RequestRecord& record : records) {
    const bool completed = record.outcome == Outcome::completed;
    if (completed && stretch.contains(record.ended)) ++done.requests;
    if (record.token_times.empty()) continue;
    done.output_tokens += tokens_inside(record.token_times, stretch);
    if (stretch.contains(record.token_times.front())) {
      done.input_tokens += static_cast<std::uint64_t>(record.input.count());
    }
  }
  return done;
}

std::vector<ScalarMetric> throughput(std::span<const RequestRecord> records,
                                     const std::optional<Stretch>& stretch,
                                     const Concurrency& concurrency, const GpuCounts& gpus) {
  const std::string absent = why_absent(stretch);
  const Stretch window = stretch.value_or(Stretch{});
  const Delivered done = absent.empty() ? delivered(records, window) : Delivered{};
  const double seconds = absent.empty() ? in_seconds(window.duration) : 1;
  const double output = static_cast<double>(done.output_tokens);
  const double input = static_cast<double>(done.input_tokens);
  // Idle time holds no requests, so the sum over the active time is that over the whole stretch.
  const double open =
      concurrency.mean(window.begin, window.end) * in_seconds(window.end - window.begin) / seconds;
  Rates rates(seconds, absent);
  rates.add("duration", "s", "time that the window's rates divide by", Better::neither, seconds);
  rates.add_rate("request_throughput", "requests/s", "requests completed in the window / window",
                 static_cast<double>(done.requests));
  rates.add_rate("input_throughput", "tokens/s",
                 "prompt tokens of requests whose first token is in the window / window", input);
  rates.add_rate("output_throughput", "tokens/s", "output tokens visible in the window / window",
                 output);
  rates.add_rate("total_throughput", "tokens/s", "input + output throughput", input + output);
  add_per_gpu(rates, done, gpus);
  rates.add("concurrency_mean", "requests", "open requests, mean over the window's time",
            Better::neither, open);
  std::vector<ScalarMetric> metrics = rates.take();
  metrics.push_back(tps_user_sys(output / seconds, open, absent));
  return metrics;
}

}  // namespace inferbench
