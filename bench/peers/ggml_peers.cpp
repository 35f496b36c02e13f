#include <dlfcn.h>

#include <cmath>
#include <cstring>
#include <filesystem>
#include <span>

#include "bench/peers/peer.hpp"
#include "harness/base/error.hpp"
#include "kernels/cpu/convert.hpp"

namespace inferbench {
namespace {

// The part of ggml's C interface that is called here; objects are opaque.
//
// Source: ggml.h and ggml-backend.h of llama.cpp v0.5.0, as @node-llama-cpp/linux-x64 3.22 ships
// it.
using Object = void*;
struct InitParams {
  std::size_t mem_size;
  void* mem_buffer;
  bool no_alloc;
};
enum class GgmlType : int { f32 = 0, f16 = 1, q4_0 = 2, q8_0 = 8, q4_k = 12, bf16 = 30 };

struct Ggml {
  Object (*init)(InitParams) = nullptr;
  void (*free)(Object) = nullptr;
  Object (*new_tensor_2d)(Object, int, std::int64_t, std::int64_t) = nullptr;
  Object (*new_tensor_3d)(Object, int, std::int64_t, std::int64_t, std::int64_t) = nullptr;
  Object (*permute)(Object, Object, int, int, int, int) = nullptr;
  Object (*mul_mat)(Object, Object, Object) = nullptr;
  Object (*flash_attn_ext)(Object, Object, Object, Object, Object, float, float, float) = nullptr;
  void (*flash_attn_ext_set_prec)(Object, int) = nullptr;
  Object (*new_graph)(Object) = nullptr;
  void (*build_forward_expand)(Object, Object) = nullptr;
  std::size_t (*quantize_chunk)(int, const float*, void*, std::int64_t, std::int64_t, std::int64_t,
                                const float*) = nullptr;
  std::size_t (*row_size)(int, std::int64_t) = nullptr;
  void (*tensor_set)(Object, const void*, std::size_t, std::size_t) = nullptr;
  void (*tensor_get)(Object, void*, std::size_t, std::size_t) = nullptr;
  Object (*alloc_ctx_tensors)(Object, Object) = nullptr;
  void (*buffer_free)(Object) = nullptr;
  int (*graph_compute)(Object, Object) = nullptr;
  Object (*reg_dev_get)(Object, std::size_t) = nullptr;
  void* (*reg_get_proc_address)(Object, const char*) = nullptr;
  Object (*dev_init)(Object, const char*) = nullptr;
  Object (*dev_buffer_type)(Object) = nullptr;
  bool (*dev_supports_op)(Object, Object) = nullptr;
  const char* (*buft_name)(Object) = nullptr;
  void (*log_set)(void (*)(int, const char*, void*), void*) = nullptr;

