#include "harness/execute/ranks/slice.hpp"

#include <algorithm>
#include <array>
#include <numeric>
#include <utility>

#include "harness/base/error.hpp"
#include "harness/base/text_table.hpp"
#include "harness/execute/transformer/layer_sample.hpp"
#include "harness/execute/transformer/memory_need.hpp"
#include "harness/plan/memory.hpp"

namespace inferbench {
namespace {

// Dense or of experts, windowed or not.
using LayerKind = std::pair<bool, bool>;

LayerKind kind_of(const DecoderShape& whole, std::int64_t layer) {
  return {whole.sparse(layer), whole.window_of(layer) > 0};
}

std::vector<std::int64_t> layers_of_stage(const ModelSpec& model, std::int64_t stages,
                                          std::int64_t stage) {
  const StageLayers own = stage_layers(model, stages, stage);
  std::vector<std::int64_t> layers(static_cast<std::size_t>(own.count));
  std::iota(layers.begin(), layers.end(), own.first);
  return layers;
}

// Packed, of one tensor-parallel rank; the LM head in the last stage.
Bytes weights_of_stage(const ModelSpec& model, const DecoderShape& whole, const GemmFormat& format,
                       const ParallelConfig& parallel, std::int64_t stage) {
  DecoderShape part = sampled_shape(whole, layers_of_stage(model, parallel.pp, stage));
  if (stage + 1 < parallel.pp) part.vocab = 0;
  Slice first;
  first.parallel = parallel;
  return memory_need(part, format, KvType::bf16, 1, 1, first.shard()).weights;
}

// `most` of each kind, those in `own` before others; with `most` 0 all of `own` and one of each
// other kind.
std::vector<std::int64_t> sample(const DecoderShape& whole, const std::vector<std::int64_t>& own,
                                 std::int64_t most) {
  std::vector<std::int64_t> order = own, taken;
  for (std::int64_t l = 0; l < whole.layers; ++l) {
    if (!std::binary_search(own.begin(), own.end(), l)) order.push_back(l);
  }
  std::array<std::int64_t, 4> counts{};
  for (std::size_t i = 0; i < order.size(); ++i) {
    const auto [sparse, windowed] = kind_of(whole, order[i]);
    std::int64_t& count = counts[(sparse ? 2U : 0U) + (windowed ? 1U : 0U)];
    const bool is_own = i < own.size();
    const bool wanted = most > 0 ? count < most : is_own || count == 0;
    if (!wanted) continue;
    ++count;
    taken.push_back(order[i]);
  }
  std::sort(taken.begin(), taken.end());
  return taken;
}

}  // namespace

RankPosition position_of(std::int64_t rank, const ParallelConfig& parallel) {
  const auto next = [&](std::int64_t degree) {
    const std::int64_t at = rank % degree;
    rank /= degree;
    return at;
  };
  RankPosition position;
  position.tp = next(parallel.tp);
  position.cp = next(parallel.cp);
  position.ep = next(parallel.ep);
  position.pp = next(parallel.pp);
  position.dp = next(parallel.dp);
  return position;
}

std::int64_t rank_at(const RankPosition& at, const ParallelConfig& parallel) {
  std::int64_t rank = at.dp;
  rank = rank * parallel.pp + at.pp;
  rank = rank * parallel.ep + at.ep;
  rank = rank * parallel.cp + at.cp;
  return rank * parallel.tp + at.tp;
}

Slice make_slice(const ModelSpec& model, const DecoderShape& whole, const GemmFormat& weights,
                 const ParallelConfig& parallel, const SliceChoice& choice) {
  if (choice.layers < 0) {
    throw Error("--slice-layers", std::to_string(choice.layers),
                "so many layers of each kind are executed", "1 or more; 0 for all of the stage");
  }
  Slice slice;
  slice.parallel = parallel;
  if (choice.rank) {
    if (*choice.rank < 0 || *choice.rank >= parallel.gpus()) {
      throw Error("--slice", "rank " + std::to_string(*choice.rank),
                  label(parallel) + " has ranks 0 to " + std::to_string(parallel.gpus() - 1),
                  "one of them, or --slice alone for the busiest");
    }
    slice.rank = *choice.rank;
    slice.why = "as asked for";
  } else {
    RankPosition busiest;
    Bytes most(0);
    for (std::int64_t stage = 0; stage < parallel.pp; ++stage) {
      const Bytes bytes = weights_of_stage(model, whole, weights, parallel, stage);
      if (bytes <= most) continue;
      most = bytes;
      busiest.pp = stage;
    }
    slice.rank = rank_at(busiest, parallel);
    slice.why = parallel.pp == 1 ? "ranks are alike"
                                 : "the busiest: its stage has the most weights, " +
                                       human_bytes(most.count()) + " a rank";
  }
  slice.position = position_of(slice.rank, parallel);
  const auto own = layers_of_stage(model, parallel.pp, slice.position.pp);
  slice.own_layers = static_cast<std::int64_t>(own.size());
  slice.layers = sample(whole, own, choice.layers);
  return slice;
}

DecoderShape slice_shape(const DecoderShape& whole, const Slice& slice) {
  const bool all = static_cast<std::int64_t>(slice.layers.size()) == whole.layers;
  return all ? whole : sampled_shape(whole, slice.layers);
}

}  // namespace inferbench
