#include "bench/cli/compare_model.hpp"

#include <filesystem>
#include <utility>

#include "bench/cli/op_table_file.hpp"
#include "harness/base/error.hpp"
#include "harness/calibrate/machine_rates.hpp"
#include "harness/metrics/summarize.hpp"
#include "harness/predicted/predicted_system.hpp"
#include "harness/replay/record_sinks.hpp"
#include "workloads/load.hpp"

namespace inferbench {
namespace {

constexpr Duration kProbeBudget{2'000'000'000};

std::string kv_format_of(const CpuSetup& setup) {
  return kv_formats()[static_cast<std::size_t>(setup.kv)];
}

// Ranks share the machine evenly.
std::shared_ptr<const OpTimer> probed(const CpuSetup& setup) {
  TeamStopwatch stopwatch(setup.threads);
  MachineRates rates = machine_rates({setup.weights->name}, setup.need.weights.count(),
                                     setup.threads, kProbeBudget, stopwatch, SamplerOptions{});
  const auto ranks = static_cast<double>(setup.ranks());
  rates.memory /= ranks;
  for (auto& [format, rate] : rates.arithmetic) rate /= ranks;
  return std::make_shared<RoofTimer>(std::move(rates));
}

BatchPlan small_step() {
  BatchPlan plan;
  plan.items = {{.request = RequestId{0}, .new_tokens = Tokens(8), .emits = true},
                {.request = RequestId{1},
                 .context = Tokens(8),
                 .new_tokens = Tokens(1),
                 .decode = true,
                 .emits = true}};
  return plan;
}

}  // namespace

ComparedModel::ComparedModel(const ReplayArguments& given, const CpuSetup& setup) {
  if (setup.serving.speculation) {
    throw Error("--compare-model", "with --speculate",
                "which drafts a model accepts is measured, and not predicted",
                "leave one of the two out");
  }
  if (given.cpu.op_table.empty()) {
    basis_ = "roofline of this machine, probed now; nothing fitted";
    timer_ = probed(setup);
  } else {
    OpTable table = read_op_table(given.cpu.op_table);
    const TableOrigin here = origin_here(setup.threads, static_cast<unsigned>(setup.ranks()));
    check_origin(table.origin, here, given.cpu.op_table);
    if (table.origin.commit != here.commit) {
      notes_.emplace_back("the op table was measured by a build of another commit");
    }
    basis_ = "op table " + std::filesystem::path(given.cpu.op_table).filename().string();
    timer_ = std::make_shared<TableTimer>(std::move(table));
  }
  if (setup.sampling.temperature > 0) {
    notes_.emplace_back("sampling is modelled as greedy");
  }
  if (setup.clock == ReplayClockKind::wall) {
    notes_.emplace_back("host time is modelled as on the simulated clock, between steps included");
  }
  static_cast<void>(predictor(setup).step(small_step()));  // every op has an answer
}

StepPredictor ComparedModel::predictor(const CpuSetup& setup) const {
  return {setup.shape, setup.weights->name, kv_format_of(setup), setup.kernels,
          timer_,      setup.ranks()};
}

ModelComparison ComparedModel::compare(const ReplayArguments& given, const CpuSetup& setup,
                                       const SchedulerOptions& limits,
                                       std::span<const ExecutedStep> log,
                                       const Summary& measured) const {
  ModelComparison comparison;
  comparison.basis = basis_;
  comparison.notes = notes_;
  comparison.steps = step_residuals(log, predictor(setup));
  const auto source = open_source(given.workload.spec, given.workload.options);
  PredictedSystem system(setup.serving, limits, predictor(setup));
  RecordList list;
  system.serve(*source, list);
  const Summary modelled =
      summarize(list.take_by_id(), given.summary({}, source->info().concurrency));
  comparison.metrics = metric_residuals(measured, modelled);
  comparison.answered = system.answered();
  return comparison;
}

}  // namespace inferbench
