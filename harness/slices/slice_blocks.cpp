#include "harness/slices/slice_blocks.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

#include "harness/base/error.hpp"
#include "harness/base/real.hpp"

namespace inferbench {
namespace {

constexpr std::string_view kNorm = "add_rmsnorm";

bool ends_with(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

bool one_of(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool between_ranks(std::string_view name) {
  return ends_with(name, "_all_reduce") ||
         one_of(name, {"receive_hidden", "send_hidden", "gather_logits", "dispatch", "combine"});
}

double seconds_of(const KernelSpan& span) {
  return seconds(span.end - span.begin).count();
}

void divide(PartTimes& block, double by) {
  if (by > 0) block = block * (1 / by);
}

}  // namespace

std::optional<KernelPlace> kernel_place(std::string_view kernel, std::int32_t layer,
                                        bool windowed) {
  if (between_ranks(kernel)) return std::nullopt;
  const OpPart rest = ends_with(kernel, "_gemm") ? OpPart::gemm : OpPart::elementwise;
  if (layer < 0) {
    if (kernel == "embed") return KernelPlace{&BlockTimes::embedding, rest};
    return KernelPlace{&BlockTimes::lm_head, rest};
  }
  if (one_of(kernel, {"write_kv", "attention"})) {
    return KernelPlace{windowed ? &BlockTimes::windowed_attention : &BlockTimes::full_attention,
                       OpPart::attention};
  }
  if (kernel == "moe_experts") return KernelPlace{&BlockTimes::experts, OpPart::moe};
  if (kernel == "top_k") return KernelPlace{&BlockTimes::expert_exchange, OpPart::moe};
  if (kernel.substr(0, 7) == "shared_" || one_of(kernel, {"router_gemm", "add_shared"})) {
    return KernelPlace{&BlockTimes::expert_exchange, rest};
  }
  if (kernel.substr(0, 4) == "ffn_" || one_of(kernel, {"silu_mul", "gelu"})) {
    return KernelPlace{&BlockTimes::dense_ffn, rest};
  }
  return KernelPlace{&BlockTimes::projections, rest};
}

SliceBlocks::SliceBlocks(const DecoderShape& executed, std::int64_t layers)
    : norms_of_layer_(2 - 1 / real(layers)) {
  for (std::int64_t l = 0; l < executed.layers; ++l) {
    const Layer layer{.sparse = executed.sparse(l), .windowed = executed.window_of(l) > 0};
    all_ += 1;
    (layer.sparse ? sparse_ : dense_) += 1;
    (layer.windowed ? windowed_ : full_) += 1;
    layers_.emplace(static_cast<std::int32_t>(executed.model_layer(l)), layer);
  }
}

// A sample has fewer of them than its layers have in the model.
void SliceBlocks::add_norms(double seconds, std::int64_t count, BlockTimes& blocks) const {
  if (count == 0) return;
  blocks.projections[OpPart::elementwise] += seconds / real(count) * norms_of_layer_;
}

BlockTimes SliceBlocks::of(std::span<const KernelSpan> kernels) {
  BlockTimes blocks;
  double norms = 0;
  std::int64_t norm_count = 0;
  for (const KernelSpan& kernel : kernels) {
    const auto layer = layers_.find(kernel.layer);
    ensure(kernel.layer < 0 || layer != layers_.end(), "a kernel is of a layer that is executed");
    const bool windowed = kernel.layer >= 0 && layer->second.windowed;
    const auto place = kernel_place(kernel.name, kernel.layer, windowed);
    if (!place) continue;
    const double seconds = seconds_of(kernel);
    if (kernel.name == kNorm) {
      norms += seconds;
      ++norm_count;
      continue;
    }
    (blocks.*place->block)[place->part] += seconds;
    if (kernel.layer >= 0) layer->second.seconds += seconds;
  }
  divide(blocks.projections, all_);
  divide(blocks.full_attention, full_);
  divide(blocks.windowed_attention, windowed_);
  divide(blocks.dense_ffn, dense_);
  divide(blocks.expert_exchange, sparse_);
  divide(blocks.experts, sparse_);
  add_norms(norms, norm_count, blocks);
  return blocks;
}

double SliceBlocks::layer_spread() const {
  struct Kind {
    double sum = 0, count = 0;
  };
  std::map<std::pair<bool, bool>, Kind> kinds;
  for (const auto& [number, layer] : layers_) {
    Kind& kind = kinds[{layer.sparse, layer.windowed}];
    kind.sum += layer.seconds;
    kind.count += 1;
  }
  double spread = 0;
  for (const auto& [number, layer] : layers_) {
    const Kind& kind = kinds[{layer.sparse, layer.windowed}];
    if (kind.sum <= 0) continue;
    spread = std::max(spread, std::abs(layer.seconds * kind.count / kind.sum - 1));
  }
  return spread;
}

}  // namespace inferbench
