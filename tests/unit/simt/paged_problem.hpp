#pragma once

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>
#include <random>
#include <vector>

#include "kernels/cpu/convert.hpp"
#include "kernels/cuda/attention/paged.cuh"

namespace inferbench {

// Attention over a paged cache, drawn at random, for emulated kernels: what kernels/attention's
// problems are, in bf16 or e4m3. Tokens that no request has are NaN (e4m3: 480).
struct PagedProblem {
  struct Shape {
    std::vector<std::int32_t> context;  // of each request
    int tokens = 1, q_heads = 1, kv_heads = 1, head_dim = 128;
    bool e4m3 = false;
    int value_dim = 0;  // not 0: values are the first elements of keys
  };

  // 16-byte aligned, as what GPUs allocate.
  class Bytes {
   public:
    explicit Bytes(std::size_t bytes) : words_((bytes + 15) / 16) {}
    unsigned char* data() { return reinterpret_cast<unsigned char*>(words_.data()); }
    const unsigned char* data() const {
      return reinterpret_cast<const unsigned char*>(words_.data());
    }

   private:
    std::vector<simt::Words4> words_;
  };

  explicit PagedProblem(const Shape& s, unsigned seed = 1)
      : shape(s),
        max_blocks(1 + (longest(s) + 15) / 16),
        blocks(max_blocks * requests() + 3),
        value_dim(s.value_dim == 0 ? s.head_dim : s.value_dim),
        table(static_cast<std::size_t>(max_blocks * requests())),
        q(std::size_t{2} * static_cast<std::size_t>(rows() * s.head_dim)),
        keys(cache_bytes()),
        values(cache_bytes()),
        scale(1.0F / std::sqrt(static_cast<float>(s.head_dim))),
        random_(seed) {
    std::vector<std::int32_t> order(static_cast<std::size_t>(blocks));
    std::iota(order.begin(), order.end(), 0);
    std::shuffle(order.begin(), order.end(), random_);
    std::copy_n(order.begin(), table.size(), table.begin());
    for (int i = 0; i < rows() * s.head_dim; ++i) set(q.data(), false, i, normal_(random_));
    fill(keys);
    fill(values);
  }

  static int longest(const Shape& s) {
    return *std::max_element(s.context.begin(), s.context.end()) + s.tokens;
  }
  int requests() const { return static_cast<int>(shape.context.size()); }
  int rows() const { return requests() * shape.tokens * shape.q_heads; }
  std::size_t outputs() const { return static_cast<std::size_t>(rows() * value_dim); }

  cuda_attention::PagedOperands operands(std::vector<float>& out) const {
    return {.tokens = shape.tokens,
            .q_heads = shape.q_heads,
            .kv_heads = shape.kv_heads,
            .max_blocks = max_blocks,
            .scale_log2 = scale * 1.44269504F,
            .q = q.data(),
            .keys = keys.data(),
            .values = shape.value_dim == 0 ? values.data() : keys.data(),
            .block_table = table.data(),
            .context = shape.context.data(),
            .out = out.data()};
  }

  // Within 0.5 % of the sum of magnitudes: probabilities are rounded to bf16 once.
  void expect(const std::vector<float>& out) const {
    for (int row = 0; row < rows(); ++row) {
      const int request = row / (shape.tokens * shape.q_heads);
      const int token = row / shape.q_heads % shape.tokens;
      const int kv_head = row % shape.q_heads / (shape.q_heads / shape.kv_heads);
      const int seen = shape.context[static_cast<std::size_t>(request)] + token + 1;
      std::vector<double> p(static_cast<std::size_t>(seen));
      double most = -1e300, sum = 0;
      for (int at = 0; at < seen; ++at) {
        double score = 0;
        for (int d = 0; d < shape.head_dim; ++d) {
          score += get(q.data(), false, row * shape.head_dim + d) *
                   get(keys.data(), shape.e4m3, element(request, kv_head, at, d));
        }
        p[static_cast<std::size_t>(at)] = score * scale;
        most = std::max(most, score * scale);
      }
      for (double& x : p) sum += x = std::exp(x - most);
      const Bytes& from = shape.value_dim == 0 ? values : keys;
      for (int d = 0; d < value_dim; ++d) {
        double value = 0, magnitude = 0;
        for (int at = 0; at < seen; ++at) {
          const double v = get(from.data(), shape.e4m3, element(request, kv_head, at, d)) *
                           p[static_cast<std::size_t>(at)] / sum;
          value += v;
          magnitude += std::abs(v);
        }
        ASSERT_NEAR(out[static_cast<std::size_t>(row * value_dim + d)], value, 0.005 * magnitude)
            << "request " << request << ", token " << token << ", head " << row % shape.q_heads
            << ", element " << d;
      }
    }
  }

  Shape shape;
  int max_blocks, blocks, value_dim;
  std::vector<std::int32_t> table;
  Bytes q, keys, values;
  float scale;

 private:
  std::size_t cache_bytes() const {
    return static_cast<std::size_t>(blocks * shape.kv_heads * 16 * shape.head_dim) *
           (shape.e4m3 ? 1 : 2);
  }
  int element(int request, int kv_head, int token, int d) const {
    const int block = table[static_cast<std::size_t>(request * max_blocks + token / 16)];
    return ((block * shape.kv_heads + kv_head) * 16 + token % 16) * shape.head_dim + d;
  }
  static void set(unsigned char* to, bool e4m3, int at, float value) {
    if (e4m3) {
      to[at] = static_cast<unsigned char>(E4m3::encode(value, 0x7E));
    } else {
      const std::uint16_t bits = float_to_bf16(value);
      std::memcpy(to + std::size_t{2} * static_cast<std::size_t>(at), &bits, 2);
    }
  }
  static double get(const unsigned char* from, bool e4m3, int at) {
    if (e4m3) return E4m3::decode(from[at]);
    std::uint16_t bits = 0;
    std::memcpy(&bits, from + std::size_t{2} * static_cast<std::size_t>(at), 2);
    return bf16_to_float(bits);
  }
  void fill(Bytes& cache) {
    std::memset(cache.data(), shape.e4m3 ? 0x7F : 0xFF, cache_bytes());
    for (int request = 0; request < requests(); ++request) {
      const int length = shape.context[static_cast<std::size_t>(request)] + shape.tokens;
      for (int i = 0; i < length * shape.kv_heads * shape.head_dim; ++i) {
        const int d = i % shape.head_dim, head = i / shape.head_dim % shape.kv_heads;
        const int token = i / shape.head_dim / shape.kv_heads;
        set(cache.data(), shape.e4m3, element(request, head, token, d), normal_(random_));
      }
    }
  }

  std::mt19937 random_;
  std::normal_distribution<float> normal_;
};

}  // namespace inferbench
