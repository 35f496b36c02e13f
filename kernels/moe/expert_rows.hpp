#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kernels/cpu/features.hpp"
#include "kernels/cpu/team.hpp"

namespace inferbench {

// Where the choices of a batch lie when they are sorted by expert: choice c = token * top_k + j.
struct ExpertRows {
  std::int64_t top_k = 1;
  std::vector<std::int64_t> offsets;  // [experts + 1]: rows of expert e are offsets[e] ..
  std::vector<std::int32_t> choice;   // [rows]: of a row
  std::vector<std::int32_t> row;      // [tokens * top_k]: of a choice; -1: an expert elsewhere

  std::int64_t experts() const { return static_cast<std::int64_t>(offsets.size()) - 1; }
  std::int64_t rows() const { return offsets.back(); }
  std::int64_t rows_of(std::int64_t expert) const {
    const auto e = static_cast<std::size_t>(expert);
    return offsets[e + 1] - offsets[e];
  }
  std::int64_t active() const;  // experts with rows
  std::int64_t tokens() const { return static_cast<std::int64_t>(row.size()) / top_k; }
  std::int64_t tokens_here() const;  // with an expert here
};

// Sorts the choices [tokens, top_k] of experts first .. first + count, those of an expert in the
// order of their tokens. Memory of `rows` is used again. Throws std::logic_error for a
// negative expert, and for one that a token chose twice: its rows would be added by two threads.
void order_by_expert(std::span<const std::int32_t> experts, std::int64_t top_k, std::int64_t first,
                     std::int64_t count, ExpertRows& rows);

// in [tokens, hidden] to out [rows, hidden]: each row is the token that chose it.
void moe_gather(std::span<const float> in, const ExpertRows& rows, std::span<float> out,
                ThreadTeam& team);
void moe_gather(std::span<const std::uint16_t> in, const ExpertRows& rows,
                std::span<std::uint16_t> out, ThreadTeam& team);

// The sum of each token's rows times their weights [tokens, top_k], in the order of experts: bits
// depend on the token alone. in [rows, hidden], out [tokens, hidden]; a token without a row here
// becomes 0.
void moe_combine(std::span<const float> in, std::span<const float> weights, const ExpertRows& rows,
                 std::span<float> out, ThreadTeam& team, Isa isa = best_isa());

}  // namespace inferbench
