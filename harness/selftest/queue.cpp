// Queues whose waits are known, served by the real Engine and Fleet: an executor that works on one
// request at a time makes a replica a server.

#include <cmath>
#include <memory>

#include "harness/base/text_table.hpp"
#include "harness/replay/engine.hpp"
#include "harness/replay/fleet.hpp"
#include "harness/replay/record_sinks.hpp"
#include "harness/schedule/registry.hpp"
#include "harness/selftest/groups.hpp"
#include "harness/selftest/queue_formulas.hpp"
#include "harness/selftest/simple_systems.hpp"
#include "harness/stats/student_t.hpp"

namespace inferbench {
namespace {

constexpr Duration kService{1'000'000};
// High, because five of them must hold at once whatever the seed: one run in 2,000 fails by chance.
constexpr double kCheckConfidence = 0.9999;
constexpr int kBatches = 32;
constexpr double kWarmUp = 0.1;  // the queue starts empty
constexpr double kWidest = 0.1;  // an interval wider than this share of the answer says nothing

double ms(Duration duration) {
  return static_cast<double>(duration.count()) / 1e6;
}

SchedulerOptions one_at_a_time() {
  SchedulerOptions options;
  options.max_batch = 1;
  options.step_tokens = Tokens(1);
  options.kv_blocks = 4;
  return options;
}

using Service = std::function<Duration(RequestId)>;

Service exponential_service(const SelfTestOptions& options, const std::string& name) {
  const RandomStream stream(options.seed, "selftest service " + name);
  return [stream](RequestId id) {
    return Duration(
        std::llround(stream.at(id.value).exponential(static_cast<double>(kService.count()))));
  };
}

TimedSource customers(const SelfTestOptions& options, const std::string& name, double rate) {
  return TimedSource(
      poisson_times(RandomStream(options.seed, "selftest arrivals " + name), options.customers,
                    Duration(std::llround(static_cast<double>(kService.count()) / rate))));
}

// In order of arrival, the start of the run left out.
std::vector<RequestRecord> settled(RecordList& list) {
  std::vector<RequestRecord> records = list.take_by_id();
  const auto skip = static_cast<std::ptrdiff_t>(kWarmUp * static_cast<double>(records.size()));
  records.erase(records.begin(), records.begin() + skip);
  return records;
}

std::vector<RequestRecord> single_server(const SelfTestOptions& options, const std::string& name,
                                         double load, const Service& service) {
  const auto scheduler = make_scheduler("in_flight", one_at_a_time());
  ServiceExecutor executor(service);
  SimulatedClock clock;
  Engine engine(*scheduler, executor, clock);
  TimedSource source = customers(options, name, load);
  RecordList list;
  engine.serve(source, list);
  return settled(list);
}

// One queue before all servers: the client holds back what no server is free for, and the router
// finds the free one.
std::vector<RequestRecord> many_servers(const SelfTestOptions& options, const std::string& name,
                                        std::int64_t servers, double load, const Service& service) {
  ServiceExecutor executor(service);
  std::vector<std::unique_ptr<Scheduler>> schedulers;
  std::vector<FleetMember> members;
  for (std::int64_t s = 0; s < servers; ++s) {
    schedulers.push_back(make_scheduler("in_flight", one_at_a_time()));
    members.push_back({.scheduler = schedulers.back().get(), .executor = &executor});
  }
  const auto router = make_router("least_loaded");
  SimulatedClock clock;
  Fleet fleet(members, *router, clock);
  TimedSource arrivals = customers(options, name, load * static_cast<double>(servers));
  ConnectionLimit source(arrivals, servers);
  RecordList list;
  fleet.serve(source, list);
  return settled(list);
}

SelfCheck interval_check(const std::string& name, const std::string& unit, double expected,
                         const std::vector<double>& samples) {
  SelfCheck check{.name = name, .unit = unit};
  check.expected = significant(expected, 4);
  check.expected_value = expected;
  check.confidence = kCheckConfidence;
  const auto interval = batch_means(samples, kBatches, kCheckConfidence);
  if (!interval) {
    check.found = "too few customers";
    return check;
  }
  check.found_value = interval->mean, check.half_width = interval->half_width;
  check.found = significant(interval->mean, 4) + " +- " + significant(interval->half_width, 2);
  const bool sharp = interval->half_width <= kWidest * expected;
  if (!sharp) check.found += ", too wide to tell";
  check.outcome =
      interval->contains(expected) && sharp ? SelfCheckOutcome::pass : SelfCheckOutcome::fail;
  return check;
}

SelfCheck mean_wait(const std::string& name, double expected_services,
                    const std::vector<RequestRecord>& records) {
  std::vector<double> waits;
  waits.reserve(records.size());
  for (const RequestRecord& record : records) {
    waits.push_back(ms(*record.admitted - record.scheduled));
  }
  return interval_check(name, "ms", expected_services * ms(kService), waits);
}

// A quantile is right when the share beyond it is.
SelfCheck share_beyond(const std::string& name, double limit_ms, double expected,
                       const std::vector<RequestRecord>& records) {
  std::vector<double> beyond;
  beyond.reserve(records.size());
  for (const RequestRecord& record : records) {
    beyond.push_back(ms(record.ended - record.scheduled) > limit_ms ? 1.0 : 0.0);
  }
  return interval_check(name, "", expected, beyond);
}

}  // namespace

std::vector<SelfCheck> queue_checks(const SelfTestOptions& options) {
  std::vector<SelfCheck> checks;
  {
    constexpr double kLoad = 0.7;
    const auto records =
        single_server(options, "M/M/1", kLoad, exponential_service(options, "M/M/1"));
    checks.push_back(
        mean_wait("M/M/1, load 0.7: mean wait", pollaczek_khinchine_wait(kLoad, 1), records));
    const double p90 = mm1_sojourn_quantile(kLoad, 0.9) * ms(kService);
    checks.push_back(share_beyond(
        "M/M/1, load 0.7: share beyond the p90 of " + significant(p90, 4) + " ms in the system",
        p90, 0.1, records));
  }
  {
    constexpr double kLoad = 0.8;
    const auto records = single_server(options, "M/D/1", kLoad, [](RequestId) { return kService; });
    checks.push_back(
        mean_wait("M/D/1, load 0.8: mean wait", pollaczek_khinchine_wait(kLoad, 0), records));
  }
  {
    constexpr double kLoad = 0.8;
    constexpr std::int64_t kServers = 4;
    const auto records =
        many_servers(options, "M/M/4", kServers, kLoad, exponential_service(options, "M/M/4"));
    checks.push_back(mean_wait("M/M/4, load 0.8: mean wait", mmc_wait(kServers, kLoad), records));
    std::vector<double> waited;
    waited.reserve(records.size());
    for (const RequestRecord& record : records) {
      waited.push_back(*record.admitted > record.scheduled ? 1.0 : 0.0);
    }
    checks.push_back(interval_check("M/M/4, load 0.8: share that waits (Erlang C)", "",
                                    erlang_c(kServers, kLoad), waited));
  }
  return checks;
}

}  // namespace inferbench
