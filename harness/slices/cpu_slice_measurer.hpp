#pragma once

#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "harness/catalog/model_spec.hpp"
#include "harness/execute/cpu/step_batch.hpp"
#include "harness/execute/transformer/memory_need.hpp"
#include "harness/slices/even_visits.hpp"
#include "harness/slices/slice_blocks.hpp"
#include "harness/slices/slice_measurer.hpp"
#include "harness/slices/slice_model.hpp"
#include "kernels/sampling/sampling.hpp"

namespace inferbench {

// How slices are computed on this host, and what it is known to reach, for estimates.
struct CpuSliceOptions {
  ModelSpec model;
  const GemmFormat* weights = nullptr;
  KvType kv = KvType::bf16;
  unsigned threads = 1;
  std::int64_t layers = 1;  // of each kind; 0: as many as the last cache does not hold, up to 8
  Bytes last_cache{};
  std::uint64_t seed = 1;  // of weights
  FlopsPerSecond arithmetic{1e11};
  BytesPerSecond reads{1e10};
  Bytes available{};  // memory; 0: not judged
};

// Slices as decoders of a few layers with weights nobody trained, run on the CPU: one run to warm
// up, then at least three, for a quarter of a second.
class CpuSliceMeasurer final : public SliceMeasurer {
 public:
  // Throws Error for a model that is not executed.
  explicit CpuSliceMeasurer(CpuSliceOptions options);
  ~CpuSliceMeasurer() override;

  void prepare(std::span<const SliceStep> steps) override;
  Seconds estimate(const SliceStep& step) const override;
  Seconds setup_estimate(const SliceStep& step) const override;
  std::optional<std::string> why_not(const SliceStep& step) const override;
  SliceTimes measure(const SliceStep& step) override;

 private:
  using Cut = std::pair<std::int64_t, std::int64_t>;  // (tp, ep)
  struct Room {
    std::int64_t kv_blocks = 1;
  };
  struct Rig;

  Slice slice_of(const SliceStep& step) const;
  void assemble(const SliceStep& step);
  BlockTimes run(const SliceStep& step);

  CpuSliceOptions options_;
  DecoderShape whole_;
  ThreadTeam team_;
  Sampler sampler_;
  std::map<Cut, Room> rooms_;
  std::unique_ptr<Rig> rig_;  // of the (tp, ep) measured last
};

}  // namespace inferbench
