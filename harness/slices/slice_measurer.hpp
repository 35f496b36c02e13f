#pragma once

#include <optional>
#include <span>
#include <string>

#include "harness/slices/slice_step.hpp"

namespace inferbench {

// What the kernels of a slice's step took, of one layer of each kind; without collectives.
struct SliceTimes {
  BlockTimes blocks;  // medians over runs
  double spread = 0;  // of a step's kernels over runs: between their quartiles, by the median
  int runs = 0;
};

// Something that computes a slice and times it: this host's CPU, or a GPU.
class SliceMeasurer {
 public:
  virtual ~SliceMeasurer() = default;

  // The steps that will be asked for, before the first: their sizes decide what is set up.
  virtual void prepare(std::span<const SliceStep> steps) = 0;
  // What measuring one will take, setting up left out; and setting up for a (tp, ep).
  virtual Seconds estimate(const SliceStep& step) const = 0;
  virtual Seconds setup_estimate(const SliceStep& step) const = 0;
  // Why a step cannot be measured here; nothing where it can.
  virtual std::optional<std::string> why_not(const SliceStep& step) const = 0;
  // Cheapest when steps of one (tp, ep) follow each other.
  virtual SliceTimes measure(const SliceStep& step) = 0;
};

}  // namespace inferbench
