#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "harness/slices/slice_measurer.hpp"
#include "harness/sweep/block_timer.hpp"
#include "harness/sweep/steady.hpp"

namespace inferbench {

// Slices measured so far, each once. Safe to use from several threads, which measure in turns.
class MeasuredSlices final : public BlockTimer {
 public:
  explicit MeasuredSlices(std::unique_ptr<SliceMeasurer> measurer);

  BlockTimes blocks(const OpsFormulation& formulation, const RankLoad& load,
                    double all_tokens) const override;

  SliceMeasurer& measurer() { return *measurer_; }
  std::size_t measured() const { return known_.size(); }
  double widest_spread() const;  // of the measured steps, the largest

 private:
  const SliceTimes& times(const SliceStep& step) const;

  std::unique_ptr<SliceMeasurer> measurer_;
  mutable std::mutex mutex_;
  mutable std::map<SliceStep, SliceTimes> known_;
};

// What a sweep of slices will measure.
struct SliceWorkload {
  std::size_t points = 0;   // that fit the GPU and can be measured here
  std::size_t missing = 0;  // that fit the GPU and cannot
  std::vector<SliceStep> distinct;
  Seconds estimate{};
};

// Steady in-flight batching with the compute of each step measured on slices and its collectives
// modelled: SteadyMethod's formulas on blocks that were measured. Decodes per step are whole.
//
// A point that does not fit the GPU is not measured and has no numbers; one whose slice does not
// fit this host says so.
class SlicesMethod final : public SweepMethod {
 public:
  // Of `system`'s profile the links count.
  SlicesMethod(SweepSystem system, Traffic traffic, std::unique_ptr<SliceMeasurer> measurer);

  // What `tasks` ask for; to be called once, before the first evaluate().
  SliceWorkload prepare(std::span<const SweepTask> tasks);

  std::string name() const override { return "slices"; }
  SweepPoint evaluate(const SweepTask& task) const override;
  const MeasuredSlices& slices() const { return *slices_; }

 private:
  struct Asked {
    SweepPoint point;  // with modelled times
    std::vector<SliceStep> steps;
    std::string why_not;  // measured
  };
  Asked ask(const SweepTask& task) const;

  SweepSystem system_;
  Traffic traffic_;
  std::shared_ptr<MeasuredSlices> slices_;
  std::unique_ptr<SteadyMethod> measured_;
};

}  // namespace inferbench
