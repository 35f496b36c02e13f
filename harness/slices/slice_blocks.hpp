#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "harness/cost/ops_step.hpp"
#include "harness/execute/transformer/decoder_shape.hpp"
#include "harness/timing/kernel_span.hpp"

namespace inferbench {

// Which of a step's blocks a kernel counts in, and as which kind of work.
struct KernelPlace {
  PartTimes BlockTimes::*block;
  OpPart part;
};

// Of a kernel of the decoder (docs/execution.md names them), `windowed` being its layer's. Kernels
// between ranks have none: alone, a rank has nobody to wait for.
std::optional<KernelPlace> kernel_place(std::string_view kernel, std::int32_t layer, bool windowed);

// Turns the kernels of a slice's steps into the blocks that steps are composed of: means over the
// executed layers of each kind.
class SliceBlocks {
 public:
  // `executed`: the slice's decoder; `layers`: of the whole model.
  SliceBlocks(const DecoderShape& executed, std::int64_t layers);

  // Of one step. Also adds to what each layer took.
  BlockTimes of(std::span<const KernelSpan> kernels);

  // How far single layers lie from the mean of their kind, over all steps so far: 0.02 is 2 %.
  // The largest; 0 where each kind has one layer.
  double layer_spread() const;

 private:
  struct Layer {
    bool sparse = false, windowed = false;
    double seconds = 0;
  };
  void add_norms(double seconds, std::int64_t count, BlockTimes& blocks) const;

  std::map<std::int32_t, Layer> layers_;  // executed, by number in the model
  double all_ = 0, dense_ = 0, sparse_ = 0, full_ = 0, windowed_ = 0;  // how many
  double norms_of_layer_ = 2;  // between blocks; the last one of a model stands in the head
};

}  // namespace inferbench
