#include <dlfcn.h>

#include <memory>
#include <vector>

#include "kernels/cpu/buffer.hpp"
#include "kernels/gemm/implementations.hpp"
#include "kernels/gemm/problem.hpp"

namespace inferbench {
namespace {

// The parts of cblas.h that are called: stable for twenty years, so building needs no header, and
// programs that never ask for OpenBLAS do not start its threads.
struct OpenBlas {
  void (*sgemm)(int order, int trans_a, int trans_b, int m, int n, int k, float alpha,
                const float* a, int lda, const float* b, int ldb, float beta, float* c,
                int ldc) = nullptr;
  void (*sgemv)(int order, int trans, int m, int n, float alpha, const float* a, int lda,
                const float* x, int incx, float beta, float* y, int incy) = nullptr;
  void (*set_threads)(int) = nullptr;
  std::string missing;
};

constexpr int kRowMajor = 101, kNoTrans = 111, kTrans = 112;

template <class F>
void look_up(void* library, const char* symbol, F& function) {
  function = reinterpret_cast<F>(dlsym(library, symbol));
}

OpenBlas load() {
  OpenBlas b;
  void* library = dlopen("libopenblas.so.0", RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    b.missing = "libopenblas.so.0 is not installed (apt-get install libopenblas0-pthread)";
    return b;
  }
  look_up(library, "cblas_sgemm", b.sgemm);
  look_up(library, "cblas_sgemv", b.sgemv);
  look_up(library, "openblas_set_num_threads", b.set_threads);
  if (!b.sgemm || !b.sgemv || !b.set_threads) b.missing = "libopenblas.so.0 has no CBLAS interface";
  return b;
}

const OpenBlas& openblas() {
  static const OpenBlas library = load();
  return library;
}

class Bound final : public BoundKernel {
 public:
  Bound(const GemmProblem& p, unsigned threads)
      : m_(static_cast<int>(p.m)),
        n_(static_cast<int>(p.n)),
        k_(static_cast<int>(p.k)),
        threads_(static_cast<int>(threads)),
        in_(p.in),
        weights_(p.weights.values),
        out_(p.outputs()) {}

  void run() override {
    const OpenBlas& blas = openblas();
    blas.set_threads(threads_);
    float* out = out_.span().data();
    if (m_ == 1) {  // its sgemm packs the weights to use them once
      blas.sgemv(kRowMajor, kNoTrans, n_, k_, 1.0F, weights_.data(), k_, in_.data(), 1, 0.0F, out,
                 1);
    } else {
      blas.sgemm(kRowMajor, kNoTrans, kTrans, m_, n_, k_, 1.0F, in_.data(), k_, weights_.data(), k_,
                 0.0F, out, n_);
    }
  }
  void poison() override { out_.poison(); }
  std::span<const float> output() override { return out_.span(); }
  bool guards_intact() const override { return out_.guards_intact(); }
  std::span<const std::byte> activations() override {
    return std::as_bytes(std::span<const float>(in_));
  }

 private:
  int m_, n_, k_, threads_;
  std::vector<float> in_, weights_;
  GuardedOutput out_;
};

}  // namespace

Implementation gemm_openblas() {
  return {.op = "gemm",
          .name = "openblas",
          .provider = "openblas",
          .formats = {"fp32"},
          .summary = "cblas_sgemm; cblas_sgemv for one row",
          .available =
              [](const KernelCase& c) {
                if (!openblas().missing.empty()) return Support::no(openblas().missing);
                for (const auto& [axis, size] : c.axes) {
                  if (size > INT32_MAX) return Support::no(axis + " is beyond 32 bit");
                }
                return Support::yes();
              },
          .bind = [](const Problem& p, unsigned threads) -> std::unique_ptr<BoundKernel> {
            return std::make_unique<Bound>(dynamic_cast<const GemmProblem&>(p), threads);
          }};
}

}  // namespace inferbench
