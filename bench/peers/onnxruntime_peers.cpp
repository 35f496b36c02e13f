#include <cstring>

#include "bench/peers/onnxruntime.hpp"
#include "bench/peers/peer.hpp"
#include "kernels/quant/quantise.hpp"

namespace inferbench {
namespace {

template <class T>
OnnxBuffer buffer(std::string name, OnnxType type, std::vector<std::int64_t> shape,
                  std::vector<T>& data) {
  return {.name = std::move(name),
          .type = type,
          .shape = std::move(shape),
          .data = data.data(),
          .bytes = data.size() * sizeof(T)};
}

OnnxTensor described(const OnnxBuffer& b) {
  return {.name = b.name, .type = b.type, .shape = b.shape, .data = {}};
}

template <class T>
OnnxTensor constant(std::string name, OnnxType type, std::vector<std::int64_t> shape,
                    const std::vector<T>& data) {
  OnnxTensor t{.name = std::move(name), .type = type, .shape = std::move(shape), .data = {}};
  t.data.assign(reinterpret_cast<const char*>(data.data()), data.size() * sizeof(T));
  return t;
}

// [n, k] to [k, n], as MatMul wants its right side.
template <class To, class From>
std::vector<To> transposed(const std::vector<From>& from, std::int64_t n, std::int64_t k,
                           int add = 0) {
  std::vector<To> to(from.size());
  for (std::int64_t row = 0; row < n; ++row) {
    for (std::int64_t column = 0; column < k; ++column) {
      to[static_cast<std::size_t>(column * n + row)] = static_cast<To>(
          from[static_cast<std::size_t>(row * k + column)] + static_cast<From>(add));
    }
  }
  return to;
}

// in [m, k] fp32 to out [m, n] fp32.
class FloatGemm final : public PeerKernel {
 public:
  FloatGemm(const GemmProblem& p, OnnxNode node) : in_(p.in), out_(p.outputs()) {
    const OnnxBuffer in = buffer("A", OnnxType::float32, {p.m, p.k}, in_);
    const OnnxBuffer out = buffer("Y", OnnxType::float32, {p.m, p.n}, out_);
    node.feeds = {described(in)};
    node.results = {described(out)};
    session_ = std::make_unique<OnnxSession>(node, std::vector{in}, std::vector{out});
  }
  void run() override { session_->run(); }
  double output(std::size_t index) const override { return static_cast<double>(out_[index]); }

 private:
  std::vector<float> in_, out_;
  std::unique_ptr<OnnxSession> session_;
};

OnnxNode matmul(const GemmProblem& p) {
  return {.op = "MatMul",
          .inputs = {"A", "B"},
          .outputs = {"Y"},
          .constants = {constant("B", OnnxType::float32, {p.k, p.n},
                                 transposed<float>(p.weights.values, p.n, p.k))}};
}

// Nibbles in the order of k, the first of two in the low half; a zero point of 8 is the default.
OnnxNode matmul_nbits(const GemmProblem& p, int accuracy_level) {
  constexpr std::int64_t kBlock = 128;
  const QuantisedInt4 q = quantise_int4(p.weights.values, p.k, kBlock, false);
  const std::int64_t groups = q.groups(), half = kBlock / 2;
  std::vector<std::uint8_t> packed(static_cast<std::size_t>(p.n * groups * half));
  for (std::int64_t row = 0; row < p.n; ++row) {
    for (std::int64_t k = 0; k < p.k; ++k) {
      const auto value = static_cast<unsigned>(q.values[static_cast<std::size_t>(row * p.k + k)]);
      std::uint8_t& byte = packed[static_cast<std::size_t>(row * groups * half + k / 2)];
      byte = static_cast<std::uint8_t>(byte | value << (k % 2 == 0 ? 0U : 4U));
    }
  }
  return {.op = "MatMulNBits",
          .domain = "com.microsoft",
          .attributes = {{"K", p.k},
                         {"N", p.n},
                         {"bits", 4},
                         {"block_size", kBlock},
                         {"accuracy_level", accuracy_level}},
          .inputs = {"A", "B", "scales"},
          .outputs = {"Y"},
          .constants = {constant("B", OnnxType::uint8, {p.n, groups, half}, packed),
                        constant("scales", OnnxType::float32, {p.n * groups}, q.scale)}};
}

// Sums of unsigned by signed (or, with 128 added to the weights, unsigned by unsigned) bytes.
class IntegerGemm final : public PeerKernel {
 public:
  IntegerGemm(const Int8Operands& o, bool unsigned_weights)
      : in_(o.in), out_(static_cast<std::size_t>(o.m * o.n)) {
    const OnnxBuffer in = buffer("A", OnnxType::uint8, {o.m, o.k}, in_);
    const OnnxBuffer out = buffer("Y", OnnxType::int32, {o.m, o.n}, out_);
    OnnxNode node{.op = "MatMulInteger",
                  .inputs = {"A", "B", "a_zero_point", "b_zero_point"},
                  .outputs = {"Y"}};
    const std::vector<std::uint8_t> zero = {128};
    node.constants.push_back(constant("a_zero_point", OnnxType::uint8, {}, zero));
    if (unsigned_weights) {
      std::vector<int> wide(o.weights.begin(), o.weights.end());
      node.constants.push_back(constant("B", OnnxType::uint8, {o.k, o.n},
                                        transposed<std::uint8_t>(wide, o.n, o.k, 128)));
      node.constants.push_back(constant("b_zero_point", OnnxType::uint8, {}, zero));
    } else {
      node.constants.push_back(
          constant("B", OnnxType::int8, {o.k, o.n}, transposed<std::int8_t>(o.weights, o.n, o.k)));
      const std::vector<std::int8_t> none = {0};
      node.constants.push_back(constant("b_zero_point", OnnxType::int8, {}, none));
    }
    node.feeds = {described(in)};
    node.results = {described(out)};
    session_ = std::make_unique<OnnxSession>(node, std::vector{in}, std::vector{out});
  }
  void run() override { session_->run(); }
  double output(std::size_t index) const override { return out_[index]; }

