#include "harness/execute/transformer/memory_need.hpp"

#include <algorithm>
#include <fstream>

#include "harness/base/error.hpp"
#include "harness/base/text_table.hpp"
#include "harness/execute/transformer/kv_store.hpp"
#include "harness/execute/transformer/weight_shard.hpp"
#include "kernels/moe/layer.hpp"

namespace inferbench {
namespace {

constexpr double kPadding = 1.05;
constexpr double kUsable = 0.9;

std::string gigabytes(Bytes bytes) {
  return significant(bytes.count() / 1e9, 3) + " GB";
}

// Elements between the steps of an expert's FFN.
double expert_rows(const DecoderShape& shape) {
  if (!shape.experts) return 0;
  return static_cast<double>(MoeLayer::kRowsTogether * (2 * shape.hidden + 3 * shape.experts->ffn));
}

// What context-parallel ranks send and receive of a layer's keys and values.
Bytes passed_around(const DecoderShape& shape, const DecoderShard& shard, KvType kv,
                    std::int64_t kv_blocks) {
  if (shard.context_ranks == 1) return Bytes(0);
  const double layer = KvStore::bytes_per_block(shape, kv) / static_cast<double>(shape.layers);
  return Bytes(2 * layer * static_cast<double>(kv_blocks));
}

// Elements of the tokens that other ranks may send to the experts of this one, as they travel, as
// they are computed, and their sums.
double arriving_elements(const DecoderShape& shape, const DecoderShard& shard,
                         std::int64_t step_tokens) {
  if (shard.expert_ranks == 1 || !shape.experts) return 0;
  const std::int64_t record = shape.hidden + 2 * shape.experts->router.top_k;
  return static_cast<double>(step_tokens * shard.expert_ranks * (2 * record + shape.hidden));
}

// Of a layer's up-projections of latents.
double latent_elements(const DecoderShape& shape) {
  if (!shape.mla) return 0;
  const MlaSpec& mla = *shape.mla;
  return static_cast<double>(shape.q_width() * mla.q_lora_rank) +
         static_cast<double>(shape.heads * mla.kv_lora_rank *
                             (mla.qk_nope_head_dim + mla.v_head_dim));
}

// Elements of a token's queries; what attention gives is no wider. Latent attention has them as
// attention reads them and by head besides.
std::int64_t attention_width(const DecoderShape& shape) {
  return shape.mla ? 3 * shape.heads * shape.key_dim() : shape.q_width();
}

}  // namespace

MemoryNeed memory_need(const DecoderShape& whole, const GemmFormat& weights, KvType kv,
                       std::int64_t kv_blocks, std::int64_t step_tokens,
                       const DecoderShard& shard) {
  const DecoderShape shape = shard_shape(whole, shard);
  const auto hidden = static_cast<double>(shape.hidden);
  const Range vocab = shard_vocab(whole, shard);
  const double table = shard.first() ? static_cast<double>(shape.vocab) * hidden : 0;
  double linear = hidden * static_cast<double>(vocab.end - vocab.begin), routers = 0;
  const std::int64_t matrices = 1 + shape.first_matrices();  // of an FFN
  for (std::int64_t l = 0; l < shape.layers; ++l) {
    std::int64_t widths = shape.qkv_width() + shape.out_width() + matrices * shape.dense_ffn(l);
    if (shape.sparse(l)) {
      widths += matrices * shape.experts->ffn * shape.experts->count;
      routers += hidden * static_cast<double>(shape.experts->router.experts);
    }
    linear += hidden * static_cast<double>(widths) + latent_elements(shape);
  }
  // Residual, normed, attention in and out, FFN in and out; and the GEMM's copy of its rows.
  // Queries that go to other ranks, and what comes back, besides.
  const std::int64_t attention = (shard.context_ranks == 1 ? 2 : 5) * attention_width(shape);
  const double row = static_cast<double>(5 * shape.hidden + attention + 2 * shape.qkv_width() +
                                         4 * shape.widest_ffn());
  MemoryNeed need;
  need.weights = Bytes(kPadding * (linear * weights.weight_bytes() + routers * 4));
  need.table = Bytes(table * (weights.weights == GemmFormat::Weights::fp32 ? 4 : 2));
  need.kv = Bytes(KvStore::bytes_per_block(shape, kv) * static_cast<double>(kv_blocks));
  need.activations = Bytes(4 * (row * static_cast<double>(step_tokens) + expert_rows(shape) +
                                arriving_elements(shape, shard, step_tokens))) +
                     passed_around(shape, shard, kv, kv_blocks);
  return need;
}

Bytes available_memory(const std::string& root) {
  std::ifstream file(root + "/proc/meminfo");
  std::string key, unit;
  double value = 0;
  Bytes available(0);
  while (file >> key >> value) {
    std::getline(file, unit);
    if (key == "MemAvailable:") available = Bytes(value * 1024);
  }
  // "max" where there is no limit, and then no number can be read.
  double limit = 0, used = 0;
  if (std::ifstream(root + "/sys/fs/cgroup/memory.max") >> limit &&
      std::ifstream(root + "/sys/fs/cgroup/memory.current") >> used) {
    const Bytes left(std::max(0.0, limit - used));
    if (available.count() <= 0 || left < available) available = left;
  }
  return available;
}

void check_memory(const std::string& model, const MemoryNeed& need, Bytes available) {
  if (available.count() <= 0 || need.total() <= available * kUsable) return;
  throw Error(
      model,
      "executing it takes " + gigabytes(need.total()) + ": " + gigabytes(need.weights) +
          " of weights, " + gigabytes(need.table) + " of embeddings, " + gigabytes(need.kv) +
          " of KV blocks, " + gigabytes(need.activations) + " of activations",
      "90 % of the " + gigabytes(available) + " that are available on this host",
      "a narrower --weights (w4a8-g128) or --kv-format, a smaller --kv-tokens, or a smaller model");
}

}  // namespace inferbench
