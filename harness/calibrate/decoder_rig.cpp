#include "harness/calibrate/decoder_rig.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <span>
#include <string_view>
#include <utility>

#include "harness/base/random.hpp"
#include "harness/base/real.hpp"
#include "harness/execute/transformer/memory_need.hpp"
#include "harness/execute/transformer/to_size.hpp"
#include "harness/schedule/kv_block_pool.hpp"

namespace inferbench {
namespace {

constexpr std::int64_t kTokenStride = 7919;

Duration steady_now() {
  return std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now().time_since_epoch());
}

// Spans of one op, which may be several kernels, of which one counts how often it ran.
struct SpanTime {
  double ns = 0;
  std::int64_t occurrences = 0;

  void add(const KernelSpan& span, bool counts) {
    ns += real((span.end - span.begin).count());
    occurrences += counts ? 1 : 0;
  }
  double mean() const { return occurrences > 0 ? ns / real(occurrences) : 0; }
};

std::int64_t blocks_of(std::int64_t tokens) {
  return (tokens + kKvBlock - 1) / kKvBlock;
}

// All blocks of a pool in service, request after request: prompts take neighbours where these are
// free, answers grow a block at a time beside those of others, and leave gaps when they go.
std::vector<BlockRun> served_blocks(std::int64_t count, std::uint64_t seed) {
  constexpr std::int64_t kMostPromptBlocks = 16, kBlocksOfEach = 10, kTurnsOfEach = 20;
  constexpr std::uint64_t kTurnsOfAnswers = 6;  // and it ends with one of so many
  KvBlockPool pool(count, Tokens(kKvBlock));
  RandomStream random(seed, "kv_blocks");
  const std::int64_t requests = std::max<std::int64_t>(2, count / kBlocksOfEach);
  for (std::int64_t turn = 0; turn < kTurnsOfEach * requests; ++turn) {
    const std::size_t request = to_size(random.between(0, requests - 1));
    if (pool.runs(request).empty()) {
      pool.grow(request, std::min(pool.free(), random.between(1, kMostPromptBlocks)));
    } else if (pool.free() == 0 || random.below(kTurnsOfAnswers) == 0) {
      pool.release(request);
    } else {
      pool.grow(request, 1);
    }
  }
  const std::size_t rest = to_size(requests);
  pool.grow(rest, pool.free());
  std::vector<BlockRun> blocks;
  for (std::size_t request = 0; request <= rest; ++request) {
    for (const BlockRun& run : pool.runs(request)) {
      for (std::uint32_t i = 0; i < run.count; ++i) blocks.push_back({run.first + i, 1});
    }
  }
  return blocks;
}

}  // namespace

std::int64_t rig_layers(const DecoderShape& shape, const GemmFormat& format,
                        double last_cache_bytes) {
  DecoderShape one = shape, none = shape;
  one.layers = 1, none.layers = 0;
  const auto bytes = [&](const DecoderShape& s) {
    return memory_need(s, format, KvType::bf16, 1, 1).weights.count();
  };
  const double layer = std::max(1.0, bytes(one) - bytes(none));
  const auto enough = static_cast<std::int64_t>(std::ceil(2 * last_cache_bytes / layer));
  const std::int64_t sparse = shape.experts ? shape.experts->first_dense + 1 : 1;
  const std::int64_t windowed = shape.window > 0 ? shape.window_period : 1;
  return std::min(std::max({enough, sparse, windowed}), shape.layers);
}

DecoderRig::DecoderRig(const DecoderShape& shape, const DecoderOps& ops, const GemmFormat& format,
                       KvType kv, std::uint64_t seed, std::int64_t kv_tokens, ThreadRanks& ranks)
    : shape_(shape),
      ops_(ops),
      ranks_(ranks),
      model_({.shape = shape,
              .format = &format,
              .kv = kv,
              .kv_blocks = blocks_of(kv_tokens),
              .kernels = KernelSet::fast,
              .seed = seed,
              .trained = nullptr,
              .parallel = {.tp = ranks.size()}},
             ranks),
      sampler_(shape.vocab),
      batch_(blocks_of(kv_tokens)),
      blocks_(served_blocks(blocks_of(kv_tokens), seed)) {
  model_.trace(&spans_);
  fill_cache();
}

// With the keys and values of a prompt, over and over: scores must differ as they do in service.
void DecoderRig::fill_cache() {
  const std::int64_t blocks = model_.kv_blocks();
  const std::int64_t computed = std::min<std::int64_t>(blocks, 16);
  run({.sequences = 1, .new_tokens = computed * kKvBlock});
  for (std::int64_t i = computed; i < blocks; ++i) {
    model_.copy_block(blocks_[to_size(i % computed)].first, blocks_[to_size(i)].first);
  }
}

std::int64_t DecoderRig::kv_tokens(const ProbeStep& step) {
  return step.sequences * blocks_of(step.cached + step.new_tokens) * kKvBlock;
}

void DecoderRig::assemble(const ProbeStep& step) {
  const std::int64_t blocks = blocks_of(step.cached + step.new_tokens);
  batch_.clear();
  for (std::int64_t s = 0; s < step.sequences; ++s) {
    batch_.begin_sequence(step.cached,
                          std::span(blocks_).subspan(to_size(s * blocks), to_size(blocks)));
    for (std::int64_t t = 0; t < step.new_tokens; ++t) {
      token_ = (token_ + kTokenStride) % shape_.vocab;  // rows of the table are met anew
      batch_.add(static_cast<std::int32_t>(token_));
    }
    batch_.want_logits();
  }
  const std::size_t rows = to_size(step.sequences);
  logits_.resize(rows * to_size(shape_.vocab));
  requests_.assign(rows, SamplingRequest{.temperature = 0});
  sampled_.resize(rows);
}

RigTimes DecoderRig::run(const ProbeStep& step) {
  assemble(step);
  spans_.clear();
  model_.forward(batch_.batch(), logits_);
  const Duration begin = steady_now();
  sampler_.sample(logits_, requests_, sampled_, ranks_.team(0));
  spans_.push_back({.name = "sampling", .begin = begin, .end = steady_now()});
  return times();
}

RigTimes DecoderRig::times() const {
  RigTimes times;
  for (const DecoderOp& op : ops_.ops) {
    if (!op.spans.empty()) times.push_back(time_of(op));
  }
  for (const DecoderAttention& kind : ops_.attention) times.push_back(time_of(kind));
  return times;
}

double DecoderRig::time_of(const DecoderOp& op) const {
  SpanTime time;
  for (const KernelSpan& span : spans_) {
    for (std::size_t i = 0; i < op.spans.size(); ++i) {
      if (op.spans[i] == span.name) time.add(span, i == 0);
    }
  }
  return time.mean();
}

double DecoderRig::time_of(const DecoderAttention& kind) const {
  SpanTime time;
  for (const KernelSpan& span : spans_) {
    if (span.layer < 0 || shape_.window_of(span.layer) != kind.window) continue;
    const std::string_view name = span.name;
    if (name == "write_kv" || name == "attention") time.add(span, name == "attention");
  }
  return time.mean();
}

}  // namespace inferbench
