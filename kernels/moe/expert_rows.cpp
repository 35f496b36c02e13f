#include "kernels/moe/expert_rows.hpp"

#include <algorithm>
#include <cstring>

#include "harness/base/error.hpp"
#include "kernels/moe/kernels.hpp"

namespace inferbench {
namespace {

template <class T>
void gather(std::span<const T> in, const ExpertRows& rows, std::span<T> out, ThreadTeam& team) {
  const auto tokens = static_cast<std::size_t>(rows.tokens());
  const std::size_t hidden = tokens > 0 ? in.size() / tokens : 0;
  ensure(
      in.size() == tokens * hidden && out.size() == static_cast<std::size_t>(rows.rows()) * hidden,
      "rows of one size to gather");
  team.run([&](unsigned rank) {
    const Range mine = share(rows.rows(), rank, team.size());
    for (auto r = static_cast<std::size_t>(mine.begin); r < static_cast<std::size_t>(mine.end);
         ++r) {
      const auto token = static_cast<std::size_t>(rows.choice[r] / rows.top_k);
      std::memcpy(out.data() + r * hidden, in.data() + token * hidden, hidden * sizeof(T));
    }
  });
}

// Rows of one expert are in the order of tokens, so the same token twice would lie side by side.
void ensure_chosen_once(const ExpertRows& rows) {
  for (std::size_t e = 1; e < rows.offsets.size(); ++e) {
    const auto end = static_cast<std::size_t>(rows.offsets[e]);
    for (auto r = static_cast<std::size_t>(rows.offsets[e - 1]) + 1; r < end; ++r) {
      ensure(rows.choice[r] / rows.top_k != rows.choice[r - 1] / rows.top_k,
             "the experts of a token differ");
    }
  }
}

}  // namespace

std::int64_t ExpertRows::active() const {
  std::int64_t count = 0;
  for (std::int64_t e = 0; e < experts(); ++e) count += rows_of(e) > 0 ? 1 : 0;
  return count;
}

std::int64_t ExpertRows::tokens_here() const {
  std::int64_t count = 0;
  for (std::int64_t t = 0; t < tokens(); ++t) {
    const auto first = row.begin() + t * top_k;
    count += std::any_of(first, first + top_k, [](std::int32_t r) { return r >= 0; }) ? 1 : 0;
  }
  return count;
}

void order_by_expert(std::span<const std::int32_t> experts, std::int64_t top_k, std::int64_t first,
                     std::int64_t count, ExpertRows& rows) {
  ensure(top_k >= 1 && experts.size() % static_cast<std::size_t>(top_k) == 0 && count >= 1,
         "top_k choices of each token");
  const auto here = [&](std::int32_t expert) { return expert >= first && expert < first + count; };
  rows.top_k = top_k;
  rows.offsets.assign(static_cast<std::size_t>(count) + 1, 0);
  rows.row.assign(experts.size(), -1);
  for (const std::int32_t e : experts) {
    ensure(e >= 0, "experts are counted from 0");
    if (here(e)) ++rows.offsets[static_cast<std::size_t>(e - first) + 1];
  }
  for (std::size_t e = 1; e < rows.offsets.size(); ++e) rows.offsets[e] += rows.offsets[e - 1];
  rows.choice.resize(static_cast<std::size_t>(rows.rows()));
  // Each expert's offset runs ahead to its end, and is put back one expert further.
  for (std::size_t c = 0; c < experts.size(); ++c) {
    if (!here(experts[c])) continue;
    const std::int64_t at = rows.offsets[static_cast<std::size_t>(experts[c] - first)]++;
    rows.choice[static_cast<std::size_t>(at)] = static_cast<std::int32_t>(c);
    rows.row[c] = static_cast<std::int32_t>(at);
  }
  std::copy_backward(rows.offsets.begin(), rows.offsets.end() - 1, rows.offsets.end());
  rows.offsets.front() = 0;
  ensure_chosen_once(rows);
}

void moe_gather(std::span<const float> in, const ExpertRows& rows, std::span<float> out,
                ThreadTeam& team) {
  gather(in, rows, out, team);
}

void moe_gather(std::span<const std::uint16_t> in, const ExpertRows& rows,
                std::span<std::uint16_t> out, ThreadTeam& team) {
  gather(in, rows, out, team);
}

void moe_combine(std::span<const float> in, std::span<const float> weights, const ExpertRows& rows,
                 std::span<float> out, ThreadTeam& team, Isa isa) {
  const std::int64_t tokens = rows.tokens();
  const std::int64_t hidden = tokens > 0 ? static_cast<std::int64_t>(out.size()) / tokens : 0;
  ensure(out.size() == static_cast<std::size_t>(tokens * hidden) &&
             in.size() == static_cast<std::size_t>(rows.rows() * hidden) &&
             weights.size() == rows.row.size(),
         "rows of one size to combine, and a weight for each choice");
  const MoeKernels& kernels = moe_kernels(isa);
  constexpr std::int64_t kColumns = 2048;  // of `out`, which stay in L1 while rows are added
  team.run([&](unsigned rank) {
    const Range mine = share(tokens, rank, team.size());
    std::vector<std::int32_t> order;
    for (std::int64_t t = mine.begin; t < mine.end; ++t) {
      order.clear();
      for (std::int64_t j = 0; j < rows.top_k; ++j) {
        const std::int32_t r = rows.row[static_cast<std::size_t>(t * rows.top_k + j)];
        if (r >= 0) order.push_back(r);
      }
      std::sort(order.begin(), order.end());
      for (std::int64_t c = 0; c < hidden; c += kColumns) {
        const std::int64_t n = std::min(kColumns, hidden - c);
        float* to = out.data() + t * hidden + c;
        std::fill_n(to, n, 0.0F);
        for (const std::int32_t r : order) {
          const auto choice = static_cast<std::size_t>(rows.choice[static_cast<std::size_t>(r)]);
          kernels.add_scaled(to, in.data() + r * hidden + c, weights[choice], n);
        }
      }
    }
  });
}

}  // namespace inferbench