  Object backend = nullptr, device = nullptr, buffer_type = nullptr, repack_type = nullptr;
  std::string cpu_library, problem;
};

Ggml& ggml() {
  static Ggml g;
  return g;
}

template <class F>
void find(void* library, const char* name, F& function) {
  function = reinterpret_cast<F>(dlsym(library, name));
  if (function == nullptr) ggml().problem = std::string("libggml has no ") + name;
}

void find_base(void* library) {
  Ggml& g = ggml();
  find(library, "ggml_init", g.init);
  find(library, "ggml_free", g.free);
  find(library, "ggml_new_tensor_2d", g.new_tensor_2d);
  find(library, "ggml_new_tensor_3d", g.new_tensor_3d);
  find(library, "ggml_permute", g.permute);
  find(library, "ggml_mul_mat", g.mul_mat);
  find(library, "ggml_flash_attn_ext", g.flash_attn_ext);
  find(library, "ggml_flash_attn_ext_set_prec", g.flash_attn_ext_set_prec);
  find(library, "ggml_new_graph", g.new_graph);
  find(library, "ggml_build_forward_expand", g.build_forward_expand);
  find(library, "ggml_quantize_chunk", g.quantize_chunk);
  find(library, "ggml_row_size", g.row_size);
  find(library, "ggml_backend_tensor_set", g.tensor_set);
  find(library, "ggml_backend_tensor_get", g.tensor_get);
  find(library, "ggml_backend_alloc_ctx_tensors_from_buft", g.alloc_ctx_tensors);
  find(library, "ggml_backend_buffer_free", g.buffer_free);
  find(library, "ggml_backend_graph_compute", g.graph_compute);
  find(library, "ggml_backend_reg_dev_get", g.reg_dev_get);
  find(library, "ggml_backend_reg_get_proc_address", g.reg_get_proc_address);
  find(library, "ggml_backend_dev_init", g.dev_init);
  find(library, "ggml_backend_dev_buffer_type", g.dev_buffer_type);
  find(library, "ggml_backend_dev_supports_op", g.dev_supports_op);
  find(library, "ggml_backend_buft_name", g.buft_name);
  find(library, "ggml_log_set", g.log_set);
}

// The CPU library with the best score, as ggml itself chooses; `isa` avx2 asks for haswell's.
std::string best_cpu_library(const std::string& folder, Isa isa) {
  if (isa == Isa::avx2) return folder + "/libggml-cpu-haswell.so";
  std::string best;
  int best_score = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string name = entry.path().filename();
    if (!name.starts_with("libggml-cpu-")) continue;
    void* library = dlopen(entry.path().c_str(), RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) continue;
    const auto score = reinterpret_cast<int (*)()>(dlsym(library, "ggml_backend_score"));
    const int points = score == nullptr ? 0 : score();
    if (points > best_score) best_score = points, best = entry.path();
    dlclose(library);
  }
  return best;
}

void start_backend(void* cpu) {
  Ggml& g = ggml();
  Object (*backend_init)() = nullptr;
  find(cpu, "ggml_backend_init", backend_init);
  if (!g.problem.empty()) return;
  Object registry = backend_init();
  g.device = g.reg_dev_get(registry, 0);
  g.backend = g.dev_init(g.device, nullptr);
  g.buffer_type = g.dev_buffer_type(g.device);
  const auto set_threads = reinterpret_cast<void (*)(Object, int)>(
      g.reg_get_proc_address(registry, "ggml_backend_set_n_threads"));
  const auto extra = reinterpret_cast<Object* (*)(Object)>(
      g.reg_get_proc_address(registry, "ggml_backend_dev_get_extra_bufts"));
  if (set_threads == nullptr || extra == nullptr) {
    g.problem = "libggml-cpu does not let its threads be set";
    return;
  }
  set_threads(g.backend, 1);
  for (Object* type = extra(g.device); type != nullptr && *type != nullptr; ++type) {
    if (std::strcmp(g.buft_name(*type), "CPU_REPACK") == 0) g.repack_type = *type;
  }
}

std::string missing(const PeerOptions& options) {
  Ggml& g = ggml();
  if (g.backend != nullptr || !g.problem.empty()) return g.problem;
  const std::string folder = options.node_modules + "/@node-llama-cpp/linux-x64/bins/linux-x64";
  if (!std::filesystem::exists(folder)) return folder + " is not there; scripts/peers installs it";
  // CPU libraries name the base library as one they need; once loaded it is found.
  void* base = dlopen((folder + "/libggml-base.so").c_str(), RTLD_NOW | RTLD_GLOBAL);
  if (base == nullptr) return g.problem = dlerror();
  find_base(base);
  if (!g.problem.empty()) return g.problem;
  g.log_set([](int, const char*, void*) {}, nullptr);  // it tells of every weight that it repacks
  g.cpu_library = best_cpu_library(folder, options.isa);
  void* cpu = dlopen(g.cpu_library.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (cpu == nullptr) return g.problem = "no libggml-cpu that runs here";
  start_backend(cpu);
  return g.problem;
}

// A context whose tensors' memory lies in a buffer of its own.
class Context {
 public:
  Context() : handle_(ggml().init({kRoom, nullptr, true})) {}
  ~Context() {
    if (buffer_ != nullptr) ggml().buffer_free(buffer_);
    ggml().free(handle_);
  }
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  Object handle() const { return handle_; }
  void allocate(Object type) {
    buffer_ = ggml().alloc_ctx_tensors(handle_, type);
    if (buffer_ == nullptr) throw Failure("ggml cannot allocate its tensors");
  }

 private:
  static constexpr std::size_t kRoom = std::size_t{1} << 20U;  // of a few tensors and a graph
  Object handle_, buffer_ = nullptr;
};

// What both ops share: a graph of one node, computed by the CPU backend on the calling thread.
class Graph {
 public:
  void finish(Context& context, Object result, std::size_t outputs) {
    result_ = result;
    out_.resize(outputs);
    graph_ = ggml().new_graph(context.handle());
    ggml().build_forward_expand(graph_, result);
    context.allocate(ggml().buffer_type);
    if (!ggml().dev_supports_op(ggml().device, result)) throw Failure("ggml does not support it");
  }
  void run() {
    if (ggml().graph_compute(ggml().backend, graph_) != 0) throw Failure("ggml failed");
    stale_ = true;
  }
  double output(std::size_t index) const {
    if (stale_) ggml().tensor_get(result_, out_.data(), 0, out_.size() * sizeof(float));
    stale_ = false;
    return static_cast<double>(out_[index]);
  }

 private:
  Object graph_ = nullptr, result_ = nullptr;
  mutable std::vector<float> out_;
  mutable bool stale_ = true;
};

std::vector<std::byte> encoded(std::span<const float> rows, std::int64_t count, std::int64_t k,
                               GgmlType type) {
  const Ggml& g = ggml();
  const int code = static_cast<int>(type);
  std::vector<std::byte> out(static_cast<std::size_t>(count) * g.row_size(code, k));
  if (type == GgmlType::f32) {
    std::memcpy(out.data(), rows.data(), out.size());
  } else if (type == GgmlType::f16 || type == GgmlType::bf16) {
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const std::uint16_t x =
          type == GgmlType::f16 ? float_to_fp16(rows[i]) : float_to_bf16(rows[i]);
      std::memcpy(out.data() + 2 * i, &x, sizeof(x));
    }
  } else {
    g.quantize_chunk(code, rows.data(), out.data(), 0, count, k, nullptr);
  }
  return out;
}

class MulMat final : public PeerKernel {
 public:
  MulMat(const GemmProblem& p, GgmlType type, bool repack) {
    const Ggml& g = ggml();
    if (repack && g.repack_type == nullptr) throw Failure("ggml has no repacked weights here");
    Object weights = g.new_tensor_2d(weights_.handle(), static_cast<int>(type), p.k, p.n);
    weights_.allocate(repack ? g.repack_type : g.buffer_type);
    Object in = g.new_tensor_2d(rest_.handle(), static_cast<int>(GgmlType::f32), p.k, p.m);
    graph_.finish(rest_, g.mul_mat(rest_.handle(), weights, in), p.outputs());
    const std::vector<std::byte> bytes = encoded(p.weights.values, p.n, p.k, type);
    g.tensor_set(weights, bytes.data(), 0, bytes.size());
    g.tensor_set(in, p.in.data(), 0, p.in.size() * sizeof(float));
  }
  void run() override { graph_.run(); }
  double output(std::size_t index) const override { return graph_.output(index); }

