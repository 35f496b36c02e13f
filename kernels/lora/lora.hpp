#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kernels/cpu/buffer.hpp"
#include "kernels/cpu/features.hpp"
#include "kernels/cpu/team.hpp"

namespace inferbench {

// One adapter of a projection, in bf16: B * A is its update. Views of the caller's memory.
struct LoraAdapter {
  std::int64_t rank = 0;
  std::span<const std::uint16_t> a{};  // [rank, in]
  std::span<const std::uint16_t> b{};  // [rank, out]: B transposed, so that an expand reads rows
  float scale = 1;                     // alpha / rank
};

struct LoraWorkspace {
  std::vector<std::int64_t> offsets;  // of each adapter's rows
  std::vector<std::int32_t> order;    // rows by adapter
  Buffer<float> shrunk;               // per row: its most ranks
};

// out[row] += scale * B[id] * (A[id] * in[row]) for rows of several adapters and ranks in one
// batch.
//
//   in          [rows, in]    fp32
//   adapter_of  [rows]        index into adapters; -1: none, the row stays as it is
//   out         [rows, out]   fp32
//
// Rows are grouped by adapter (SGMV), so that a row of A is read once for up to four rows of the
// batch. Sums run in fp32; a row's bits depend on the row, its adapter and the instruction set
// alone. Throws Error for an index that is no adapter, std::logic_error if spans disagree.
//
// Sources: Chen et al., "Punica: Multi-Tenant LoRA Serving", arXiv 2310.18547; Sheng et al.,
// "S-LoRA", arXiv 2311.03285.
void add_lora(std::span<const LoraAdapter> adapters, std::span<const std::int32_t> adapter_of,
              std::span<const float> in, std::span<float> out, ThreadTeam& team,
              LoraWorkspace& workspace, Isa isa = best_isa());

}  // namespace inferbench
