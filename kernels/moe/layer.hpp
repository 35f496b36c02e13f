#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kernels/cpu/buffer.hpp"
#include "kernels/gemm/linear.hpp"
#include "kernels/moe/expert_rows.hpp"
#include "kernels/moe/router.hpp"

namespace inferbench {

// out[rows of e] = in[rows of e] * experts[e], for every expert with rows: GEMMs of ragged heights.
// in [rows, k], out [rows, n]. A row's bits depend on the row alone (linear.hpp).
void moe_gemm(std::span<const PackedLinear> experts, const ExpertRows& rows,
              std::span<const float> in, std::span<float> out, ThreadTeam& team,
              LinearWorkspace& workspace);

// out[r, i] = silu(in[r, i]) * in[r, inter + i]: in [rows, 2 * inter], gate then up; out [rows,
// inter]. Within a few units in the last place, the same bits on every instruction set.
void moe_swiglu(std::span<const float> in, std::int64_t inter, std::span<float> out,
                ThreadTeam& team, Isa isa = best_isa());

// Memory that runs of layers share, one after the other. Grows to the largest layer and batch seen.
struct MoeWorkspace {
  LinearWorkspace linear;
  Buffer<float> gathered, gates, activated, results;
};

// out[i] = gelu(in[i]), in the form with tanh; the same promises.
void moe_gelu(std::span<const float> in, std::int64_t inter, std::span<float> out, ThreadTeam& team,
              Isa isa = best_isa());

// The experts of one rank.
//
// Both runs compute, for each token, the sum over its experts here of
//
//   weight * down[e] * (silu(gate[e] * x) * (up[e] * x))
//
// or, of experts of two matrices, weight * down[e] * gelu(up[e] * x),
//
// and agree bit for bit, with any batch and number of threads.
//
//   in       [tokens, hidden]  fp32
//   weights  [tokens, top_k]   fp32, of moe_route
//   rows     where the tokens' choices lie
//   out      [tokens, hidden]  fp32
class MoeLayer {
 public:
  // gate_up[e] is [2 * inter, hidden], the gate's rows first, or up alone, [inter, hidden]; down[e]
  // is [hidden, inter].
  MoeLayer(std::vector<PackedLinear> gate_up, std::vector<PackedLinear> down, Isa isa = best_isa());

  std::int64_t experts() const { return static_cast<std::int64_t>(down_.size()); }
  std::int64_t hidden() const { return down_.front().n(); }
  std::int64_t inter() const { return down_.front().k(); }
  std::int64_t first_width() const { return gate_up_.front().n(); }  // 2 * inter, or inter

  // Expert by expert, at most kRowsTogether rows at a time: what lies between two steps is small
  // and stays in cache.
  void run(std::span<const float> in, std::span<const float> weights, const ExpertRows& rows,
           std::span<float> out, ThreadTeam& team, MoeWorkspace& workspace) const;

  // Step by step: gather, grouped GEMM, SwiGLU, grouped GEMM, combine; everything between steps is
  // written to memory and read back.
  void run_unfused(std::span<const float> in, std::span<const float> weights,
                   const ExpertRows& rows, std::span<float> out, ThreadTeam& team,
                   MoeWorkspace& workspace) const;

  std::size_t bytes() const;  // of the packed weights, scales included

  static constexpr std::int64_t kRowsTogether = 168;

 private:
  void run_rows(std::int64_t expert, std::int64_t first, std::int64_t count,
                std::span<const float> in, std::span<const float> weights, const ExpertRows& rows,
                std::span<float> out, ThreadTeam& team, MoeWorkspace& workspace) const;
  void reserve(std::int64_t rows, MoeWorkspace& workspace) const;
  void activate(std::span<const float> in, std::span<float> out, ThreadTeam& team) const;

  std::vector<PackedLinear> gate_up_, down_;
  Isa isa_;
};

}  // namespace inferbench
