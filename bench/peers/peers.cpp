#include <cmath>
#include <cstring>

#include "bench/peers/peer.hpp"
#include "harness/base/error.hpp"
#include "kernels/cpu/convert.hpp"
#include "kernels/registry.hpp"

namespace inferbench {
namespace {

template <class T>
void append(std::vector<T>& to, std::vector<T> from) {
  for (T& x : from) to.push_back(std::move(x));
}

// A vendor library that the registry of kernels already has.
class Registered final : public PeerKernel {
 public:
  explicit Registered(std::unique_ptr<BoundKernel> kernel) : kernel_(std::move(kernel)) {}
  void run() override { kernel_->run(); }
  double output(std::size_t index) const override {
    return static_cast<double>(kernel_->output()[index]);
  }

 private:
  std::unique_ptr<BoundKernel> kernel_;
};

}  // namespace

std::vector<Peer> registered_peers() {
  return {{.name = "openblas sgemm",
           .op = "gemm",
           .summary = "cblas_sgemm, for one row cblas_sgemv; fp32",
           .tolerance = 1e-5,
           .missing =
               [](const PeerOptions&) {
                 return supports(implementation("gemm", "openblas"), make_case("gemm", "fp32", {}))
                     .reason;
               },
           .bind = [](const Problem& p, const PeerOptions&) -> std::unique_ptr<PeerKernel> {
             return std::make_unique<Registered>(implementation("gemm", "openblas").bind(p, 1));
           }}};
}

const std::vector<Peer>& peers() {
  static const std::vector<Peer> all = [] {
    std::vector<Peer> list = registered_peers();
    append(list, onednn_peers());
    append(list, onnxruntime_peers());
    append(list, ggml_peers());
    return list;
  }();
  return all;
}

const Peer& peer(const std::string& name) {
  std::vector<std::string> known;
  for (const Peer& p : peers()) {
    if (p.name == name) return p;
    known.push_back(p.name);
  }
  throw unknown_name("bars", "peer", name, known);
}

const std::vector<Int8Peer>& int8_peers() {
  static const std::vector<Int8Peer> all = [] {
    std::vector<Int8Peer> list = onednn_int8_peers();
    append(list, onnxruntime_int8_peers());
    return list;
  }();
  return all;
}

QuantisedPair quantise_both(const GemmProblem& p, int largest) {
  QuantisedInt8 in = quantise_int8(p.in, p.k), weights = quantise_int8(p.weights.values, p.k);
  QuantisedPair q;
  q.operands = {.m = p.m, .n = p.n, .k = p.k, .in = {}, .weights = std::move(weights.values)};
  q.operands.in.reserve(in.values.size());
  for (const std::int8_t x : in.values) {
    q.operands.in.push_back(static_cast<std::uint8_t>(x + 128));
  }
  q.in_scale = std::move(in.scale);
  q.weight_scale = std::move(weights.scale);
  if (largest == 127) return q;
  const float shrink = static_cast<float>(largest) / 127.0F;
  for (std::int8_t& w : q.operands.weights) {
    w = static_cast<std::int8_t>(std::nearbyint(static_cast<float>(w) * shrink));
  }
  for (float& scale : q.weight_scale) scale /= shrink;
  return q;
}

double QuantisedPair::value(std::size_t index, std::int64_t sum) const {
  const auto n = static_cast<std::size_t>(operands.n);
  return static_cast<double>(in_scale[index / n]) * static_cast<double>(weight_scale[index % n]) *
         static_cast<double>(sum);
}

std::vector<float> dense_cache(const AttentionProblem& p, bool keys) {
  ensure(p.requests == 1 && (p.kv == KvType::fp32 || p.kv == KvType::fp16),
         "peers attend for one request over a cache in fp32 or fp16");
  const std::vector<std::byte>& cache = keys ? p.cache.keys : p.cache.values;
  const std::int64_t tokens = p.context[0] + p.tokens;
  const std::size_t bytes = kv_bytes(p.kv);
  std::vector<float> dense;
  dense.reserve(static_cast<std::size_t>(p.kv_heads * tokens * p.head_dim));
  for (std::int64_t head = 0; head < p.kv_heads; ++head) {
    for (std::int64_t t = 0; t < tokens; ++t) {
      const std::size_t first = p.place(0, head, t) * static_cast<std::size_t>(p.head_dim);
      for (std::size_t d = 0; d < static_cast<std::size_t>(p.head_dim); ++d) {
        const std::byte* at = cache.data() + (first + d) * bytes;
        if (p.kv == KvType::fp32) {
          float x = 0;
          std::memcpy(&x, at, sizeof(x));
          dense.push_back(x);
        } else {
          std::uint16_t x = 0;
          std::memcpy(&x, at, sizeof(x));
          dense.push_back(fp16_to_float(x));
        }
      }
    }
  }
  return dense;
}

}  // namespace inferbench
