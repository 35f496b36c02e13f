#include "kernels/lora/lora.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "harness/base/error.hpp"
#include "kernels/lora/kernels.hpp"

namespace inferbench {
namespace {

// Rows by adapter, those of an adapter in the order of the batch. Returns how many have one.
std::int64_t group(std::span<const std::int32_t> adapter_of, std::size_t adapters,
                   LoraWorkspace& w) {
  w.offsets.assign(adapters + 1, 0);
  for (const std::int32_t id : adapter_of) {
    if (id < -1 || id >= static_cast<std::int64_t>(adapters)) {
      throw Error("lora", "adapter " + std::to_string(id),
                  "must be -1 (none) or one of " + std::to_string(adapters) + ", counted from 0");
    }
    if (id >= 0) ++w.offsets[static_cast<std::size_t>(id) + 1];
  }
  for (std::size_t a = 1; a <= adapters; ++a) w.offsets[a] += w.offsets[a - 1];
  w.order.resize(static_cast<std::size_t>(w.offsets.back()));
  std::vector<std::int64_t> next(w.offsets.begin(), w.offsets.end() - 1);
  for (std::size_t r = 0; r < adapter_of.size(); ++r) {
    if (adapter_of[r] < 0) continue;
    const std::int64_t at = next[static_cast<std::size_t>(adapter_of[r])]++;
    w.order[static_cast<std::size_t>(at)] = static_cast<std::int32_t>(r);
  }
  return w.offsets.back();
}

struct Batch {
  std::span<const LoraAdapter> adapters;
  const float* in = nullptr;
  float* out = nullptr;
  std::int64_t k = 0, n = 0, most_rank = 0;
  const LoraWorkspace* workspace = nullptr;
  float* shrunk = nullptr;
};

// Calls body(adapter, first, rows) for runs of up to kLoraRows rows of one adapter.
template <class Body>
void for_rows_together(const Batch& b, const Body& body) {
  for (std::size_t a = 0; a < b.adapters.size(); ++a) {
    const std::int64_t end = b.workspace->offsets[a + 1];
    for (std::int64_t at = b.workspace->offsets[a]; at < end; at += kLoraRows) {
      body(b.adapters[a], at, static_cast<int>(std::min<std::int64_t>(kLoraRows, end - at)));
    }
  }
}

// A thread's share of each adapter's ranks.
void shrink(const Batch& b, const LoraKernels& kernels, unsigned rank, unsigned threads) {
  for_rows_together(b, [&](const LoraAdapter& adapter, std::int64_t first, int rows) {
    std::array<const float*, kLoraRows> in{};
    for (int r = 0; r < rows; ++r) {
      in[static_cast<std::size_t>(r)] =
          b.in + b.workspace->order[static_cast<std::size_t>(first + r)] * b.k;
    }
    const Range mine = share(adapter.rank, rank, threads);
    for (std::int64_t j = mine.begin; j < mine.end; ++j) {
      std::array<float, kLoraRows> dots{};
      kernels.dots(adapter.a.data() + j * b.k, in.data(), rows, b.k, dots.data());
      for (int r = 0; r < rows; ++r) {
        b.shrunk[(first + r) * b.most_rank + j] = dots[static_cast<std::size_t>(r)] * adapter.scale;
      }
    }
  });
}

// A thread's share of the output's columns, in steps of a cache line.
void expand(const Batch& b, const LoraKernels& kernels, unsigned rank, unsigned threads) {
  constexpr std::int64_t kStep = 64;
  const Range steps = share((b.n + kStep - 1) / kStep, rank, threads);
  const std::int64_t begin = steps.begin * kStep, end = std::min(b.n, steps.end * kStep);
  if (begin >= end) return;
  for_rows_together(b, [&](const LoraAdapter& adapter, std::int64_t first, int rows) {
    std::array<const float*, kLoraRows> factors{};
    std::array<float*, kLoraRows> out{};
    for (int r = 0; r < rows; ++r) {
      const auto at = static_cast<std::size_t>(r);
      factors[at] = b.shrunk + (first + r) * b.most_rank;
      out[at] = b.out + b.workspace->order[static_cast<std::size_t>(first + r)] * b.n + begin;
    }
    kernels.expand(adapter.b.data() + begin, adapter.rank, b.n, factors.data(), out.data(), rows,
                   end - begin);
  });
}

}  // namespace

void add_lora(std::span<const LoraAdapter> adapters, std::span<const std::int32_t> adapter_of,
              std::span<const float> in, std::span<float> out, ThreadTeam& team,
              LoraWorkspace& workspace, Isa isa) {
  if (adapter_of.empty()) return;
  Batch b{.adapters = adapters, .in = in.data(), .out = out.data(), .workspace = &workspace};
  b.k = static_cast<std::int64_t>(in.size() / adapter_of.size());
  b.n = static_cast<std::int64_t>(out.size() / adapter_of.size());
  ensure(in.size() == static_cast<std::size_t>(b.k) * adapter_of.size() &&
             out.size() == static_cast<std::size_t>(b.n) * adapter_of.size(),
         "an input and an output row for each adapter index");
  for (const LoraAdapter& a : adapters) {
    ensure(a.rank >= 1 && a.a.size() == static_cast<std::size_t>(a.rank * b.k) &&
               a.b.size() == static_cast<std::size_t>(a.rank * b.n),
           "adapters of the projection's shape");
    b.most_rank = std::max(b.most_rank, a.rank);
  }
  const std::int64_t rows = group(adapter_of, adapters.size(), workspace);
  const auto needed = static_cast<std::size_t>(rows * b.most_rank);
  if (workspace.shrunk.size() < needed) workspace.shrunk = Buffer<float>(needed);
  b.shrunk = workspace.shrunk.data();
  const LoraKernels& kernels = lora_kernels(isa);
  team.run([&](unsigned rank) { shrink(b, kernels, rank, team.size()); });
  team.run([&](unsigned rank) { expand(b, kernels, rank, team.size()); });
}

}  // namespace inferbench