 private:
  Context weights_, rest_;
  Graph graph_;
};

// Causal, through a mask; one query of decode sees all, without one.
class FlashAttention final : public PeerKernel {
 public:
  FlashAttention(const AttentionProblem& p, GgmlType type) {
    const Ggml& g = ggml();
    Object c = context_.handle();
    const std::int64_t all = p.context[0] + p.tokens, d = p.head_dim;
    const int f32 = static_cast<int>(GgmlType::f32), f16 = static_cast<int>(GgmlType::f16);
    Object q = g.new_tensor_3d(c, f32, d, p.q_heads, p.tokens);
    Object k = g.new_tensor_3d(c, static_cast<int>(type), d, all, p.kv_heads);
    Object v = g.new_tensor_3d(c, static_cast<int>(type), d, all, p.kv_heads);
    const std::int64_t padded = (p.tokens + 63) / 64 * 64;
    Object mask = p.tokens > 1 ? g.new_tensor_2d(c, f16, all, padded) : nullptr;
    const float scale = 1.0F / std::sqrt(static_cast<float>(d));
    Object out = g.flash_attn_ext(c, g.permute(c, q, 0, 2, 1, 3), k, v, mask, scale, 0, 0);
    constexpr int kPrecisionF32 = 10;  // as llama.cpp asks for
    g.flash_attn_ext_set_prec(out, kPrecisionF32);
    graph_.finish(context_, out, p.outputs());
    g.tensor_set(q, p.q.data(), 0, p.q.size() * sizeof(float));
    for (const bool keys : {true, false}) {
      const std::vector<std::byte> bytes = encoded(dense_cache(p, keys), p.kv_heads * all, d, type);
      g.tensor_set(keys ? k : v, bytes.data(), 0, bytes.size());
    }
    if (mask == nullptr) return;
    const std::vector<std::uint16_t> bits = causal_mask(p, all, padded);
    g.tensor_set(mask, bits.data(), 0, bits.size() * sizeof(std::uint16_t));
  }
  void run() override { graph_.run(); }
  double output(std::size_t index) const override { return graph_.output(index); }