 private:
  std::vector<std::uint8_t> in_;
  std::vector<std::int32_t> out_;
  std::unique_ptr<OnnxSession> session_;
};

// The same, from a problem in fp32, with the scales applied where outputs are looked at.
class QuantisedGemm final : public PeerKernel {
 public:
  explicit QuantisedGemm(const GemmProblem& p)
      : pair_(quantise_both(p, 127)), kernel_(pair_.operands, true) {}
  void run() override { kernel_.run(); }
  double output(std::size_t index) const override {
    return pair_.value(index, static_cast<std::int64_t>(kernel_.output(index)));
  }

 private:
  QuantisedPair pair_;
  IntegerGemm kernel_;
};

// [heads][tokens][d] to [tokens][heads][d].
std::vector<float> token_major(const std::vector<float>& from, std::int64_t heads,
                               std::int64_t tokens, std::int64_t d) {
  std::vector<float> to(from.size());
  for (std::int64_t h = 0; h < heads; ++h) {
    for (std::int64_t t = 0; t < tokens; ++t) {
      std::memcpy(to.data() + (t * heads + h) * d, from.data() + (h * tokens + t) * d,
                  static_cast<std::size_t>(d) * sizeof(float));
    }
  }
  return to;
}

// Keys and values in fp32, head by head, in a buffer that is past and present at once; the new
// tokens' are handed over beside it and copied in by the operator, as it always does.
class GroupQueryAttention final : public PeerKernel {
 public:
  explicit GroupQueryAttention(const AttentionProblem& p)
      : q_(p.q),
        k_cache_(dense_cache(p, true)),
        v_cache_(dense_cache(p, false)),
        out_(p.outputs()) {
    const std::int64_t all = p.context[0] + p.tokens, kv = p.kv_heads, d = p.head_dim;
    k_ = newest(k_cache_, kv, all, p.tokens, d);
    v_ = newest(v_cache_, kv, all, p.tokens, d);
    last_ = {static_cast<std::int32_t>(all - 1)};
    total_ = {static_cast<std::int32_t>(all)};
    const auto f32 = OnnxType::float32;
    const std::vector<OnnxBuffer> inputs = {
        buffer("query", f32, {1, p.tokens, p.q_heads * d}, q_),
        buffer("key", f32, {1, p.tokens, kv * d}, k_),
        buffer("value", f32, {1, p.tokens, kv * d}, v_),
        buffer("past_key", f32, {1, kv, all, d}, k_cache_),
        buffer("past_value", f32, {1, kv, all, d}, v_cache_),
        buffer("seqlens_k", OnnxType::int32, {1}, last_),
        buffer("total_sequence_length", OnnxType::int32, {1}, total_)};
    const std::vector<OnnxBuffer> outputs = {
        buffer("output", f32, {1, p.tokens, p.q_heads * d}, out_),
        buffer("present_key", f32, {1, kv, all, d}, k_cache_),
        buffer("present_value", f32, {1, kv, all, d}, v_cache_)};
    OnnxNode node{.op = "GroupQueryAttention",
                  .domain = "com.microsoft",
                  .attributes = {{"num_heads", p.q_heads}, {"kv_num_heads", kv}}};
    for (const OnnxBuffer& b : inputs) {
      node.inputs.push_back(b.name);
      node.feeds.push_back(described(b));
    }
    for (const OnnxBuffer& b : outputs) {
      node.outputs.push_back(b.name);
      node.results.push_back(described(b));
    }
    session_ = std::make_unique<OnnxSession>(node, inputs, outputs);
  }
  void run() override { session_->run(); }
  double output(std::size_t index) const override { return static_cast<double>(out_[index]); }

