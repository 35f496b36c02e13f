#include <cstring>
#include <memory>

#include "kernels/gemm/implementations.hpp"
#include "kernels/gemm/packed_gemm.hpp"
#include "kernels/gemm/problem.hpp"

namespace inferbench {
namespace {

class PackedF32 final : public BoundKernel {
 public:
  PackedF32(const GemmProblem& p, const TileSet& set, unsigned threads)
      : set_(set),
        weights_(pack_weights(reinterpret_cast<const std::byte*>(p.weights.data()), p.n, p.k,
                              sizeof(float), set)),
        rows_(p.m, weights_.padded_k, sizeof(float)),
        in_(p.in.size()),
        out_(p.outputs()),
        team_(threads) {
    std::memcpy(in_.data(), p.in.data(), p.in.size() * sizeof(float));
  }

  void run() override {
    team_.run([&](unsigned rank) {
      const Range mine = share(rows_.m, rank, team_.size());
      for (std::int64_t r = mine.begin; r < mine.end; ++r) {
        std::memcpy(rows_.row(r), in_.data() + r * weights_.k,
                    static_cast<std::size_t>(weights_.k) * sizeof(float));
      }
    });
    packed_gemm(set_, weights_, rows_, out_.span(), team_);
  }
  void poison() override { out_.poison(); }
  std::span<const float> output() override { return out_.span(); }
  bool guards_intact() const override { return out_.guards_intact(); }

 private:
  const TileSet& set_;
  PackedWeights weights_;
  PackedRows rows_;
  Buffer<float> in_;
  GuardedOutput out_;
  ThreadTeam team_;
};

class Reference final : public BoundKernel {
 public:
  explicit Reference(const GemmProblem& p)
      : m_(p.m), n_(p.n), k_(p.k), in_(p.in), weights_(p.weights), out_(p.outputs()) {}

  void run() override {
    for (std::int64_t m = 0; m < m_; ++m) {
      for (std::int64_t n = 0; n < n_; ++n) {
        float sum = 0;
        for (std::int64_t k = 0; k < k_; ++k) sum += in_[at(m, k)] * weights_[at(n, k)];
        out_.span()[static_cast<std::size_t>(m * n_ + n)] = sum;
      }
    }
  }
  void poison() override { out_.poison(); }
  std::span<const float> output() override { return out_.span(); }
  bool guards_intact() const override { return out_.guards_intact(); }

 private:
  std::size_t at(std::int64_t row, std::int64_t k) const {
    return static_cast<std::size_t>(row * k_ + k);
  }

  std::int64_t m_, n_, k_;
  std::vector<float> in_, weights_;
  GuardedOutput out_;
};

const GemmProblem& gemm(const Problem& p) {
  return dynamic_cast<const GemmProblem&>(p);
}

}  // namespace

Op gemm_op() {
  return {.name = "gemm",
          .summary = "out[m, n] = in[m, k] * weights[n, k]: a linear layer",
          .axes = {{.name = "m", .preset = 16, .meaning = "tokens"},
                   {.name = "n", .preset = 4096, .meaning = "output features"},
                   {.name = "k", .preset = 4096, .meaning = "input features"}},
          .formats = {"fp32"},
          .problem = [](const KernelCase& c) -> std::unique_ptr<Problem> {
            return std::make_unique<GemmProblem>(c);
          }};
}

Implementation gemm_avx512() {
  return {.op = "gemm",
          .name = "avx512",
          .provider = "own",
          .needs = Isa::avx512,
          .formats = {"fp32"},
          .summary = "packed weights, tiles of 14 x 32",
          .bind = [](const Problem& p, unsigned threads) -> std::unique_ptr<BoundKernel> {
            return std::make_unique<PackedF32>(gemm(p), tiles_f32_avx512(), threads);
          }};
}

Implementation gemm_avx2() {
  return {.op = "gemm",
          .name = "avx2",
          .provider = "own",
          .needs = Isa::avx2,
          .formats = {"fp32"},
          .summary = "packed weights, tiles of 6 x 16",
          .bind = [](const Problem& p, unsigned threads) -> std::unique_ptr<BoundKernel> {
            return std::make_unique<PackedF32>(gemm(p), tiles_f32_avx2(), threads);
          }};
}

Implementation gemm_reference() {
  return {.op = "gemm",
          .name = "reference",
          .provider = "reference",
          .formats = {"fp32"},
          .summary = "one loop per axis",
          .bind = [](const Problem& p, unsigned) -> std::unique_ptr<BoundKernel> {
            return std::make_unique<Reference>(gemm(p));
          }};
}

}  // namespace inferbench
