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

// Every value of a narrow type: conversions one by one are what the reference would spend its time
// on.
template <class Code, float (*kDecode)(Code)>
const std::vector<float>& values_of() {
  static const std::vector<float> values = [] {
    std::vector<float> v(std::size_t{1} << (8 * sizeof(Code)));
    for (std::size_t code = 0; code < v.size(); ++code) v[code] = kDecode(static_cast<Code>(code));
    return v;
  }();
  return values;
}

float decode(KvType type, const std::vector<std::byte>& data, std::size_t at, float scale) {
  switch (type) {
    case KvType::fp32:
      return element<float>(data, at);
    case KvType::bf16:
      return bf16_to_float(element<std::uint16_t>(data, at));
    case KvType::fp16:
      return values_of<std::uint16_t, fp16_to_float>()[element<std::uint16_t>(data, at)];
    case KvType::int8:
      return scale * static_cast<float>(element<std::int8_t>(data, at));
    case KvType::e4m3:
      return values_of<std::uint8_t, e4m3_to_float>()[element<std::uint8_t>(data, at)];
    case KvType::e5m2:
      return values_of<std::uint8_t, e5m2_to_float>()[element<std::uint8_t>(data, at)];
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

// Contexts like `context` for all; drawn uniformly up to it; or, with skew s, falling off like
// Zipf's law: the r-th longest is context / r^(s / 100), in random order.
std::vector<std::int64_t> drawn_contexts(const KernelCase& c) {
  RandomStream random = Random(c.seed).stream("attention context");
  const std::int64_t most = c.at("context"), skew = c.at("skew");
  std::vector<std::int64_t> contexts(size(c.at("requests")));
  for (std::size_t r = 0; r < contexts.size(); ++r) {
    const double rank = std::pow(static_cast<double>(r + 1), static_cast<double>(skew) / 100.0);
    const auto longest = static_cast<std::int64_t>(static_cast<double>(most) / rank);
    contexts[r] = c.at("ragged") != 0 && longest > 0 ? random.between(0, longest) : longest;
  }
  if (skew == 0) return contexts;
  for (std::size_t i = contexts.size(); i > 1; --i) {
    std::swap(contexts[i - 1], contexts[random.below(i)]);
  }
  return contexts;
}

std::int64_t new_tokens(const KernelCase& c) {
  return c.axes.contains("tokens") ? c.at("tokens") : c.at("q");
}

// int8: with its scales.
double kv_element_bytes(KvType kv, double vector_pair) {
  const auto bytes = static_cast<double>(kv_bytes(kv));
  return kv == KvType::int8 ? bytes + 8.0 / vector_pair : bytes;
}

AttentionHeads heads_of(const KernelCase& c) {
  const auto real = [&](const char* axis) { return static_cast<double>(c.at(axis)); };
  const KvType kv = kv_type(c.format);
  if (c.axes.contains("latent")) {
    return mla_absorbed_heads(real("q_heads"), real("latent"), real("rope"),
                              static_cast<double>(kv_bytes(kv)));
  }
  const double key = real("head_dim");
  const double value = c.at("value_dim") > 0 ? real("value_dim") : key;
  return grouped_query_heads(real("q_heads"), real("kv_heads"), key, value,
                             kv_element_bytes(kv, key + value));
}

}  // namespace

AttentionProblem::AttentionProblem(const KernelCase& c)
    : requests(c.at("requests")),
      tokens(new_tokens(c)),
      q_heads(c.at("q_heads")),
      latent(c.axes.contains("latent")),
      kv(kv_type(c.format)),
      case_(c) {
  if (latent) {
    kv_heads = 1, value_dim = c.at("latent"), head_dim = value_dim + c.at("rope");
    scale = 1 / std::sqrt(static_cast<double>(c.at("nope") + c.at("rope")));
  } else {
    kv_heads = c.at("kv_heads"), head_dim = c.at("head_dim"), window = c.at("window");
    value_dim = c.at("value_dim") > 0 ? c.at("value_dim") : head_dim;
    scale = 1 / std::sqrt(static_cast<double>(head_dim));
  }
  if (q_heads % kv_heads != 0) {
    throw Error(
        c.op,
        "q_heads = " + std::to_string(q_heads) + " with kv_heads = " + std::to_string(kv_heads),
        "each key-value head serves equally many query heads");
  }
  context = drawn_contexts(c);
  lay_out_blocks();
  q.resize(size(requests * tokens * q_heads * head_dim));
  fill_matrix(q, head_dim, c.fill, 1.0, c.seed, "attention q");
  const std::size_t slots = size(blocks * kv_heads * kKvBlock);
  // Slots that hold no token are NaN (or large): reading them shows.
  cache.keys.assign(slots * size(head_dim) * kv_bytes(kv), std::byte{0xFF});
  if (!latent) cache.values.assign(slots * size(value_dim) * kv_bytes(kv), std::byte{0xFF});
  if (kv == KvType::int8) {
    cache.key_scale.assign(slots, std::numeric_limits<float>::quiet_NaN());
    cache.value_scale = cache.key_scale;
  }
  fill_cache(cache.keys, head_dim, "attention k", cache.key_scale);
  if (!latent) fill_cache(cache.values, value_dim, "attention v", cache.value_scale);
}

// Blocks in random order, as they are after a while of serving.
void AttentionProblem::lay_out_blocks() {
  RandomStream random = Random(case_.seed).stream("attention blocks");
  for (const std::int64_t c : context) {
    const std::int64_t needed = (c + tokens + kKvBlock - 1) / kKvBlock;
    max_blocks = std::max(max_blocks, needed);
    blocks += needed;
  }
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
}

AttentionShape AttentionProblem::heads() const {
  return {.q_heads = q_heads,
          .kv_heads = kv_heads,
          .key_dim = head_dim,
          .value_dim = value_dim,
          .window = window,
          .scale = static_cast<float>(scale)};
}

void AttentionProblem::fill_cache(std::vector<std::byte>& data, std::int64_t dim,
                                  const char* stream, std::vector<float>& scales) {
  std::vector<float> row(size(kv_heads * dim));
  for (std::int64_t r = 0; r < requests; ++r) {
    for (std::int64_t t = 0; t < context[size(r)] + tokens; ++t) {
      const auto draw = case_.seed + size(r * 1'000'003 + t) * 2654435761U;
      fill_matrix(row, dim, case_.fill, 1.0, draw, stream);
      for (std::int64_t h = 0; h < kv_heads; ++h) {
        const std::size_t at = place(r, h, t);
        encode(kv, std::span(row).subspan(size(h * dim), size(dim)), data, at,
               scales.empty() ? nullptr : &scales[at]);
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
  if (latent) return key(at, d);
  return decode(kv, cache.values, at * size(value_dim) + size(d),
                cache.value_scale.empty() ? 0 : cache.value_scale[at]);
}

Work AttentionProblem::work_of(const KernelCase& c) {
  AttentionHeads heads = heads_of(c);
  heads.io_bytes = 4;
  const double window = c.axes.contains("window") ? static_cast<double>(c.at("window")) : 0;
  AttentionLoad load;
  for (const std::int64_t context : drawn_contexts(c)) {
    load +=
        attention_load(static_cast<double>(context), static_cast<double>(new_tokens(c)), window);
  }
  return inferbench::work(heads, load);
}

std::size_t AttentionProblem::outputs() const {
  return size(requests * tokens * q_heads * value_dim);
}

void AttentionProblem::round_for_device() {
  for (float& x : q) x = bf16_to_float(float_to_bf16(x));
}

// One loop per axis, in fp64: scores, softmax, weighted sum.
Oracle AttentionProblem::oracle(std::size_t most) const {
  Oracle o;
  o.tolerance = (16.0 + 4.0 * std::sqrt(static_cast<double>(head_dim))) * 0x1p-24;
  o.why = "fp32 rounding of scores, exponentials and their weighted sum";
  const std::size_t rows = outputs() / size(value_dim);
  for (const std::size_t row :
       spread_indices(rows, std::max<std::size_t>(1, most / size(value_dim)), case_.seed)) {
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
      score.push_back(sum * scale);
      largest = std::max(largest, score.back());
      terms = std::max(terms, magnitude * scale);
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
    for (std::int64_t d = 0; d < value_dim; ++d) {
      double sum = 0, magnitude = 0;
      for (std::int64_t t = seen.first; t < seen.last; ++t) {
        const double p = score[size(t - seen.first)] / total;
        const double v = static_cast<double>(value(place(request, kv_head, t), d));
        sum += p * v;
        magnitude += std::max(p, std::min(1.0, most_p[size(t - seen.first)] / total)) * std::abs(v);
      }
      o.index.push_back(row * size(value_dim) + size(d));
      o.value.push_back(sum);
      o.scale.push_back(magnitude * (1 + terms) + 1e-30);
    }
  }
  return o;
}

}  // namespace inferbench
