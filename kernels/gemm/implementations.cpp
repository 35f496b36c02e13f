#include "kernels/gemm/implementations.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include "kernels/gemm/linear.hpp"
#include "kernels/gemm/problem.hpp"

namespace inferbench {
namespace {

class PackedGemm final : public BoundKernel {
 public:
  PackedGemm(const GemmProblem& p, Isa level, unsigned threads)
      : linear_(p.weights, p.scales, level),
        in_(p.in16.empty() ? p.in.size() : 0),
        in16_(p.in16.size()),
        out_(p.outputs()),
        team_(threads) {
    std::copy_n(p.in.begin(), in_.size(), in_.data());
    std::copy_n(p.in16.begin(), in16_.size(), in16_.data());
  }

  // Preparing activations is part of what is timed: they arrive in their own type at every step.
  void run() override {
    if (in16_.size() == 0) {
      linear_.run(std::as_const(in_).span(), out_.span(), team_, workspace_);
    } else {
      linear_.run(std::as_const(in16_).span(), out_.span(), team_, workspace_);
    }
  }
  void poison() override { out_.poison(); }
  std::span<const float> output() override { return out_.span(); }
  bool guards_intact() const override { return out_.guards_intact(); }
  std::span<const std::byte> activations() override {
    return in_.size() > 0 ? std::as_bytes(std::span<const float>(in_.span()))
                          : std::as_bytes(std::span<const std::uint16_t>(in16_.span()));
  }

 private:
  PackedLinear linear_;
  LinearWorkspace workspace_;
  Buffer<float> in_;
  Buffer<std::uint16_t> in16_;
  GuardedOutput out_;
  ThreadTeam team_;
};

class Reference final : public BoundKernel {
 public:
  explicit Reference(const GemmProblem& p) : problem_(p), out_(p.outputs()) {}

  void run() override {
    for (std::int64_t row = 0; row < problem_.m; ++row) {
      for (std::int64_t column = 0; column < problem_.n; ++column) {
        out_.span()[static_cast<std::size_t>(row * problem_.n + column)] =
            static_cast<float>(problem_.element(row, column).value);
      }
    }
  }
  void poison() override { out_.poison(); }
  std::span<const float> output() override { return out_.span(); }
  bool guards_intact() const override { return out_.guards_intact(); }

 private:
  GemmProblem problem_;
  GuardedOutput out_;
};

const GemmProblem& gemm(const Problem& p) {
  return dynamic_cast<const GemmProblem&>(p);
}

template <Isa kLevel>
std::unique_ptr<BoundKernel> bind(const Problem& p, unsigned threads) {
  return std::make_unique<PackedGemm>(gemm(p), kLevel, threads);
}

std::vector<std::string> every_format() {
  std::vector<std::string> names;
  for (const GemmFormat& f : gemm_formats()) names.push_back(f.name);
  return names;
}

std::vector<std::string> formats_of(Isa level) {
  std::vector<std::string> names;
  for (const GemmFormat& f : gemm_formats()) {
    if (tiles_for(f, level) != nullptr) names.push_back(f.name);
  }
  return names;
}

Support size_fits(const KernelCase& c) {
  return linear_support(gemm_format(c.format), c.at("k"));
}

}  // namespace

Op gemm_op() {
  return {.name = "gemm",
          .summary = "out[m, n] = in[m, k] * weights[n, k]: a linear layer",
          .axes = {{.name = "m", .preset = 16, .meaning = "tokens"},
                   {.name = "n", .preset = 4096, .meaning = "output features"},
                   {.name = "k", .preset = 4096, .meaning = "input features"}},
          .formats = every_format(),
          .problem = [](const KernelCase& c) -> std::unique_ptr<Problem> {
            return std::make_unique<GemmProblem>(c);
          }};
}

Implementation gemm_avx512_bf16() {
  return {.op = "gemm",
          .name = "avx512_bf16",
          .provider = "own",
          .needs = Isa::avx512_bf16,
          .formats = formats_of(Isa::avx512_bf16),
          .summary = "packed weights, vdpbf16ps, tiles of 14 x 32",
          .bind = bind<Isa::avx512_bf16>};
}

Implementation gemm_avx512_vnni() {
  return {.op = "gemm",
          .name = "avx512_vnni",
          .provider = "own",
          .needs = Isa::avx512_vnni,
          .formats = formats_of(Isa::avx512_vnni),
          .summary = "packed weights, vpdpbusd, exact integer sums, tiles of up to 14 x 32",
          .available = size_fits,
          .bind = bind<Isa::avx512_vnni>};
}

Implementation gemm_avx512() {
  return {.op = "gemm",
          .name = "avx512",
          .provider = "own",
          .needs = Isa::avx512,
          .formats = formats_of(Isa::avx512),
          .summary = "packed weights, fp32 math, tiles of up to 14 x 32",
          .bind = bind<Isa::avx512>};
}

Implementation gemm_avx2() {
  return {.op = "gemm",
          .name = "avx2",
          .provider = "own",
          .needs = Isa::avx2,
          .formats = formats_of(Isa::avx2),
          .summary = "packed weights, fp32 math or exact integer sums, tiles of up to 6 x 16",
          .available = size_fits,
          .bind = bind<Isa::avx2>};
}

Implementation gemm_portable() {
  return {
      .op = "gemm",
      .name = "portable",
      .provider = "own",
      .formats = formats_of(Isa::portable),
      .summary = "packed weights, four lanes of the compiler's own vectors, tiles of up to 4 x 8",
      .available = size_fits,
      .bind = bind<Isa::portable>};
}

Implementation gemm_reference() {
  return {.op = "gemm",
          .name = "reference",
          .provider = "reference",
          .formats = every_format(),
          .summary = "one loop per axis, sums in fp64 or in integers",
          .bind = [](const Problem& p, unsigned) -> std::unique_ptr<BoundKernel> {
            return std::make_unique<Reference>(gemm(p));
          }};
}

}  // namespace inferbench
