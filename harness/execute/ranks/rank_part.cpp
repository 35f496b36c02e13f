#include "harness/execute/ranks/rank_part.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "harness/execute/ranks/subset.hpp"
#include "harness/execute/transformer/context_share.hpp"
#include "harness/execute/transformer/random_weights.hpp"
#include "harness/timing/nvtx.hpp"
#include "kernels/shapes/attention.hpp"
#include "kernels/shapes/collective.hpp"
#include "kernels/shapes/moe.hpp"

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

// Those of `rows`, tokens of a batch, that a context-parallel rank has.
std::vector<std::int64_t> rows_held(const TokenBatch& batch, std::span<const std::int64_t> rows,
                                    const KvShare& held) {
  std::vector<std::int64_t> found;
  for (const std::int64_t row : rows) {
    if (held.rank_of(position_of(batch.sequences, row)) == held.rank) found.push_back(row);
  }
  return found;
}

Duration steady_now() {
  return std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now().time_since_epoch());
}

}  // namespace

Bytes step_wire_bytes(const DecoderShape& shape, const ParallelConfig& parallel,
                      const StepTraffic& step) {
  const auto tp = static_cast<double>(parallel.tp), layers = static_cast<double>(shape.layers);
  const Bytes hidden(4.0 * static_cast<double>(step.tokens * shape.hidden));
  const DecoderShard driver{.rank = 0, .ranks = parallel.tp, .stage = 0, .stages = parallel.pp};
  const std::int64_t elsewhere = shape.vocab - width(shard_vocab(shape, driver));
  const std::int64_t logits =
      (step.logit_rows - step.distant_rows) * elsewhere + step.distant_rows * shape.vocab;
  Bytes bytes = hidden * (tp * static_cast<double>(parallel.pp - 1)) +
                Bytes(4.0 * static_cast<double>(logits));
  if (parallel.tp > 1) {
    bytes = bytes +
            total_wire_bytes(Collective::all_reduce, CollectiveAlgorithm::two_shot, hidden, tp) *
                (2.0 * layers);
  }
  if (parallel.cp > 1) {
    const DecoderShape rank = shard_shape(shape, {.rank = 0, .ranks = parallel.tp});
    const auto page = KvStore::bytes_per_block(rank, step.kv) / layers;
    const ContextExchangeShape exchange{
        .ranks = static_cast<double>(parallel.cp),
        .page = Bytes(page),
        .query_elements = static_cast<double>(rank.heads * rank.key_dim()),
        .output_elements = static_cast<double>(rank.heads * (rank.value_dim() + 1))};
    bytes = bytes + context_exchange_bytes(exchange, static_cast<double>(step.passed_pages),
                                           static_cast<double>(step.asked_queries)) *
                        tp;
  }
  if (parallel.ep == 1 || !shape.experts) return bytes;
  const ExpertExchangeShape layer{.ranks = static_cast<double>(parallel.ep),
                                  .hidden = static_cast<double>(shape.hidden),
                                  .top_k = static_cast<double>(shape.experts->router.top_k)};
  ExpertExchangeShape visitors = layer;
  visitors.ranks = 1;  // counts apart
  visitors.visits = static_cast<double>(step.visits);
  const auto rounds = static_cast<double>(step.micro_batches * shape.sparse_layers());
  return bytes + (expert_exchange_bytes(layer) * (rounds * static_cast<double>(parallel.cp)) +
                  expert_exchange_bytes(visitors)) *
                     tp;
}

RankPart::RankPart(const ModelPlan& plan, Communicator& world, ThreadTeam& team)
    : plan_(plan),
      world_(world),
      weights_(weights_of(plan, world.rank(), team)),
      decoder_(std::make_unique<Decoder>(weights_, plan.kv, plan.kv_blocks, team, plan.kernels,
                                         best_isa(), links(world))),
      share_(plan.shard(world.rank()).expert_rank, plan.parallel.ep, plan.parallel.pp) {
  decoder_->reserve(plan.step_tokens);
}

RankPart::~RankPart() = default;

