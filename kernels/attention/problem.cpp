#include "kernels/attention/problem.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>
#include <span>

#include "harness/base/error.hpp"
#include "harness/base/random.hpp"
#include "kernels/cpu/convert.hpp"
#include "kernels/cpu/fill.hpp"
#include "kernels/quant/quantise.hpp"
#include "kernels/shapes/attention.hpp"

namespace inferbench {
namespace {

struct Row {
  KvType type;
  const char* name;
  std::size_t bytes;
};
constexpr Row kTypes[] = {{KvType::fp32, "fp32", 4},     {KvType::bf16, "bf16", 2},
                          {KvType::fp16, "fp16", 2},     {KvType::int8, "int8", 1},
                          {KvType::e4m3, "fp8_e4m3", 1}, {KvType::e5m2, "fp8_e5m2", 1}};

std::size_t size(std::int64_t x) {
  return static_cast<std::size_t>(x);
}

template <class T>
T element(const std::vector<std::byte>& data, std::size_t at) {
  T x;
  std::memcpy(&x, data.data() + at * sizeof(T), sizeof(T));
  return x;
}

template <class T>
void put(std::vector<std::byte>& data, std::size_t at, T x) {
  std::memcpy(data.data() + at * sizeof(T), &x, sizeof(T));
}

float decode(KvType type, const std::vector<std::byte>& data, std::size_t at, float scale) {
  switch (type) {
    case KvType::fp32:
      return element<float>(data, at);
    case KvType::bf16:
      return bf16_to_float(element<std::uint16_t>(data, at));
    case KvType::fp16:
      return fp16_to_float(element<std::uint16_t>(data, at));
    case KvType::int8:
      return scale * static_cast<float>(element<std::int8_t>(data, at));
    case KvType::e4m3:
      return e4m3_to_float(element<std::uint8_t>(data, at));
    case KvType::e5m2:
      return e5m2_to_float(element<std::uint8_t>(data, at));
  }
  return 0;
}

// One token's vector of one head, in the cache's type.
void encode(KvType type, std::span<const float> from, std::vector<std::byte>& to, std::size_t place,
            float* scale) {
  const std::size_t at = place * from.size();
  if (type == KvType::int8) {
    std::vector<std::int8_t> integers(from.size());
    *scale = quantise_row_int8(from, integers);
    std::memcpy(to.data() + at, integers.data(), integers.size());
    return;
  }
  for (std::size_t d = 0; d < from.size(); ++d) {
    const float x = from[d];
    switch (type) {
      case KvType::bf16:
        put(to, at + d, float_to_bf16(x));
        break;
      case KvType::fp16:
        put(to, at + d, float_to_fp16(std::clamp(x, -65504.0F, 65504.0F)));
        break;
      case KvType::e4m3:
        put(to, at + d, float_to_e4m3(x));
        break;
      case KvType::e5m2:
        put(to, at + d, float_to_e5m2(x));
        break;
      default:
        put(to, at + d, x);
    }
  }
}

}  // namespace

std::vector<std::string> kv_formats() {
  std::vector<std::string> names;
  for (const Row& r : kTypes) names.emplace_back(r.name);
  return names;
}

KvType kv_type(std::string_view format) {
  for (const Row& r : kTypes) {
    if (format == r.name) return r.type;
  }
  throw std::logic_error("an attention case of no known format");
}

std::size_t kv_bytes(KvType type) {
  return kTypes[static_cast<std::size_t>(type)].bytes;
}

AttentionProblem::AttentionProblem(const KernelCase& c)
    : requests(c.at("requests")),
      tokens(c.axes.contains("tokens") ? c.at("tokens") : 1),
      q_heads(c.at("q_heads")),
      kv_heads(c.at("kv_heads")),
      head_dim(c.at("head_dim")),
      window(c.at("window")),
      kv(kv_type(c.format)),
      case_(c) {
  if (q_heads % kv_heads != 0) {
    throw Error(
        c.op,
        "q_heads = " + std::to_string(q_heads) + " with kv_heads = " + std::to_string(kv_heads),
        "each key-value head serves equally many query heads");
  }
  RandomStream random = Random(c.seed).stream("attention context");
  std::int64_t blocks = 0;
  for (std::int64_t r = 0; r < requests; ++r) {
    const std::int64_t most = c.at("context");
    context.push_back(c.at("ragged") != 0 && most > 0 ? random.between(0, most) : most);
    const std::int64_t needed = (context.back() + tokens + kKvBlock - 1) / kKvBlock;
    max_blocks = std::max(max_blocks, needed);
    blocks += needed;
  }
  // Blocks in random order, as they are after a while of serving.
  std::vector<std::int32_t> order(size(blocks));
  std::iota(order.begin(), order.end(), 0);
  for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random.below(i)]);
  block_table.assign(size(requests * max_blocks), -1);
  std::size_t next = 0;
  for (std::int64_t r = 0; r < requests; ++r) {
    for (std::int64_t b = 0; b * kKvBlock < context[size(r)] + tokens; ++b) {
      block_table[size(r * max_blocks + b)] = order[next++];
    }
  }
  q.resize(outputs());
  fill_matrix(q, head_dim, c.fill, 1.0, c.seed, "attention q");
  const std::size_t elements = size(blocks * kv_heads * kKvBlock * head_dim);
  // Slots that hold no token are NaN (or large): reading them shows.
  cache.keys.assign(elements * kv_bytes(kv), std::byte{0xFF});
  cache.values.assign(elements * kv_bytes(kv), std::byte{0xFF});
  if (kv == KvType::int8) {
    cache.key_scale.assign(elements / size(head_dim), std::numeric_limits<float>::quiet_NaN());
    cache.value_scale = cache.key_scale;
  }
  fill_cache();
}

