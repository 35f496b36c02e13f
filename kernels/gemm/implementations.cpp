#include "kernels/gemm/implementations.hpp"

#include <algorithm>
#include <cstring>
#include <memory>

#include "harness/base/error.hpp"
#include "kernels/gemm/packed_gemm.hpp"
#include "kernels/gemm/problem.hpp"
#include "kernels/gemm/rows.hpp"

namespace inferbench {
namespace {

using Activations = TileSet::Activations;

class PackedGemm final : public BoundKernel {
 public:
  PackedGemm(const GemmProblem& p, const TileSet& set, unsigned threads)
      : set_(set),
        format_(p.format),
        weights_(pack_weights(p, set)),
        rows_(p.m, weights_.padded_k, set.activation_bytes(), weights_.groups),
        in_(p.in16.empty() ? p.in.size() : 0),
        in16_(p.in16.size()),
        scratch_(static_cast<std::size_t>(p.format.integer ? p.k * threads : 0)),
        out_(p.outputs()),
        team_(threads) {
    std::copy_n(p.in.begin(), in_.size(), in_.data());
    std::copy_n(p.in16.begin(), in16_.size(), in16_.data());
  }

  void run() override {
    team_.run([&](unsigned rank) {
      const Range mine = share(rows_.m, rank, team_.size());
      for (std::int64_t r = mine.begin; r < mine.end; ++r) prepare_row(r, rank);
    });
    packed_gemm(set_, weights_, rows_, out_.span(), team_);
  }
  void poison() override { out_.poison(); }
  std::span<const float> output() override { return out_.span(); }
  bool guards_intact() const override { return out_.guards_intact(); }

 private:
  // Part of what is timed: activations arrive in their own type at every step.
  void prepare_row(std::int64_t r, unsigned rank) {
    const std::int64_t k = weights_.k;
    std::byte* to = rows_.row(r);
    if (in16_.size() == 0) {
      std::memcpy(to, in_.data() + r * k, static_cast<std::size_t>(k) * sizeof(float));
      return;
    }
    const std::uint16_t* from = in16_.data() + r * k;
    if (format_.integer) {
      float* scratch = scratch_.data() + static_cast<std::int64_t>(rank) * k;
      rows_.row_scale[static_cast<std::size_t>(r)] =
          quantise_bf16(from, k, set_.activations, to, scratch);
      if (weights_.group > 0) {
        group_sums(reinterpret_cast<const std::int8_t*>(to), k, static_cast<int>(weights_.group),
                   rows_.group_sums.data() + r * weights_.groups);
      }
    } else if (set_.activations == Activations::bf16) {
      std::memcpy(to, from, static_cast<std::size_t>(k) * sizeof(std::uint16_t));
    } else if (format_.weights == GemmFormat::Weights::fp16) {
      widen_fp16(from, k, reinterpret_cast<float*>(to));
    } else {
      widen_bf16(from, k, reinterpret_cast<float*>(to));
    }
  }

  const TileSet& set_;
  GemmFormat format_;
  PackedWeights weights_;
  PackedRows rows_;
  Buffer<float> in_;
  Buffer<std::uint16_t> in16_;
  Buffer<float> scratch_;
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

using TilesFor = const TileSet& (*)(const GemmFormat&);

template <TilesFor kTiles>
std::unique_ptr<BoundKernel> bind(const Problem& p, unsigned threads) {
  return std::make_unique<PackedGemm>(gemm(p), kTiles(gemm(p).format), threads);
}

const TileSet& avx512_tiles(const GemmFormat& f) {
  if (f.weights == GemmFormat::Weights::int4) return tiles_int4_avx512(f.zero_points);
  return tiles_float_avx512(f.weights);
}

const TileSet& avx2_tiles(const GemmFormat& f) {
  if (f.weights == GemmFormat::Weights::int4) {
    return f.integer ? tiles_int4_int8_avx2() : tiles_int4_avx2();
  }
  return f.integer ? tiles_int8_avx2() : tiles_float_avx2(f.weights);
}

const TileSet& vnni_tiles(const GemmFormat& f) {
  return f.weights == GemmFormat::Weights::int4 ? tiles_int4_int8_vnni() : tiles_int8_vnni();
}

const TileSet& bf16_tiles(const GemmFormat&) {
  return tiles_bf16_avx512();
}

enum class Which { every, float_math, integer_math };

std::vector<std::string> formats(Which which) {
  std::vector<std::string> names;
  for (const GemmFormat& f : gemm_formats()) {
    if (which == Which::every || f.integer == (which == Which::integer_math)) {
      names.push_back(f.name);
    }
  }
  return names;
}

// -128 times a column's sum, and every partial sum, fit 32 bit.
Support sums_fit(const KernelCase& c) {
  constexpr std::int64_t kMost = 65536;
  if (c.at("k") <= kMost) return Support::yes();
  return Support::no("k is beyond " + std::to_string(kMost) + ": 32 bit sums could overflow");
}

}  // namespace

Op gemm_op() {
  return {.name = "gemm",
          .summary = "out[m, n] = in[m, k] * weights[n, k]: a linear layer",
          .axes = {{.name = "m", .preset = 16, .meaning = "tokens"},
                   {.name = "n", .preset = 4096, .meaning = "output features"},
                   {.name = "k", .preset = 4096, .meaning = "input features"}},
          .formats = formats(Which::every),
          .problem = [](const KernelCase& c) -> std::unique_ptr<Problem> {
            return std::make_unique<GemmProblem>(c);
          }};
}

Implementation gemm_avx512_bf16() {
  return {.op = "gemm",
          .name = "avx512_bf16",
          .provider = "own",
          .needs = Isa::avx512_bf16,
          .formats = {"bf16"},
          .summary = "packed weights, vdpbf16ps, tiles of 14 x 32",
          .bind = bind<bf16_tiles>};
}

Implementation gemm_avx512_vnni() {
  return {.op = "gemm",
          .name = "avx512_vnni",
          .provider = "own",
          .needs = Isa::avx512_vnni,
          .formats = formats(Which::integer_math),
          .summary = "packed weights, vpdpbusd, exact integer sums, tiles of up to 14 x 32",
          .available = sums_fit,
          .bind = bind<vnni_tiles>};
}

Implementation gemm_avx512() {
  return {.op = "gemm",
          .name = "avx512",
          .provider = "own",
          .needs = Isa::avx512,
          .formats = formats(Which::float_math),
          .summary = "packed weights, fp32 math, tiles of up to 14 x 32",
          .bind = bind<avx512_tiles>};
}

Implementation gemm_avx2() {
  return {.op = "gemm",
          .name = "avx2",
          .provider = "own",
          .needs = Isa::avx2,
          .formats = formats(Which::every),
          .summary = "packed weights, fp32 math or exact integer sums, tiles of up to 6 x 16",
          .available =
              [](const KernelCase& c) {
                return c.format.starts_with("w8a8") ? sums_fit(c) : Support::yes();
              },
          .bind = bind<avx2_tiles>};
}

Implementation gemm_reference() {
  return {.op = "gemm",
          .name = "reference",
          .provider = "reference",
          .formats = formats(Which::every),
          .summary = "one loop per axis, sums in fp64 or in integers",
          .bind = [](const Problem& p, unsigned) -> std::unique_ptr<BoundKernel> {
            return std::make_unique<Reference>(gemm(p));
          }};
}

}  // namespace inferbench
