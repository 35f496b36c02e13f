// How many requests per second the harness itself can handle: source, system and record, with a
// system that costs nothing, and with the real engine around a step that costs nothing.

#include <ctime>
#include <memory>

#include "harness/base/text_table.hpp"
#include "harness/execute/fixed_cost_executor.hpp"
#include "harness/replay/engine.hpp"
#include "harness/schedule/registry.hpp"
#include "harness/selftest/groups.hpp"
#include "harness/selftest/simple_systems.hpp"

namespace inferbench {
namespace {

constexpr std::int64_t kBatch = 64;

// CPU time of this thread: other work on the machine does not count.
double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

// Sums what every record says, so that none can be left out unseen.
class Tally final : public RecordSink {
 public:
  void accept(RequestRecord record) override {
    ++records_;
    ids_ += record.id.index();
    const bool whole = record.outcome == Outcome::completed && record.token_times.size() == 1;
    whole_ += whole ? 1 : 0;
  }
  // Ids 0 .. n-1, each once, complete.
  bool saw_all(std::int64_t n) const {
    const auto count = static_cast<std::uint64_t>(n);
    return records_ == count && whole_ == count && ids_ == count * (count - 1) / 2;
  }

 private:
  std::uint64_t records_ = 0, whole_ = 0, ids_ = 0;
};

SelfCheck accounted(const std::string& name, std::int64_t requests, const Tally& tally) {
  SelfCheck check{.name = name};
  check.expected = "each request ends once";
  check.found = tally.saw_all(requests) ? check.expected : "some are lost or doubled";
  check.outcome = tally.saw_all(requests) ? SelfCheckOutcome::pass : SelfCheckOutcome::fail;
  return check;
}

SelfCheck ceiling(const std::string& name, std::int64_t requests, double seconds) {
  SelfCheck check{.name = name, .unit = "requests/s"};
  const double rate = static_cast<double>(requests) / std::max(seconds, 1e-9);
  check.expected = "at least 2,000,000";
  check.found = with_commas(static_cast<long long>(rate));
  check.expected_value = 2e6, check.found_value = rate;
  check.outcome = SelfCheckOutcome::figure;
  return check;
}

std::vector<Time> evenly_spaced(std::int64_t requests) {
  std::vector<Time> times;
  times.reserve(static_cast<std::size_t>(requests));
  for (std::int64_t i = 0; i < requests; ++i) times.emplace_back(Duration(1000 * i));
  return times;
}

std::vector<SelfCheck> measure(const std::string& name, SystemUnderTest& system,
                               std::int64_t requests) {
  TimedSource source(evenly_spaced(requests));
  Tally tally;
  const double begin = cpu_seconds();
  system.serve(source, tally);
  const double seconds = cpu_seconds() - begin;
  return {accounted(name + ": " + with_commas(requests) + " requests", requests, tally),
          ceiling(name + ": ceiling on one core", requests, seconds)};
}

}  // namespace

std::vector<SelfCheck> null_system_checks(const SelfTestOptions& options) {
  NullSystem null;
  std::vector<SelfCheck> checks = measure("null system", null, options.null_requests);

  SchedulerOptions limits;
  limits.max_batch = kBatch;
  limits.kv_blocks = 4 * kBatch;
  const auto scheduler = make_scheduler("in_flight", limits);
  // As long as a batch takes to arrive: steps are full and no queue grows.
  FixedCostExecutor executor(Duration(1000 * kBatch / 2));
  SimulatedClock clock;
  Engine engine(*scheduler, executor, clock);
  for (SelfCheck& check :
       measure("engine, free steps of 32 requests", engine, options.null_requests / 2)) {
    checks.push_back(std::move(check));
  }
  return checks;
}

}  // namespace inferbench
