#include "harness/execute/ranks/rank_part.hpp"

#include <algorithm>
#include <chrono>
#include <numeric>

#include "harness/execute/ranks/subset.hpp"
#include "harness/execute/transformer/random_weights.hpp"
#include "harness/timing/nvtx.hpp"
#include "kernels/shapes/collective.hpp"

namespace inferbench {
namespace {

DecoderWeights weights_of(const ModelPlan& plan, int rank, ThreadTeam& team) {
  const DecoderShard shard = plan.shard(rank);
  if (plan.trained != nullptr) {
    return DecoderWeights(WeightShard(*plan.trained, shard), *plan.format, team);
  }
  return DecoderWeights(WeightShard(RandomWeights(plan.shape, plan.seed), shard), *plan.format,
                        team);
}

std::int64_t width(const Range& range) {
  return range.end - range.begin;
}

Duration steady_now() {
  return std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now().time_since_epoch());
}

}  // namespace

Bytes step_wire_bytes(const DecoderShape& shape, const ParallelConfig& parallel,
                      std::int64_t tokens, std::int64_t logit_rows) {
  const auto tp = static_cast<double>(parallel.tp), layers = static_cast<double>(shape.layers);
  const Bytes hidden(4.0 * static_cast<double>(tokens * shape.hidden));
  const DecoderShard driver{.rank = 0, .ranks = parallel.tp, .stage = 0, .stages = parallel.pp};
  const std::int64_t elsewhere = shape.vocab - width(shard_vocab(shape, driver));
  const Bytes sums = parallel.tp == 1 ? Bytes(0)
                                      : total_wire_bytes(Collective::all_reduce,
                                                         CollectiveAlgorithm::two_shot, hidden, tp);
  return sums * (2.0 * layers) + hidden * (tp * static_cast<double>(parallel.pp - 1)) +
         Bytes(4.0 * static_cast<double>(logit_rows * elsewhere));
}

RankPart::RankPart(const ModelPlan& plan, Communicator& world, ThreadTeam& team)
    : plan_(plan),
      world_(world),
      weights_(weights_of(plan, world.rank(), team)),
      decoder_(std::make_unique<Decoder>(weights_, plan.kv, plan.kv_blocks, team, plan.kernels,
                                         best_isa(), links(world))) {}

RankPart::~RankPart() = default;

DecoderLinks RankPart::links(Communicator& world) {
  const DecoderShard shard = plan_.shard(world.rank());
  const auto ranks = static_cast<int>(shard.ranks);
  DecoderLinks links{.tensor = &world, .world = &world};
  if (!shard.first()) links.before = world.rank() - ranks;
  if (!shard.last()) links.after = world.rank() + ranks;
  if (shard.stages == 1) return links;
  std::vector<int> members(static_cast<std::size_t>(ranks));
  std::iota(members.begin(), members.end(), static_cast<int>(shard.stage) * ranks);
  stage_ = std::make_unique<SubsetCommunicator>(world, std::move(members));
  links.tensor = stage_.get();
  return links;
}

// The logits of this rank's vocabulary, [rows, its width]; in `whole` where that is all of it.
void RankPart::compute(const TokenBatch& batch, std::span<float> whole) {
  const std::int64_t own = width(shard_vocab(plan_.shape, plan_.shard(world_.rank())));
  std::span<float> to = whole;
  if (world_.size() > 1) {
    own_.resize(batch.logit_rows.size() * static_cast<std::size_t>(own));
    to = own_;
  }
  std::size_t done = 0;
  for (const TokenBatch& part : micro_batches_.cut(batch, plan_.parallel.pp)) {
    const std::size_t size = part.logit_rows.size() * static_cast<std::size_t>(own);
    decoder_->forward(part, to.subspan(done, size));
    done += size;
  }
}

// Only rank 0 samples.
void RankPart::gather(std::int64_t rows, std::span<float> logits) {
  if (world_.rank() != 0) {
    if (!own_.empty()) world_.send(0, std::as_bytes(std::span(own_)));
    return;
  }
  const std::int64_t vocab = plan_.shape.vocab;
  for (int rank = 0; rank < world_.size(); ++rank) {
    const Range part = shard_vocab(plan_.shape, plan_.shard(rank));
    if (width(part) == 0) continue;
    std::vector<float>& from = rank == 0 ? own_ : arrived_;
    if (rank != 0) {
      from.resize(static_cast<std::size_t>(rows * width(part)));
      world_.receive(rank, std::as_writable_bytes(std::span(from)));
    }
    for (std::int64_t r = 0; r < rows; ++r) {
      std::copy_n(from.begin() + r * width(part), width(part),
                  logits.begin() + r * vocab + part.begin);
    }
  }
}

void RankPart::forward(const TokenBatch& batch, std::span<float> logits) {
  compute(batch, logits);
  if (world_.size() == 1 || batch.logit_rows.empty()) return;
  const Duration begin = steady_now();
  {
    const NvtxRange range("gather_logits");
    gather(static_cast<std::int64_t>(batch.logit_rows.size()), logits);
  }
  const Duration end = steady_now();
  gathering_ += end - begin;
  if (spans_ == nullptr) return;
  spans_->push_back({.name = "gather_logits", .rank = world_.rank(), .begin = begin, .end = end});
}

KernelTimes RankPart::times() const {
  KernelTimes times = decoder_->times();
  times.collectives += gathering_;
  return times;
}

}  // namespace inferbench