 private:
  static std::vector<float> newest(const std::vector<float>& cache, std::int64_t heads,
                                   std::int64_t all, std::int64_t tokens, std::int64_t d) {
    std::vector<float> latest;
    for (std::int64_t h = 0; h < heads; ++h) {
      const auto end = cache.begin() + (h + 1) * all * d;
      latest.insert(latest.end(), end - tokens * d, end);
    }
    return token_major(latest, heads, tokens, d);
  }

  std::vector<float> q_, k_, v_, k_cache_, v_cache_, out_;
  std::vector<std::int32_t> last_, total_;
  std::unique_ptr<OnnxSession> session_;
};

std::string missing(const PeerOptions& o) {
  return load_onnxruntime(o.node_modules);
}

using Kernel = std::unique_ptr<PeerKernel>;

Kernel bind_attention(const Problem& p, const PeerOptions&) {
  return std::make_unique<GroupQueryAttention>(attention(p));
}

}  // namespace

std::vector<Peer> onnxruntime_peers() {
  return {
      {.name = "onnxruntime matmul",
       .op = "gemm",
       .summary = "MatMul; fp32",
       .tolerance = 1e-5,
       .missing = missing,
       .bind = [](const Problem& p, const PeerOptions&) -> Kernel {
         return std::make_unique<FloatGemm>(gemm(p), matmul(gemm(p)));
       }},
      {.name = "onnxruntime u8u8",
       .op = "gemm",
       .summary = "MatMulInteger of bytes quantised beforehand, sums left in int32",
       .tolerance = 0.03,
       .missing = missing,
       .bind = [](const Problem& p, const PeerOptions&) -> Kernel {
         return std::make_unique<QuantisedGemm>(gemm(p));
       }},
      {.name = "onnxruntime acc0",
       .op = "gemm",
       .summary = "MatMulNBits, block 128, accuracy level 0: fp32 activations",
       .tolerance = 0.2,
       .missing = missing,
       .bind = [](const Problem& p, const PeerOptions&) -> Kernel {
         return std::make_unique<FloatGemm>(gemm(p), matmul_nbits(gemm(p), 0));
       }},
      {.name = "onnxruntime acc4",
       .op = "gemm",
       .summary = "MatMulNBits, block 128, accuracy level 4: activations quantised to int8",
       .tolerance = 0.2,
       .missing = missing,
       .bind = [](const Problem& p, const PeerOptions&) -> Kernel {
         return std::make_unique<FloatGemm>(gemm(p), matmul_nbits(gemm(p), 4));
       }},
      {.name = "onnxruntime gqa prefill",
       .op = "prefill_attention",
       .summary = "GroupQueryAttention, causal; fp32, contiguous",
       .tolerance = 1e-4,
       .missing = missing,
       .bind = bind_attention},
      {.name = "onnxruntime gqa decode",
       .op = "paged_decode",
       .summary = "GroupQueryAttention of one token; fp32, contiguous, past and present shared",
       .tolerance = 1e-4,
       .missing = missing,
       .bind = bind_attention},
  };
}

std::vector<Int8Peer> onnxruntime_int8_peers() {
  return {{.name = "onnxruntime u8s8",
           .missing = missing,
           .bind = [](const Int8Operands& o, const PeerOptions&) -> Kernel {
             return std::make_unique<IntegerGemm>(o, false);
           }},
          {.name = "onnxruntime u8u8",
           .missing = missing,
           .bind = [](const Int8Operands& o, const PeerOptions&) -> Kernel {
             return std::make_unique<IntegerGemm>(o, true);
           }}};
}

}  // namespace inferbench