void AttentionProblem::fill_cache() {
  std::vector<float> row(size(kv_heads * head_dim));
  for (std::int64_t r = 0; r < requests; ++r) {
    for (std::int64_t t = 0; t < context[size(r)] + tokens; ++t) {
      const auto draw = case_.seed + size(r * 1'000'003 + t) * 2654435761U;
      for (const bool keys : {true, false}) {
        fill_matrix(row, head_dim, case_.fill, 1.0, draw, keys ? "attention k" : "attention v");
        for (std::int64_t h = 0; h < kv_heads; ++h) {
          const std::size_t at = place(r, h, t);
          std::vector<float>& scales = keys ? cache.key_scale : cache.value_scale;
          encode(kv, std::span(row).subspan(size(h * head_dim), size(head_dim)),
                 keys ? cache.keys : cache.values, at, scales.empty() ? nullptr : &scales[at]);
        }
      }
    }
  }
}

std::size_t AttentionProblem::place(std::int64_t request, std::int64_t head,
                                    std::int64_t at) const {
  const std::int64_t block = block_table[size(request * max_blocks + at / kKvBlock)];
  return size((block * kv_heads + head) * kKvBlock + at % kKvBlock);
}

AttentionProblem::Visible AttentionProblem::visible(std::int64_t request,
                                                    std::int64_t token) const {
  const std::int64_t last = context[size(request)] + token + 1;
  return {window > 0 ? std::max<std::int64_t>(0, last - window) : 0, last};
}

float AttentionProblem::key(std::size_t at, std::int64_t d) const {
  return decode(kv, cache.keys, at * size(head_dim) + size(d),
                cache.key_scale.empty() ? 0 : cache.key_scale[at]);
}

float AttentionProblem::value(std::size_t at, std::int64_t d) const {
  return decode(kv, cache.values, at * size(head_dim) + size(d),
                cache.value_scale.empty() ? 0 : cache.value_scale[at]);
}

Work AttentionProblem::work() const {
  AttentionHeads heads =
      grouped_query_heads(static_cast<double>(q_heads), static_cast<double>(kv_heads),
                          static_cast<double>(head_dim), static_cast<double>(kv_bytes(kv)));
  heads.io_bytes = 4;
  AttentionLoad load;
  for (const std::int64_t c : context) {
    load += attention_load(static_cast<double>(c), static_cast<double>(tokens),
                           static_cast<double>(window));
  }
  return inferbench::work(heads, load);
}

std::size_t AttentionProblem::outputs() const {
  return size(requests * tokens * q_heads * head_dim);
}

// One loop per axis, in fp64: scores, softmax, weighted sum.
Oracle AttentionProblem::oracle(std::size_t most) const {
  Oracle o;
  o.tolerance = (16.0 + 4.0 * std::sqrt(static_cast<double>(head_dim))) * 0x1p-24;
  o.why = "fp32 rounding of scores, exponentials and their weighted sum";
  const std::size_t rows = outputs() / size(head_dim);
  for (const std::size_t row :
       spread_indices(rows, std::max<std::size_t>(1, most / size(head_dim)), case_.seed)) {
    const std::int64_t head = static_cast<std::int64_t>(row) % q_heads;
    const std::int64_t token = static_cast<std::int64_t>(row) / q_heads % tokens;
    const std::int64_t request = static_cast<std::int64_t>(row) / q_heads / tokens;
    const std::int64_t kv_head = head / (q_heads / kv_heads);
    const Visible seen = visible(request, token);
    std::vector<double> score;
    double largest = -HUGE_VAL, terms = 0;
    for (std::int64_t t = seen.first; t < seen.last; ++t) {
      double sum = 0, magnitude = 0;
      for (std::int64_t d = 0; d < head_dim; ++d) {
        const double product = static_cast<double>(q[row * size(head_dim) + size(d)]) *
                               static_cast<double>(key(place(request, kv_head, t), d));
        sum += product, magnitude += std::abs(product);
      }
      score.push_back(sum / std::sqrt(static_cast<double>(head_dim)));
      largest = std::max(largest, score.back());
      terms = std::max(terms, magnitude / std::sqrt(static_cast<double>(head_dim)));
    }
    // A score off by e changes its weight by the factor exp(e), and e grows with the terms of the
    // dot product. Where it is large, near ties of huge scores, a token may weigh up to `most_p`.
    const double slack = 2 * terms * o.tolerance;
    std::vector<double> most_p;
    double total = 0;
    for (double& s : score) {
      most_p.push_back(std::exp(std::min(0.0, s - largest + slack)));
      total += s = std::exp(s - largest);
    }
    for (std::int64_t d = 0; d < head_dim; ++d) {
      double sum = 0, magnitude = 0;
      for (std::int64_t t = seen.first; t < seen.last; ++t) {
        const double p = score[size(t - seen.first)] / total;
        const double v = static_cast<double>(value(place(request, kv_head, t), d));
        sum += p * v;
        magnitude += std::max(p, std::min(1.0, most_p[size(t - seen.first)] / total)) * std::abs(v);
      }
      o.index.push_back(row * size(head_dim) + size(d));
      o.value.push_back(sum);
      o.scale.push_back(magnitude * (1 + terms) + 1e-30);
    }
  }
  return o;
}

}  // namespace inferbench