// Ranks `first`, `first` + `apart`, ... of the world.
Communicator* RankPart::group(std::unique_ptr<Communicator>& to, int first, int count, int apart) {
  std::vector<int> members(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) members[static_cast<std::size_t>(i)] = first + i * apart;
  to = std::make_unique<SubsetCommunicator>(world_, std::move(members));
  return to.get();
}

DecoderLinks RankPart::links(Communicator& world) {
  const DecoderShard shard = plan_.shard(world.rank());
  const auto tensor = static_cast<int>(shard.ranks),
             context = static_cast<int>(shard.context_ranks),
             experts = static_cast<int>(shard.expert_ranks);
  const int stage = plan_.ranks_of_stage(), own = world.rank();
  DecoderLinks links{.tensor = &world, .world = &world};
  if (!shard.first()) links.before = own - stage;
  if (!shard.last()) links.after = own + stage;
  // Of `count` ranks that are `apart`; the world where they are all.
  const auto among = [&](std::unique_ptr<Communicator>& to, int count, int apart) {
    const int together = count * apart;
    return count == world.size() ? &world
                                 : group(to, own / together * together + own % apart, count, apart);
  };
  if (tensor < world.size()) links.tensor = among(tensor_, tensor, 1);
  if (context > 1) links.context = among(context_, context, tensor);
  if (experts > 1) links.experts = among(experts_, experts, tensor * context);
  return links;
}

// The logits of this rank's vocabulary and sequences, [rows, its width]; in `whole` where that is
// all.
void RankPart::compute(const TokenBatch& batch, std::span<float> whole) {
  const DecoderShard shard = plan_.shard(world_.rank());
  const auto own = static_cast<std::size_t>(width(shard_vocab(plan_.shape, shard)));
  const std::span<const TokenBatch> parts = share_.cut(batch);
  std::span<float> to = whole;
  if (world_.size() > 1) {
    own_.resize(rows_of(batch, shard).size() * own);
    to = own_;
  }
  std::size_t done = 0;
  for (const TokenBatch& part : parts) {
    const std::size_t size = rows_held(part, part.logit_rows, shard.kv_share()).size() * own;
    decoder_->forward(part, to.subspan(done, size));
    done += size;
  }
}

// Places among the batch's rows of those that the rank with `shard` computes logits of.
std::vector<std::int64_t> RankPart::rows_of(const TokenBatch& batch,
                                            const DecoderShard& shard) const {
  const KvShare held = shard.kv_share();
  std::vector<std::int64_t> rows;
  for (const std::int64_t row : share_.logit_rows_of(shard.expert_rank)) {
    const std::int64_t token = batch.logit_rows[static_cast<std::size_t>(row)];
    if (held.rank_of(position_of(batch.sequences, token)) == held.rank) rows.push_back(row);
  }
  return rows;
}

// Only rank 0 samples.
void RankPart::gather(const TokenBatch& batch, std::span<float> logits) {
  if (world_.rank() != 0) {
    if (!own_.empty()) world_.send(0, std::as_bytes(std::span(own_)));
    return;
  }
  const std::int64_t vocab = plan_.shape.vocab;
  for (int rank = 0; rank < world_.size(); ++rank) {
    const DecoderShard shard = plan_.shard(rank);
    const Range part = shard_vocab(plan_.shape, shard);
    const std::vector<std::int64_t> rows = rows_of(batch, shard);
    if (width(part) == 0 || rows.empty()) continue;
    std::vector<float>& from = rank == 0 ? own_ : arrived_;
    if (rank != 0) {
      from.resize(rows.size() * static_cast<std::size_t>(width(part)));
      world_.receive(rank, std::as_writable_bytes(std::span(from)));
    }
    auto row = from.begin();
    for (const std::int64_t to : rows) {
      std::copy_n(row, width(part), logits.begin() + to * vocab + part.begin);
      row += width(part);
    }
  }
}

void RankPart::forward(const TokenBatch& batch, std::span<float> logits) {
  compute(batch, logits);
  if (world_.size() == 1 || batch.logit_rows.empty()) return;
  const Duration begin = steady_now();
  {
    const NvtxRange range("gather_logits");
    gather(batch, logits);
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
