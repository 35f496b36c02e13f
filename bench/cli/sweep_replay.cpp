#include "bench/cli/sweep_replay.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "harness/base/error.hpp"
#include "harness/base/text_table.hpp"
#include "harness/sweep/replay_method.hpp"
#include "harness/sweep/run_sweep.hpp"
#include "harness/sweep/screen.hpp"
#include "results/configuration.hpp"
#include "workloads/load.hpp"

namespace inferbench {
namespace {

using Json = nlohmann::ordered_json;

// Six sizes span the grid; a replay costs far more than a closed form.
const std::vector<std::int64_t> kReplayChunks = {256, 512, 1024, 2048, 4096, 8192};

struct Loads {
  LoadKind kind = LoadKind::as_offered;
  std::vector<double> values = {0};
};

Loads loads_of(const ReplaySweepOptions& replay) {
  if (!replay.rates.empty() && !replay.users.empty()) {
    throw Error("--rates, --users", "both are given", "a load is either open or closed loop",
                "use one of them");
  }
  Loads loads;
  if (!replay.rates.empty()) loads = {LoadKind::rate, replay.rates};
  if (!replay.users.empty()) {
    loads = {LoadKind::users, {replay.users.begin(), replay.users.end()}};
  }
  if (loads.kind == LoadKind::as_offered) return loads;
  for (const double load : loads.values) {
    if (!(load > 0)) {
      throw Error(loads.kind == LoadKind::rate ? "--rates" : "--users", significant(load),
                  "expected a number above 0");
    }
  }
  return loads;
}

std::string load_text(const Loads& loads) {
  if (loads.kind == LoadKind::as_offered) return "arrivals as the workload has them";
  std::string text = loads.kind == LoadKind::rate ? "requests/s" : "concurrent users";
  for (const double load : loads.values) text += " " + significant(load);
  return text;
}

std::vector<SweepTask> with_loads(const std::vector<SweepTask>& tasks, const Loads& loads) {
  std::vector<SweepTask> all;
  for (const SweepTask& task : tasks) {
    for (const double load : loads.values) {
      all.push_back(task);
      all.back().load = load;
    }
  }
  return all;
}

// Found before the sweep, where it would only say of every point that it does not fit.
void refuse_unknown_draft(const ServingOptions& serving) {
  if (serving.speculation && serving.speculation->method == Speculation::Method::draft_model) {
    find_draft_model(*serving.speculation);
  }
}

std::string policy_text(const ServingOptions& serving) {
  std::string text = serving.scheduler;
  if (serving.speculation) text += ", " + label(*serving.speculation);
  return text;
}

}  // namespace

void add_replay_sweep_options(CLI::App& verb, SweepOptions& options) {
  ReplaySweepOptions& replay = options.replay;
  add_workload_options(verb, replay.workload, false);
  const auto add = [&](const char* name, auto& value, const char* help) {
    return verb.add_option(name, value, help)->group("Replay");
  };
  add("--rates", replay.rates, "loads: requests per second, e.g. 1,2,4")->delimiter(',');
  add("--users", replay.users, "loads: concurrent users in closed loop, e.g. 8,32,128")
      ->delimiter(',');
  add("--slo", replay.slo, "points that miss it stay off the frontier; as in replay --slo");
  add("--max-batch", replay.max_batch, "running requests per attention rank (default 256)");
  add_policy_options(verb, replay.policy, "Replay");
  add_kv_options(verb, replay.kv);
}

namespace {

// A plan of replays, with what they replay for whoever wants to choose among them.
struct ReplayPlan {
  SweepPlan plan;
  ReplaySweep sweep;
};

ReplayPlan plan_replays(const SweepOptions& options,
                        const std::vector<std::int64_t>& default_chunks) {
  const ReplaySweepOptions& replay = options.replay;
  if (replay.workload.spec.empty()) {
    throw Error("--workload", "is missing", "--method " + options.method + " replays one",
                "e.g. --workload sample:chat-burst; `inferbench list workloads` shows all");
  }
  const Loads loads = loads_of(replay);
  SweepPlan plan;
  plan.system = sweep_system(options);
  const SweepSystem& s = plan.system;
  const auto configs = sweep_configs(options, s);
  refuse_idle_changes(options, s.model, configs);
  SweepOptions chunked = options;
  if (chunked.chunks.empty()) chunked.chunks = default_chunks;
  const auto chunks = sweep_chunks(chunked);
  ReplaySweep sweep;
  sweep.workload = std::make_shared<const Workload>(
      load_workload(replay.workload.spec, replay.workload.options));
  sweep.offer = replay.workload.options;
  sweep.load = loads.kind;
  sweep.serving.max_batch = replay.max_batch;
  replay.policy.apply(sweep.serving, replay.workload.options.seed);
  refuse_unknown_draft(sweep.serving);
  sweep.serving.kv =
      kv_serving(replay.kv, sweep.workload->block_tokens, sweep.serving.block_tokens);
  if (!replay.slo.empty()) sweep.slo = parse_slo(replay.slo);
  plan.about = {
      s.model.name + " in " + label(s.precision) + " on " + std::to_string(*options.system.gpus) +
          " " + s.gpu.name + ", " + sweep.workload->name + ", " +
          with_commas(static_cast<long long>(sweep.workload->requests.size())) + " requests",
      "event replay, cost profile " + s.profile.name + "; modelled, with queueing; " +
          load_text(loads),
      "scheduler " + policy_text(sweep.serving)};
  for (const std::string& note : sweep.workload->notes) plan.about.push_back("note: " + note);
  const ServingOptions serving = sweep.serving;
  plan.method = std::make_unique<ReplayMethod>(s, sweep);
  plan.tasks = with_loads(sweep_tasks(configs, chunks), loads);
  Json configuration = sweep_configuration(options, s, configs, chunks);
  configuration["workload"] = workload_options_json(replay.workload.spec, replay.workload.options);
  configuration["load_unit"] = loads.kind == LoadKind::rate    ? "requests_per_s"
                               : loads.kind == LoadKind::users ? "users"
                                                               : "as_offered";
  configuration["loads"] = loads.values;
  configuration["max_batch"] = replay.max_batch;
  configuration["scheduler"] = replay.policy.scheduler;
  configuration.update(policy_json(serving));
  configuration["kv_memory"] = kv_json(replay.kv);
  if (!replay.slo.empty()) configuration["slo"] = replay.slo;
  plan.configuration = std::make_shared<Json>(std::move(configuration));
  return {std::move(plan), std::move(sweep)};
}

}  // namespace

SweepPlan plan_replay(const SweepOptions& options) {
  return plan_replays(options, kReplayChunks).plan;
}

void add_two_stage_options(CLI::App& verb, SweepOptions& options) {
  verb.add_option("--margin", options.replay.margin,
                  "two-stage: tasks whose closed form is worse than another's by more than this "
                  "share are not replayed")
      ->group("Replay")
      ->capture_default_str();
}

SweepPlan plan_two_stage(const SweepOptions& options) {
  auto [plan, sweep] = plan_replays(options, kReplayChunks);
  const double margin = options.replay.margin;
  const auto screened = screen(plan.system, sweep, plan.tasks, margin, options.threads);
  plan.tasks.clear();
  for (const ScreenedTask& task : screened) {
    if (task.verdict == Screened::kept) plan.tasks.push_back(task.task);
  }
  const auto number = [](std::size_t n) { return with_commas(static_cast<long long>(n)); };
  const std::size_t overloaded = count(screened, Screened::overloaded);
  const std::size_t slo = count(screened, Screened::misses_slo);
  const std::size_t dominated = count(screened, Screened::dominated);
  plan.about.push_back("first stage in closed form: " + number(screened.size()) + " tasks, " +
                       number(plan.tasks.size()) + " replayed; left out: " + number(overloaded) +
                       " overloaded, " + number(slo) + " outside the SLO, " + number(dominated) +
                       " dominated, by more than " + significant(100 * margin) + " %");
  Json configuration = *plan.configuration;
  configuration["screening"] = {{"margin", margin},
                                {"tasks", screened.size()},
                                {"overloaded", overloaded},
                                {"misses_slo", slo},
                                {"dominated", dominated}};
  plan.configuration = std::make_shared<Json>(std::move(configuration));
  return std::move(plan);
}

}  // namespace inferbench
