#include "harness/slices/cpu_slice_measurer.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numeric>

#include "harness/base/error.hpp"
#include "harness/base/random.hpp"
#include "harness/base/real.hpp"
#include "harness/base/text_table.hpp"
#include "harness/slices/slice_composition.hpp"
#include "harness/stats/percentile.hpp"

namespace inferbench {
namespace {

constexpr std::int64_t kMostLayers = 8;  // of a kind, by itself
constexpr int kFewestRuns = 3, kMostRuns = 9;
constexpr double kRunSeconds = 0.25;
constexpr double kUsableMemory = 0.9;
constexpr double kPackedPerSecond = 1e8;  // weights generated and packed, about
constexpr std::int64_t kTokenStride = 7919;

using SteadyClock = std::chrono::steady_clock;

Duration steady_instant() {
  return std::chrono::duration_cast<Duration>(SteadyClock::now().time_since_epoch());
}

std::int64_t blocks_for(std::int64_t tokens) {
  return (tokens + kKvBlock - 1) / kKvBlock;
}

std::int64_t kv_blocks_of(const SliceStep& step) {
  return step.prompts * blocks_for(step.prompt_cached + step.prompt_tokens) +
         step.decodes * blocks_for(step.decode_cached + 1);
}

double percentile_of(std::vector<double> values, double percentile) {
  return percentiles(values, std::span(&percentile, 1)).front();
}

double middle_of(const std::vector<double>& values) {
  return percentile_of(values, 50);
}

// Blocks of a pool in service lie anywhere.
std::vector<BlockRun> scattered(std::int64_t count, std::uint64_t seed) {
  std::vector<BlockRun> blocks;
  for (std::int64_t i = 0; i < count; ++i) blocks.push_back({static_cast<std::uint32_t>(i), 1});
  RandomStream random(seed, "slice_kv_blocks");
  for (std::size_t i = blocks.size(); i > 1; --i) std::swap(blocks[i - 1], blocks[random.below(i)]);
  return blocks;
}

// Elements of matrices that one token of a rank's layer is multiplied with, experts left out.
double linear_elements(const DecoderShape& rank, std::int64_t layer) {
  const double widths = real(rank.qkv_width() + rank.out_width()) +
                        real(1 + rank.first_matrices()) * real(rank.dense_ffn(layer));
  return real(rank.hidden) * widths;
}

double expert_elements(const DecoderShape& rank) {
  return real(rank.hidden) * real(1 + rank.first_matrices()) * real(rank.experts->ffn);
}

// The median of each kind of work in each block.
BlockTimes median_blocks(const std::vector<BlockTimes>& runs) {
  BlockTimes median;
  for (PartTimes BlockTimes::*block : kBlocks) {
    for (std::size_t part = 0; part < kOpParts; ++part) {
      std::vector<double> values;
      values.reserve(runs.size());
      for (const BlockTimes& run : runs) values.push_back((run.*block).seconds[part]);
      (median.*block).seconds[part] = middle_of(values);
    }
  }
  return median;
}

double kernel_sum(const BlockTimes& blocks) {
  double sum = 0;
  for (PartTimes BlockTimes::*block : kBlocks) sum += total(blocks.*block);
  return sum;
}

}  // namespace

struct CpuSliceMeasurer::Rig {
  Rig(const ModelPlan& plan, const Slice& of, ThreadTeam& team)
      : cut(of.parallel.tp, of.parallel.ep),
        slice(of),
        visits(experts_of(plan, of)),
        model(plan, of, team, plan.shape.experts ? &visits : nullptr),
        blocks(model.shape(), plan.shape.layers),
        batch(plan.kv_blocks),
        pool(scattered(plan.kv_blocks, plan.seed)) {
    model.trace(&spans);
  }

  static DecoderExperts experts_of(const ModelPlan& plan, const Slice& slice) {
    return shard_shape(plan.shape, slice.shard()).experts.value_or(DecoderExperts{});
  }

