#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "kernels/cpu/features.hpp"
#include "kernels/cpu/team.hpp"
#include "kernels/gemm/packed_gemm.hpp"
#include "kernels/gemm/weights.hpp"

namespace inferbench {

struct RowKernels;

// Memory that runs of linear layers share, one after the other: activations as tiles read them.
// Grows to the largest layer and batch seen.
struct LinearWorkspace {
  PackedRows rows;
  Buffer<float> scratch;           // per thread: [k]
  Buffer<std::uint16_t> narrowed;  // the same
};

struct LinearOptions {
  Isa isa = best_isa();                // no instructions beyond these
  std::span<const float> calibration;  // see layer_scales()
};

// A linear layer with packed weights: out[m, n] = in[m, k] * weights[n, k].
//
// Batch invariance: a row's result has the same bits in any batch (any m, any position), on any
// number of threads and in any run, for every format and instruction set. Each output is one chain
// of sums in the order of k (of groups of k where scales are per group), activations are quantised
// with what the row or calibration says and never with what other rows say, and threads share
// columns. Results of two instruction sets differ by rounding, except between AVX2 and AVX-512 in
// fp32, and wherever sums are of integers and scaled once (w8a8).
class PackedLinear {
 public:
  // Quantises and packs weights [n, k] by strips of rows: a row at a time is asked for, so the
  // whole matrix need not exist in fp32. Throws Error for a size that the format cannot compute, or
  // without the calibration that it needs.
  PackedLinear(const GemmFormat& format, std::int64_t n, std::int64_t k, const WeightRows& weights,
               const LinearOptions& options = {});
  PackedLinear(std::string_view format, std::int64_t n, std::int64_t k,
               std::span<const float> weights, const LinearOptions& options = {});

  // Packs weights already quantised, for exactly this level of instruction set, which has tiles for
  // their format.
  PackedLinear(const GemmWeights& weights, LayerScales scales, Isa level);

  std::int64_t n() const { return weights_.n; }
  std::int64_t k() const { return weights_.k; }
  const GemmFormat& format() const { return *format_; }
  Isa level() const { return level_; }
  std::size_t bytes() const;  // of the packed weights, scales included

  // in [m, k], out [m, n], row-major; m >= 1 is in.size() / k. fp32 activations are rounded to the
  // type the format takes (bf16; fp16 in `fp16`, where they saturate). 16 bit ones are of that type
  // and not for `fp32`. Layers may run at the same time with a workspace each.
  void run(std::span<const float> in, std::span<float> out, ThreadTeam& team,
           LinearWorkspace& workspace) const;
  void run(std::span<const std::uint16_t> in, std::span<float> out, ThreadTeam& team,
           LinearWorkspace& workspace) const;

 private:
  template <class T>
  void run_any(std::span<const T> in, std::span<float> out, ThreadTeam& team,
               LinearWorkspace& workspace) const;
  void prepare(const float* from, std::int64_t row, unsigned rank,
               LinearWorkspace& workspace) const;
  void prepare(const std::uint16_t* from, std::int64_t row, unsigned rank,
               LinearWorkspace& workspace) const;
  void widen(const std::uint16_t* from, float* to) const;
  void quantise(std::span<float> values, std::int64_t row, LinearWorkspace& workspace) const;

  const GemmFormat* format_;
  LayerScales scales_;
  Isa level_;
  const TileSet* set_;
  const RowKernels* row_kernels_;
  PackedWeights weights_;
};

// The highest level up to `isa` with tiles of its own for the format.
Isa best_level(const GemmFormat& format, Isa isa);

// Sizes a format cannot compute: yes, or no with the reason.
Support linear_support(const GemmFormat& format, std::int64_t k);

}  // namespace inferbench
