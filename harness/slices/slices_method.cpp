#include "harness/slices/slices_method.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "harness/slices/slice_composition.hpp"

namespace inferbench {
namespace {

// Notes what would be measured.
class AskedSlices final : public BlockTimer {
 public:
  BlockTimes blocks(const OpsFormulation& formulation, const RankLoad& load,
                    double all_tokens) const override {
    const SliceSteps steps = slice_steps(formulation, load, all_tokens);
    steps_ = {steps.linear};
    if (steps.attention != steps.linear) steps_.push_back(steps.attention);
    return block_times(formulation, load, all_tokens);
  }
  const std::vector<SliceStep>& steps() const { return steps_; }

 private:
  mutable std::vector<SliceStep> steps_;
};

SweepSystem with_links_alone(SweepSystem system) {
  auto& parameters = std::get<OpsParameters>(system.profile.parameters);
  parameters = links_alone(parameters);
  return system;
}

// Nothing was measured.
SweepPoint without_numbers(SweepPoint point) {
  point.tps_user = point.tps_gpu = 0;
  point.ttft = point.tpot = point.stage = Seconds(0);
  point.measured_share.reset();
  return point;
}

}  // namespace

MeasuredSlices::MeasuredSlices(std::unique_ptr<SliceMeasurer> measurer)
    : measurer_(std::move(measurer)) {}

const SliceTimes& MeasuredSlices::times(const SliceStep& step) const {
  const std::lock_guard lock(mutex_);
  const auto found = known_.find(step);
  if (found != known_.end()) return found->second;
  return known_.emplace(step, measurer_->measure(step)).first->second;
}

BlockTimes MeasuredSlices::blocks(const OpsFormulation& formulation, const RankLoad& load,
                                  double all_tokens) const {
  const SliceSteps steps = slice_steps(formulation, load, all_tokens);
  BlockTimes measured = times(steps.linear).blocks;
  if (steps.attention != steps.linear) {
    const BlockTimes& attention = times(steps.attention).blocks;
    measured.full_attention = attention.full_attention;
    measured.windowed_attention = attention.windowed_attention;
  }
  return with_collectives(measured, block_times(formulation, load, all_tokens));
}

double MeasuredSlices::widest_spread() const {
  double widest = 0;
  for (const auto& [step, times] : known_) widest = std::max(widest, times.spread);
  return widest;
}

SlicesMethod::SlicesMethod(SweepSystem system, Traffic traffic,
                           std::unique_ptr<SliceMeasurer> measurer)
    : system_(with_links_alone(std::move(system))),
      traffic_(traffic),
      slices_(std::make_shared<MeasuredSlices>(std::move(measurer))),
      measured_(std::make_unique<SteadyMethod>(system_, traffic, std::nullopt, slices_)) {}

SlicesMethod::Asked SlicesMethod::ask(const SweepTask& task) const {
  const auto timer = std::make_shared<AskedSlices>();
  Asked asked;
  asked.point = SteadyMethod(system_, traffic_, std::nullopt, timer).evaluate(task);
  asked.steps = timer->steps();
  if (!asked.point.fits) return asked;
  for (const SliceStep& step : asked.steps) {
    const auto why = slices_->measurer().why_not(step);
    if (!why) continue;
    asked.why_not = "not measured: " + *why;
    break;
  }
  return asked;
}

SliceWorkload SlicesMethod::prepare(std::span<const SweepTask> tasks) {
  SliceWorkload workload;
  std::set<SliceStep> distinct;
  for (const SweepTask& task : tasks) {
    const Asked asked = ask(task);
    if (!asked.point.fits) continue;
    if (!asked.why_not.empty()) {
      ++workload.missing;
      continue;
    }
    ++workload.points;
    distinct.insert(asked.steps.begin(), asked.steps.end());
  }
  workload.distinct.assign(distinct.begin(), distinct.end());
  SliceMeasurer& measurer = slices_->measurer();
  measurer.prepare(workload.distinct);
  const SliceStep* before = nullptr;
  for (const SliceStep& step : workload.distinct) {  // ordered by (tp, ep)
    workload.estimate += measurer.estimate(step);
    const bool same_cut = before != nullptr && before->tp == step.tp && before->ep == step.ep;
    if (!same_cut) workload.estimate += measurer.setup_estimate(step);
    before = &step;
  }
  return workload;
}

SweepPoint SlicesMethod::evaluate(const SweepTask& task) const {
  Asked asked = ask(task);
  if (!asked.point.fits) return without_numbers(std::move(asked.point));
  if (!asked.why_not.empty()) {
    asked.point.fits = false;
    asked.point.why_not = asked.why_not;
    return without_numbers(std::move(asked.point));
  }
  return measured_->evaluate(task);
}

}  // namespace inferbench