  Cut cut;
  Slice slice;
  EvenVisits visits;
  SliceModel model;
  SliceBlocks blocks;
  StepBatch batch;
  std::vector<BlockRun> pool;
  std::vector<float> logits;
  std::vector<SamplingRequest> requests;
  std::vector<std::int32_t> sampled;
  KernelSpans spans;
};

CpuSliceMeasurer::CpuSliceMeasurer(CpuSliceOptions options)
    : options_(std::move(options)),
      whole_(decoder_shape(options_.model)),
      team_(options_.threads),
      sampler_(whole_.vocab) {}

CpuSliceMeasurer::~CpuSliceMeasurer() = default;

// Enough that a layer's weights are as far away at its next turn as in the whole model.
Slice CpuSliceMeasurer::slice_of(const SliceStep& step) const {
  const auto of_layers = [&](std::int64_t layers) {
    return make_slice(options_.model, whole_, *options_.weights, {.tp = step.tp, .ep = step.ep},
                      {.rank = 0, .layers = layers});
  };
  if (options_.layers > 0) return of_layers(options_.layers);
  const Slice one = of_layers(1);
  DecoderShape layer = slice_shape(whole_, one);
  layer.vocab = 0;  // its layers alone
  const Bytes bytes = memory_need(layer, *options_.weights, options_.kv, 1, 1, one.shard()).weights;
  const double enough = std::ceil(2 * (options_.last_cache / bytes));
  return of_layers(std::clamp<std::int64_t>(static_cast<std::int64_t>(enough), 1, kMostLayers));
}

void CpuSliceMeasurer::prepare(std::span<const SliceStep> steps) {
  for (const SliceStep& step : steps) {
    Room& room = rooms_[{step.tp, step.ep}];
    room.kv_blocks = std::max(room.kv_blocks, kv_blocks_of(step));
  }
}

std::optional<std::string> CpuSliceMeasurer::why_not(const SliceStep& step) const {
  try {
    check_shards("shards", whole_, *options_.weights, step.tp);
    check_expert_ranks("shards", whole_, step.ep);
  } catch (const Error& error) {
    return error.problem();
  }
  const Slice slice = slice_of(step);
  const MemoryNeed need = memory_need(slice_shape(whole_, slice), *options_.weights, options_.kv,
                                      kv_blocks_of(step), step.tokens(), slice.shard());
  const Bytes usable = options_.available * kUsableMemory;
  if (options_.available.count() <= 0 || need.total() <= usable) return std::nullopt;
  return human_bytes(need.total().count()) + " for the slice, of which " +
         human_bytes(need.kv.count()) + " of KV blocks, " + human_bytes(usable.count()) +
         " are usable on this host";
}

Seconds CpuSliceMeasurer::estimate(const SliceStep& step) const {
  const Slice slice = slice_of(step);
  const DecoderShape rank = shard_shape(slice_shape(whole_, slice), slice.shard());
  const double tokens = real(step.tokens());
  const double bytes_each = options_.weights->weight_bytes();
  double flops = 2 * real(step.sampled) * real(rank.hidden) * real(rank.vocab) / real(step.tp);
  double bytes = real(rank.hidden) * real(rank.vocab) / real(step.tp) * bytes_each;
  const double prompt_pairs = real(step.prompts * step.prompt_tokens) *
                              (real(step.prompt_cached) + real(step.prompt_tokens) / 2);
  const double pairs = prompt_pairs + real(step.decodes) * real(step.decode_cached);
  for (std::int64_t l = 0; l < rank.layers; ++l) {
    const double linear = linear_elements(rank, l);
    flops += 2 * tokens * linear + 4 * pairs * real(rank.heads * rank.value_dim());
    bytes += linear * bytes_each +
             2.0 * real(step.decodes * step.decode_cached) * real(2 * rank.kv_width());
    if (!rank.sparse(l)) continue;
    flops += 2 * real(step.expert_rows) * expert_elements(rank);
    bytes += real(step.expert_distinct) * expert_elements(rank) * bytes_each;
  }
  const double once = flops / options_.arithmetic.count() + bytes / options_.reads.count();
  return Seconds(once + std::clamp(kRunSeconds, kFewestRuns * once, kMostRuns * once));
}

Seconds CpuSliceMeasurer::setup_estimate(const SliceStep& step) const {
  const Slice slice = slice_of(step);
  const MemoryNeed need =
      memory_need(slice_shape(whole_, slice), *options_.weights, options_.kv, 1, 1, slice.shard());
  const double elements = need.weights.count() / options_.weights->weight_bytes() +
                          real(whole_.vocab) * real(whole_.hidden);
  return Seconds(elements / kPackedPerSecond);
}

void CpuSliceMeasurer::assemble(const SliceStep& step) {
  Rig& rig = *rig_;
  rig.batch.clear();
  std::int64_t token = 0, wanted = step.sampled;
  std::size_t next = 0;
  const auto sequence = [&](std::int64_t cached, std::int64_t tokens, bool samples) {
    const auto blocks = static_cast<std::size_t>(blocks_for(cached + tokens));
    rig.batch.begin_sequence(cached, std::span(rig.pool).subspan(next, blocks));
    next += blocks;
    for (std::int64_t i = 0; i < tokens; ++i) {
      token = (token + kTokenStride) % whole_.vocab;  // rows of the table are met anew
      rig.batch.add(static_cast<std::int32_t>(token));
    }
    if (!samples) return;
    rig.batch.want_logits();
    --wanted;
  };
  // What is sampled besides decodes are prompts that end.
  std::int64_t ending = std::max<std::int64_t>(0, step.sampled - step.decodes);
  for (std::int64_t p = 0; p < step.prompts; ++p) {
    sequence(step.prompt_cached, step.prompt_tokens, ending-- > 0);
  }
  for (std::int64_t d = 0; d < step.decodes; ++d) sequence(step.decode_cached, 1, wanted > 0);
  const std::size_t rows = rig.batch.logit_rows();
  rig.logits.resize(rows * static_cast<std::size_t>(whole_.vocab));
  rig.requests.assign(rows, SamplingRequest{.temperature = 0});
  rig.sampled.resize(rows);
}

BlockTimes CpuSliceMeasurer::run(const SliceStep& step) {
  Rig& rig = *rig_;
  assemble(step);
  rig.spans.clear();
  rig.model.forward(rig.batch.batch(), rig.logits);
  const Duration begin = steady_instant();
  sampler_.sample(rig.logits, rig.requests, rig.sampled, team_);
  rig.spans.push_back({.name = "sample", .begin = begin, .end = steady_instant()});
  return rig.blocks.of(rig.spans);
}

SliceTimes CpuSliceMeasurer::measure(const SliceStep& step) {
  if (!rig_ || rig_->cut != Cut{step.tp, step.ep}) {
    rig_.reset();  // before the next one takes its memory
    ModelPlan plan;
    plan.shape = whole_;
    plan.format = options_.weights;
    plan.kv = options_.kv;
    plan.kv_blocks = std::max(rooms_[{step.tp, step.ep}].kv_blocks, kv_blocks_of(step));
    plan.kernels = KernelSet::fast;
    plan.seed = options_.seed;
    rig_ = std::make_unique<Rig>(plan, slice_of(step), team_);
  }
  rig_->visits.expect(
      [&](std::int32_t) {
        return RankExperts{.rows = real(step.expert_rows), .distinct = real(step.expert_distinct)};
      },
      real(step.tokens() * step.ep));
  run(step);
  std::vector<BlockTimes> runs;
  std::vector<double> sums;
  double spent = 0;
  while (runs.size() < kFewestRuns || (spent < kRunSeconds && runs.size() < kMostRuns)) {
    runs.push_back(run(step));
    sums.push_back(kernel_sum(runs.back()));
    spent += sums.back();
  }
  return {.blocks = median_blocks(runs),
          .spread = (percentile_of(sums, 75) - percentile_of(sums, 25)) / middle_of(sums),
          .runs = static_cast<int>(runs.size())};
}

}  // namespace inferbench
