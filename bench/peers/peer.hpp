#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "kernels/attention/problem.hpp"
#include "kernels/cpu/kernel.hpp"
#include "kernels/gemm/problem.hpp"

namespace inferbench {

// A library's kernel with its operands in place and its weights packed. What run() does is what is
// timed; it works on the calling thread alone.
class PeerKernel {
 public:
  virtual ~PeerKernel() = default;
  virtual void run() = 0;
  virtual double output(std::size_t index) const = 0;  // after run(), in the order of own outputs
};

// The problem of an op, as its peers know it.
inline const GemmProblem& gemm(const Problem& p) {
  return dynamic_cast<const GemmProblem&>(p);
}
inline const AttentionProblem& attention(const Problem& p) {
  return dynamic_cast<const AttentionProblem&>(p);
}

// Where peers are found, and what they may use.
struct PeerOptions {
  std::string node_modules;  // with onnxruntime-node and @node-llama-cpp/linux-x64
  Isa isa = Isa::portable;   // portable: the library's own choice; avx2: no more than that
};

// One way a library computes an op.
struct Peer {
  std::string name;      // "onnxruntime matmul": the library first
  std::string op;        // "gemm", "prefill_attention" or "paged_decode"
  std::string summary;   // types and what is not the same as in ours
  double tolerance = 0;  // largest root mean square error, relative to that of the outputs
  std::string (*missing)(const PeerOptions&) = nullptr;  // "" when it is here, else why not

  // From the problem in fp32 (gemm) or in the format of the cache (attention), which may go away.
  std::unique_ptr<PeerKernel> (*bind)(const Problem&, const PeerOptions&) = nullptr;
};

const std::vector<Peer>& peers();

// Throws Error, with the nearest names, for one that does not exist.
const Peer& peer(const std::string& name);

// Operands of an int8 product as they are: activations unsigned, weights [n, k] signed.
struct Int8Operands {
  std::int64_t m = 0, n = 0, k = 0;
  std::vector<std::uint8_t> in;
  std::vector<std::int8_t> weights;
};

// A library's product of unsigned by signed bytes, for showing what full-range operands give.
struct Int8Peer {
  std::string name;
  std::string (*missing)(const PeerOptions&) = nullptr;
  std::unique_ptr<PeerKernel> (*bind)(const Int8Operands&, const PeerOptions&) = nullptr;
};
const std::vector<Int8Peer>& int8_peers();

// What peers of each library add to the lists above.
std::vector<Peer> registered_peers();
std::vector<Peer> onnxruntime_peers();
std::vector<Peer> ggml_peers();
std::vector<Peer> onednn_peers();
std::vector<Int8Peer> onnxruntime_int8_peers();
std::vector<Int8Peer> onednn_int8_peers();

// Both operands of a gemm problem as int8, per row and per output channel, the activations with 128
// added. `largest`: of the weights' magnitudes, 127 or 63.
struct QuantisedPair {
  Int8Operands operands;
  std::vector<float> in_scale, weight_scale;
  double value(std::size_t index, std::int64_t sum) const;  // of a sum without the 128
};
QuantisedPair quantise_both(const GemmProblem& p, int largest);

// Keys and values of the one request of a problem as [kv_heads][tokens][head_dim] fp32, bits and
// all from a cache in fp32 or fp16.
std::vector<float> dense_cache(const AttentionProblem& p, bool keys);

}  // namespace inferbench