 private:
  static std::vector<std::uint16_t> causal_mask(const AttentionProblem& p, std::int64_t all,
                                                std::int64_t padded) {
    constexpr std::uint16_t kMinusInfinity = 0xFC00;
    std::vector<std::uint16_t> bits(static_cast<std::size_t>(all * padded), kMinusInfinity);
    for (std::int64_t t = 0; t < p.tokens; ++t) {
      for (std::int64_t s = 0; s <= p.context[0] + t; ++s) {
        bits[static_cast<std::size_t>(t * all + s)] = 0;
      }
    }
    return bits;
  }

  Context context_;
  Graph graph_;
};

using Kernel = std::unique_ptr<PeerKernel>;

template <GgmlType kType, bool kRepack>
Kernel bind_gemm(const Problem& p, const PeerOptions&) {
  return std::make_unique<MulMat>(gemm(p), kType, kRepack);
}

template <GgmlType kType>
Kernel bind_attention(const Problem& p, const PeerOptions&) {
  return std::make_unique<FlashAttention>(attention(p), kType);
}

}  // namespace

std::vector<Peer> ggml_peers() {
  const auto gemm = [](const char* name, const char* summary, double tolerance, auto bind) {
    return Peer{.name = name,
                .op = "gemm",
                .summary = summary,
                .tolerance = tolerance,
                .missing = missing,
                .bind = bind};
  };
  const auto attention = [](const char* name, const char* op, const char* summary, auto bind) {
    return Peer{.name = name,
                .op = op,
                .summary = summary,
                .tolerance = 0.05,  // it sums in fp16, over thousands of tokens
                .missing = missing,
                .bind = bind};
  };
  return {
      gemm("ggml bf16", "bf16 weights, fp32 activations rounded to bf16", 0.01,
           bind_gemm<GgmlType::bf16, false>),
      gemm("ggml f16", "fp16 weights, fp32 activations rounded to fp16", 0.01,
           bind_gemm<GgmlType::f16, false>),
      gemm("ggml q8_0", "int8 in blocks of 32, activations quantised alike", 0.03,
           bind_gemm<GgmlType::q8_0, false>),
      gemm("ggml q4_0", "int4 in blocks of 32, repacked; activations quantised to int8", 0.2,
           bind_gemm<GgmlType::q4_0, true>),
      gemm("ggml q4_K", "int4 in super-blocks of 256, repacked; activations quantised to int8", 0.2,
           bind_gemm<GgmlType::q4_k, true>),
      attention("ggml flash f32", "prefill_attention", "head-major, contiguous; fp32",
                bind_attention<GgmlType::f32>),
      attention("ggml flash f16", "prefill_attention", "head-major, contiguous; fp16 cache",
                bind_attention<GgmlType::f16>),
      attention("ggml decode f16", "paged_decode", "head-major, contiguous; fp16 cache",
                bind_attention<GgmlType::f16>),
  };
}

}  // namespace inferbench
