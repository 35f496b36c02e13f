#include <dlfcn.h>

#include "bench/peers/peer.hpp"

#if INFERBENCH_HAS_ONEDNN
#include <dnnl.hpp>
#endif

namespace inferbench {

#if INFERBENCH_HAS_ONEDNN
namespace {

using Type = dnnl::memory::data_type;
using Tag = dnnl::memory::format_tag;
using Kernel = std::unique_ptr<PeerKernel>;

// Debian's oneDNN shares its work by OpenMP, whose runtime came with it.
void use_one_thread() {
  using SetThreads = void (*)(int);
  const auto set = reinterpret_cast<SetThreads>(dlsym(RTLD_DEFAULT, "omp_set_num_threads"));
  if (set != nullptr) set(1);
}

// A matmul of row-major activations by weights in the layout that the library asks for, rearranged
// once, on the calling thread.
class Matmul {
 public:
  Matmul(std::int64_t m, std::int64_t n, std::int64_t k, Type in, Type weights, Type out,
         void* in_data, void* weight_data, void* out_data, bool plain)
      : engine_(dnnl::engine::kind::cpu, 0), stream_(engine_) {
    use_one_thread();
    const dnnl::memory::desc in_desc({m, k}, in, Tag::ab), out_desc({m, n}, out, Tag::ab),
        given({k, n}, weights, Tag::ba), wanted({k, n}, weights, plain ? Tag::ba : Tag::any);
    const dnnl::matmul::primitive_desc chosen(dnnl::matmul::desc(in_desc, wanted, out_desc),
                                              engine_);
    packed_ = dnnl::memory(chosen.weights_desc(), engine_);
    dnnl::memory source(given, engine_, weight_data);
    dnnl::reorder(source, packed_).execute(stream_, source, packed_);
    stream_.wait();
    matmul_ = dnnl::matmul(chosen);
    arguments_ = {{DNNL_ARG_SRC, dnnl::memory(in_desc, engine_, in_data)},
                  {DNNL_ARG_WEIGHTS, packed_},
                  {DNNL_ARG_DST, dnnl::memory(out_desc, engine_, out_data)}};
  }
  void run() {
    matmul_.execute(stream_, arguments_);
    stream_.wait();
  }

 private:
  dnnl::engine engine_;
  dnnl::stream stream_;
  dnnl::memory packed_;
  dnnl::matmul matmul_;
  std::unordered_map<int, dnnl::memory> arguments_;
};

class FloatGemm final : public PeerKernel {
 public:
  explicit FloatGemm(const GemmProblem& p)
      : in_(p.in),
        weights_(p.weights.values),
        out_(p.outputs()),
        matmul_(p.m, p.n, p.k, Type::f32, Type::f32, Type::f32, in_.data(), weights_.data(),
                out_.data(), false) {}
  void run() override { matmul_.run(); }
  double output(std::size_t index) const override { return static_cast<double>(out_[index]); }

 private:
  std::vector<float> in_, weights_, out_;
  Matmul matmul_;
};

// Unsigned activations by signed weights; what the 128 in the activations adds is taken off where
// outputs are looked at, so the library is timed without it.
class IntegerGemm final : public PeerKernel {
 public:
  IntegerGemm(const Int8Operands& o, bool plain)
      : n_(static_cast<std::size_t>(o.n)),
        in_(o.in),
        weights_(o.weights),
        out_(static_cast<std::size_t>(o.m * o.n)),
        column_sum_(n_),
        matmul_(o.m, o.n, o.k, Type::u8, Type::s8, Type::s32, in_.data(), weights_.data(),
                out_.data(), plain) {
    for (std::size_t i = 0; i < weights_.size(); ++i) {
      column_sum_[i / static_cast<std::size_t>(o.k)] += weights_[i];
    }
  }
  void run() override { matmul_.run(); }
  double output(std::size_t index) const override {
    return static_cast<double>(out_[index] - 128 * column_sum_[index % n_]);
  }

 private:
  std::size_t n_;
  std::vector<std::uint8_t> in_;
  std::vector<std::int8_t> weights_;
  std::vector<std::int32_t> out_;
  std::vector<std::int64_t> column_sum_;
  Matmul matmul_;
};

class QuantisedGemm final : public PeerKernel {
 public:
  // Weights of 7 bits, the domain in which its AVX2 kernels do not saturate.
  QuantisedGemm(const GemmProblem& p, bool plain)
      : pair_(quantise_both(p, 63)), kernel_(pair_.operands, plain) {}
  void run() override { kernel_.run(); }
  double output(std::size_t index) const override {
    return pair_.value(index, static_cast<std::int64_t>(kernel_.output(index)));
  }

 private:
  QuantisedPair pair_;
  IntegerGemm kernel_;
};

std::string missing(const PeerOptions&) {
  return "";
}

}  // namespace

std::vector<Peer> onednn_peers() {
  return {
      {.name = "onednn f32",
       .op = "gemm",
       .summary = "matmul, weights rearranged as it likes them; fp32",
       .tolerance = 1e-5,
       .missing = missing,
       .bind = [](const Problem& p, const PeerOptions&) -> Kernel {
         return std::make_unique<FloatGemm>(gemm(p));
       }},
      {.name = "onednn u8s8",
       .op = "gemm",
       .summary = "matmul of bytes quantised beforehand (weights to 7 bits), sums left in int32; "
                  "weights rearranged as it likes them",
       .tolerance = 0.03,
       .missing = missing,
       .bind = [](const Problem& p, const PeerOptions&) -> Kernel {
         return std::make_unique<QuantisedGemm>(gemm(p), false);
       }},
      {.name = "onednn u8s8 plain",
       .op = "gemm",
       .summary = "the same over weights [n, k] as they are",
       .tolerance = 0.03,
       .missing = missing,
       .bind = [](const Problem& p, const PeerOptions&) -> Kernel {
         return std::make_unique<QuantisedGemm>(gemm(p), true);
       }}};
}

std::vector<Int8Peer> onednn_int8_peers() {
  return {{.name = "onednn u8s8",
           .missing = missing,
           .bind = [](const Int8Operands& o, const PeerOptions&) -> Kernel {
             return std::make_unique<IntegerGemm>(o, false);
           }}};
}

#else

// The names stay known, so that a table says why their rows are missing.
std::vector<Peer> onednn_peers() {
  std::vector<Peer> list;
  for (const char* name : {"onednn f32", "onednn u8s8", "onednn u8s8 plain"}) {
    list.push_back({.name = name, .op = "gemm", .summary = "matmul", .missing = [](const auto&) {
                      return std::string("built without libdnnl-dev; scripts/peers installs it");
                    }});
  }
  return list;
}
std::vector<Int8Peer> onednn_int8_peers() {
  return {};
}

#endif

}  // namespace inferbench
