#include "bench/cli/sweep_slices.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>
#include <tuple>

#include "harness/base/error.hpp"
#include "harness/base/text_table.hpp"
#include "harness/calibrate/machine_rates.hpp"
#include "harness/execute/transformer/kv_store.hpp"
#include "harness/measured/cpu_setup.hpp"
#include "harness/micro/bound_case.hpp"
#include "harness/slices/cpu_slice_measurer.hpp"
#include "harness/slices/slices_method.hpp"
#include "harness/sweep/run_sweep.hpp"

namespace inferbench {
namespace {

using Json = nlohmann::ordered_json;

// A chunk of each kind of step: decodes almost alone, both, a prompt almost alone.
const std::vector<std::int64_t> kSliceChunks = {128, 512, 2048};
constexpr Duration kSliceProbes = std::chrono::seconds(2);
constexpr double kOfProbes = 0.6;  // what steps reach of the probed rates, about

void check_slice_options(const SweepOptions& options, const CostProfile& profile) {
  const SliceSweepOptions& slices = options.slices;
  if (slices.system != "cpu") throw unknown_name("--system", "system", slices.system, {"cpu"});
  if (!(slices.budget > 0)) {
    throw Error("--budget", significant(slices.budget), "expected seconds above 0", "e.g. 600");
  }
  if (slices.layers < 0) {
    throw Error("--slice-layers", std::to_string(slices.layers),
                "so many layers of each kind are executed",
                "1 or more; 0 for as many as no cache holds");
  }
  if (profile.is_claims()) {
    throw Error("--profile", profile.name + " is of the claims formulation",
                "slices are composed op by op", "use --profile default");
  }
}

std::unique_ptr<SliceMeasurer> measurer_of(const SweepOptions& options, const SweepSystem& system,
                                           unsigned threads) {
  const SliceSweepOptions& given = options.slices;
  CpuSliceOptions slices;
  slices.model = system.model;
  slices.weights = &decoder_format(given.weights);
  slices.kv = kv_store_type(given.kv);
  slices.threads = threads;
  slices.layers = given.layers;
  slices.last_cache = Bytes(last_cache_bytes());
  slices.available = available_memory();
  static_cast<void>(decoder_shape(system.model));  // refused before probes are taken
  TeamStopwatch stopwatch(threads);
  const MachineRates rates =
      machine_rates({given.weights}, 0, threads, kSliceProbes, stopwatch, SamplerOptions{});
  slices.arithmetic = FlopsPerSecond(kOfProbes * 1e9 * rates.arithmetic.at(given.weights));
  slices.reads = BytesPerSecond(kOfProbes * 1e9 * rates.memory);
  return std::make_unique<CpuSliceMeasurer>(std::move(slices));
}

std::string number_of(std::size_t n) {
  return with_commas(static_cast<long long>(n));
}

std::string workload_text(const SliceWorkload& work, std::size_t tasks, double budget) {
  return number_of(work.points) + " of " + number_of(tasks) + " points fit and are composed of " +
         number_of(work.distinct.size()) + " distinct slices" +
         (work.missing > 0 ? ", " + number_of(work.missing) + " more do not fit this host" : "") +
         "; about " + human_seconds(work.estimate.count()) + " to measure (--budget " +
         significant(budget) + " s)";
}

void check_budget(const SliceWorkload& work, double budget) {
  if (work.estimate.count() <= budget) return;
  throw Error("--budget", significant(budget) + " s",
              "measuring " + number_of(work.distinct.size()) + " slices takes about " +
                  human_seconds(work.estimate.count()),
              "fewer --chunks or configurations (--max-tp, --max-ep), a narrower --weights, or "
              "--budget " +
                  significant(2 * work.estimate.count(), 2));
}

// One (tp, ep) after the other, whose weights are then packed once.
void order_by_cut(std::vector<SweepTask>& tasks) {
  std::stable_sort(tasks.begin(), tasks.end(), [](const SweepTask& a, const SweepTask& b) {
    return std::tuple(a.parallel.tp, a.parallel.ep) < std::tuple(b.parallel.tp, b.parallel.ep);
  });
}

Json slices_json(const SliceSweepOptions& slices, unsigned threads) {
  return {{"system", slices.system},
          {"weights", slices.weights},
          {"kv", slices.kv},
          {"threads", threads},
          {"layers", slices.layers}};
}

}  // namespace

void add_slices_sweep_options(CLI::App& verb, SweepOptions& options) {
  SliceSweepOptions& slices = options.slices;
  const auto add = [&](const char* name, auto& value, const char* help) {
    verb.add_option(name, value, help)->group(kSlicesGroup)->capture_default_str();
  };
  add("--system", slices.system, "what executes the slices: cpu, this host");
  add("--weights", slices.weights, "format of linear layers: bf16, w8a8, w4a8-g128, ...");
  add("--kv-format", slices.kv, "of keys and values: bf16, int8, ...");
  add("--slice-layers", slices.layers,
      "layers of each kind to execute; 0: as many as the last cache does not hold, up to 8");
  add("--budget", slices.budget, "refuse to start where measuring takes more seconds");
}

SweepPlan plan_slices(const SweepOptions& options) {
  SweepPlan plan;
  plan.system = sweep_system(options);
  const SweepSystem& s = plan.system;
  check_slice_options(options, s.profile);
  const auto configs = sweep_configs(options, s);
  refuse_idle_changes(options, s.model, configs);
  SweepOptions chunked = options;
  if (chunked.chunks.empty()) chunked.chunks = kSliceChunks;
  const auto chunks = sweep_chunks(chunked);
  plan.tasks = sweep_tasks(configs, chunks);
  order_by_cut(plan.tasks);
  const Traffic traffic{.isl = Tokens(options.isl), .osl = Tokens(options.osl)};
  const unsigned threads = thread_count(options.threads);
  auto method = std::make_unique<SlicesMethod>(s, traffic, measurer_of(options, s, threads));
  const SliceWorkload work = method->prepare(plan.tasks);
  const std::string measuring = workload_text(work, plan.tasks.size(), options.slices.budget);
  check_budget(work, options.slices.budget);
  std::cerr << "note: " << measuring << "\n";
  plan.threads = 1;  // all cores measure one slice
  plan.label = Method::emulated;
  plan.about = {s.model.name + " on " + std::to_string(*options.system.gpus) + " " + s.gpu.name +
                    " that compute as fast as this host, " + with_commas(options.isl) +
                    " tokens in, " + with_commas(options.osl) + " out",
                "emulated: kernels of rank slices measured here (" + options.slices.weights +
                    " weights, " + options.slices.kv + " KV, " + std::to_string(threads) +
                    (threads == 1 ? " thread" : " threads") +
                    "), collectives modelled, cost profile " + s.profile.name + "; no queueing",
                measuring};
  Json configuration = sweep_configuration(options, s, configs, chunks);
  configuration["isl_tokens"] = options.isl;
  configuration["osl_tokens"] = options.osl;
  configuration["slices"] = slices_json(options.slices, threads);
  plan.configuration = std::make_shared<Json>(std::move(configuration));
  const MeasuredSlices& slices = method->slices();
  plan.add_findings = [&slices, work](Json& findings) {
    findings["slices"] = {{"points", work.points},
                          {"points_not_measurable", work.missing},
                          {"distinct", work.distinct.size()},
                          {"measured", slices.measured()},
                          {"estimate_s", work.estimate.count()},
                          {"widest_spread", slices.widest_spread()}};
  };
  plan.closing = [&slices] {
    return "Slices: " + number_of(slices.measured()) +
           " measured; quartiles of the runs of one are up to " +
           fixed(100 * slices.widest_spread(), 1) + " % apart.\n";
  };
  plan.method = std::move(method);
  return plan;
}

}  // namespace inferbench
