// Rows about fleets of replicas: routers, failures, drains and autoscaling, replayed on a modelled
// deployment.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "harness/claims/measures/measures.hpp"
#include "harness/claims/measures/served.hpp"
#include "harness/replay/deployed_system.hpp"
#include "harness/replay/fleet_events.hpp"

namespace inferbench::claims {
namespace {

double ms(Duration duration) {
  return seconds(duration).count() * 1e3;
}

// When requests open at once first exceeded `most`; kNever: they did not.
Time overloaded_at(const std::vector<RequestRecord>& records, double most) {
  std::vector<std::pair<Time, int>> changes;
  for (const RequestRecord& record : records) {
    changes.emplace_back(record.issued, +1);
    changes.emplace_back(record.ended, -1);
  }
  std::sort(changes.begin(), changes.end());  // at one instant, ends before arrivals
  double open = 0;
  for (const auto& [time, change] : changes) {
    open += change;
    if (open > most) return time;
  }
  return kNever;
}

// Requests issued after `at` that ended at `replica`, and those issued before that ended after it.
std::pair<double, double> at_replica(const std::vector<RequestRecord>& records, Time at,
                                     std::int64_t replica) {
  double later = 0, earlier = 0;
  for (const RequestRecord& record : records) {
    if (record.replica != replica || record.ended <= at) continue;
    (record.issued > at ? later : earlier) += 1;
  }
  return {later, earlier};
}

// Requests with exactly one record that says how they ended and why.
double accounted(const std::vector<RequestRecord>& records) {
  double sound = 0;
  for (std::size_t i = 0; i < records.size(); ++i) {
    const RequestRecord& record = records[i];
    const bool own = record.id == RequestId(static_cast<std::uint64_t>(i));
    const bool reasoned = (record.outcome == Outcome::completed) == (record.reason == Reason::none);
    sound += own && reasoned && record.outcome != Outcome::unfinished ? 1 : 0;
  }
  return sound;
}

}  // namespace

// The same requests ("draw_requests" of every seed 1.."seeds", at "rate") on one deployment of
// replicas under every router of "routers": mean E2E, 99th percentile of TTFT, when the last answer
// ended, by seed; and each over the first router's.
Numbers routers(const JsonObject& inputs, const World& world) {
  const Deployment fleet = deployment(inputs, world);
  const CostProfile profile = world.profile(inputs.text("profile", "default"));
  ServingOptions options;
  options.max_batch = inputs.integer("max_batch", 256);
  const std::int64_t seeds = inputs.integer("seeds", 1);
  if (seeds < 1) inputs.refuse("seeds", "is below 1", "expected at least one draw");
  const double rate = inputs.number("rate");
  Numbers out;
  std::vector<double> first_e2e, first_ttft;
  for (const std::string& router : inputs.texts("routers")) {
    options.router = router;
    std::vector<double> e2e, ttft, end, done;
    for (std::int64_t seed = 1; seed <= seeds; ++seed) {
      options.seed = static_cast<std::uint64_t>(seed);
      DeployedSystem system(fleet, profile, options);
      const auto records = serve(system, draw_requests(inputs, rate, options.seed));
      e2e.push_back(mean_e2e_ms(records));
      ttft.push_back(ttft_percentile_ms(records, 99));
      end.push_back(ended_s(records));
      done.push_back(completed(records));
    }
    if (first_e2e.empty()) first_e2e = e2e, first_ttft = ttft;
    std::vector<double> e2e_ratio, ttft_ratio;
    for (std::size_t i = 0; i < e2e.size(); ++i) {
      e2e_ratio.push_back(e2e[i] / first_e2e[i]);
      ttft_ratio.push_back(ttft[i] / first_ttft[i]);
    }
    out.set(router + "_e2e_ms", e2e);
    out.set(router + "_ttft_p99_ms", ttft);
    out.set(router + "_makespan_s", end);
    out.set(router + "_e2e_ratio", e2e_ratio);
    out.set(router + "_ttft_p99_ratio", ttft_ratio);
    out.set(router + "_completed", done);
  }
  return out;
}

// Requests on a fleet to which "events" (docs/fleet.md) happen: how many ended, in how many
// outcomes with a reason, what was rerouted. For the first event, which must name a replica: what
// ended there afterwards although it came later, or because it was open ("left_behind").
Numbers fleet_events(const JsonObject& inputs, const World& world) {
  ServingOptions options;
  for (const std::string& text : inputs.texts("events")) {
    options.fleet.events.push_back(parse_fleet_event(text, inputs.place() + ": \"events\""));
  }
  if (options.fleet.events.empty()) inputs.refuse("events", "is empty", "expected at least one");
  if (inputs.text("on_failure", "reroute") == "fail") options.fleet.on_failure = OnFailure::fail;
  const Deployment fleet = deployment(inputs, world);
  const CostProfile profile = world.profile(inputs.text("profile", "default"));
  DeployedSystem system(fleet, profile, options);
  const auto requests = draw_requests(inputs, inputs.number("rate"), 1);
  const auto records = serve(system, requests);
  const FleetEvent& first = options.fleet.events.front();
  const auto [later, earlier] = at_replica(records, first.at, first.replica);
  double tokens = 0, asked = 0, failed = 0, open = 0;
  for (const RequestRecord& record : records) {
    tokens += static_cast<double>(record.token_times.size());
    asked += static_cast<double>(record.output.count());
    failed += record.outcome == Outcome::failed ? 1 : 0;
    open += record.issued <= first.at && record.ended > first.at ? 1 : 0;
  }
  Numbers out;
  out.set("requests", static_cast<double>(requests.size()));
  out.set("accounted", accounted(records));
  out.set("completed", completed(records));
  out.set("failed", failed);
  out.set("rerouted", static_cast<double>(system.activity().rerouted));
  out.set("tokens_asked", asked);
  out.set("tokens_visible", tokens);
  out.set("open_at_event", open);
  out.set("came_later_ended_there", later);
  out.set("open_ended_there", earlier);
  return out;
}

// A fleet with an autoscaler ("autoscale", docs/fleet.md) and requests at a steady "rate" that
// becomes "burst_rate" after "burst_s" seconds, both without jitter: from the moment more requests
// were open per replica than "up" allows until another replica admitted its first one, and the
// longest that may take: one interval, the start, and the gap to the next arrival, which the new
// replica serves at once.
Numbers scale_up(const JsonObject& inputs, const World& world) {
  ServingOptions options;
  options.fleet.autoscaler =
      parse_autoscaler(inputs.text("autoscale"), inputs.place() + ": \"autoscale\"");
  options.max_batch = inputs.integer("max_batch", 256);
  const AutoscalerOptions& rule = *options.fleet.autoscaler;
  const Deployment fleet = deployment(inputs, world);
  const CostProfile profile = world.profile(inputs.text("profile", "default"));
  std::vector<Request> requests = draw_requests(inputs, 0, 1);
  const std::int64_t initial = fleet.parallel.dp;
  const Duration burst = rounded(Seconds(inputs.number("burst_s")));
  const Duration calm_gap = rounded(Seconds(1 / inputs.number("rate")));
  const Duration burst_gap = rounded(Seconds(1 / inputs.number("burst_rate")));
  Duration at{};
  for (Request& request : requests) {
    request.arrival = Time(at);
    at += at < burst ? calm_gap : burst_gap;
  }
  DeployedSystem system(fleet, profile, options);
  const auto records = serve(system, requests);
  options.fleet.autoscaler.reset();
  DeployedSystem fixed(fleet, profile, options);
  const auto unscaled = serve(fixed, requests);

  Time helped = kNever;
  for (const RequestRecord& record : records) {
    if (record.replica >= initial && record.admitted) helped = std::min(helped, *record.admitted);
  }
  const Time overload = overloaded_at(records, rule.up * static_cast<double>(initial));
  Numbers out;
  out.set("requests", static_cast<double>(requests.size()));
  out.set("completed", completed(records));
  out.set("window_ms", ms(rule.interval + rule.start + burst_gap));
  if (overload == kNever || helped == kNever) {
    out.absent("reaction_ms", "the fleet was not overloaded, or did not grow");
    out.absent("overload_s", "the fleet was not overloaded, or did not grow");
  } else {
    out.set("overload_s", seconds(overload - Time{}).count());
    out.set("reaction_ms", ms(helped - overload));
  }
  out.set("start_ms", ms(rule.start));
  out.set("most_replicas", static_cast<double>(system.activity().most_serving));
  out.set("ttft_p99_ms", ttft_percentile_ms(records, 99));
  out.set("unscaled_ttft_p99_ms", ttft_percentile_ms(unscaled, 99));
  return out;
}

}  // namespace inferbench::claims
