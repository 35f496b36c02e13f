#include "harness/execute/transformer/memory_need.hpp"

#include <algorithm>
#include <fstream>

#include "harness/base/error.hpp"
#include "harness/base/text_table.hpp"
#include "harness/execute/transformer/kv_store.hpp"

namespace inferbench {
namespace {

constexpr double kPadding = 1.05;
constexpr double kUsable = 0.9;

std::string gigabytes(Bytes bytes) {
  return significant(bytes.count() / 1e9, 3) + " GB";
}

}  // namespace

MemoryNeed memory_need(const DecoderShape& shape, const GemmFormat& weights, KvType kv,
                       std::int64_t kv_blocks, std::int64_t step_tokens) {
  const double layer = static_cast<double>(shape.hidden) *
                       static_cast<double>(shape.qkv_width() + shape.q_width() + 3 * shape.ffn);
  const double table = static_cast<double>(shape.vocab) * static_cast<double>(shape.hidden);
  const double linear = static_cast<double>(shape.layers) * layer + table;
  // Residual, normed, attention in and out, FFN in and out; and the GEMM's copy of its rows.
  const double row = static_cast<double>(5 * shape.hidden + 2 * shape.q_width() +
                                         2 * shape.qkv_width() + 4 * shape.ffn);
  MemoryNeed need;
  need.weights = Bytes(kPadding * linear * weights.weight_bytes());
  need.table = Bytes(table * (weights.weights == GemmFormat::Weights::fp32 ? 4 : 2));
  need.kv = Bytes(KvStore::bytes_per_block(shape, kv) * static_cast<double>(kv_blocks));
  need.activations = Bytes(4 * row * static_cast<double>(step_tokens));
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
      "a narrower --weights (w4a8-g128) or --kv, a smaller --kv-tokens, or a smaller model");
}

}  // namespace inferbench
