#include <gtest/gtest.h>

#include <algorithm>

#include "harness/base/error.hpp"
#include "harness/base/random.hpp"
#include "kernels/cpu/convert.hpp"
#include "kernels/lora/problem.hpp"
#include "kernels/registry.hpp"
#include "kernels/shapes/lora.hpp"

namespace inferbench {
namespace {

using Narrow = std::vector<std::uint16_t>;

Narrow bf16(const std::vector<float>& values) {
  Narrow narrow;
  for (const float v : values) narrow.push_back(float_to_bf16(v));
  return narrow;
}

std::vector<Isa> isas() {
  std::vector<Isa> present;
  for (const Isa isa : {Isa::portable, Isa::avx2, Isa::avx512}) {
    if (supports(isa).ok) present.push_back(isa);
  }
  return present;
}

// Adapter 0 has rank 1: A = (1, 2), B = (10, 20, 30), scale 0.5; adapter 1 rank 2: A = ((1, 0), (0,
// 1)), B's columns (1, 0, 1) and (0, 1, 1).
//   row 0, adapter 1: in (3, 4): (3, 4, 7)
//   row 1, none:      stays (1, 1, 1)
//   row 2, adapter 0: in (1, 1): 3 * 0.5 * (10, 20, 30)
TEST(Lora, EachRowGetsItsAdaptersUpdate) {
  const Narrow a0 = bf16({1, 2}), b0 = bf16({10, 20, 30});
  const Narrow a1 = bf16({1, 0, 0, 1}), b1 = bf16({1, 0, 1, 0, 1, 1});
  const std::vector<LoraAdapter> adapters = {{.rank = 1, .a = a0, .b = b0, .scale = 0.5F},
                                             {.rank = 2, .a = a1, .b = b1}};
  for (const Isa isa : isas()) {
    ThreadTeam team(2);
    LoraWorkspace workspace;
    std::vector<float> out(9, 1.0F);
    add_lora(adapters, std::vector<std::int32_t>{1, -1, 0}, std::vector<float>{3, 4, 9, 9, 1, 1},
             out, team, workspace, isa);
    EXPECT_EQ(out, (std::vector<float>{4, 5, 8, 1, 1, 1, 16, 31, 46})) << name(isa);
  }
}

TEST(Lora, EveryImplementationAgreesWithTheOracle) {
  for (const std::int64_t rank : {1, 8, 16, 64}) {
    for (const auto& [in, out] : {std::pair{7, 5}, {64, 200}, {300, 129}}) {
      for (const Fill fill : {Fill::normal, Fill::outliers}) {
        const KernelCase c = make_case(
            "lora", "", {{"rows", 23}, {"adapters", 4}, {"rank", rank}, {"in", in}, {"out", out}},
            3, fill);
        const auto problem = kernel_op("lora").problem(c);
        for (const Implementation* i : implementations_of("lora")) {
          if (!supports(*i, c).ok) continue;
          const Check checked = check(*i->bind(*problem, 3), problem->oracle(100'000));
          EXPECT_TRUE(checked.pass) << i->name << " rank " << rank << ": " << checked.reason;
        }
      }
    }
  }
}

TEST(Lora, ARowsUpdateDoesNotDependOnItsBatchOrThreads) {
  const LoraProblem p(
      make_case("lora", "", {{"rows", 19}, {"adapters", 3}, {"in", 130}, {"out", 333}}));
  const std::vector<LoraAdapter> adapters = p.adapters();
  ThreadTeam three(3), one(1);
  LoraWorkspace workspace;
  for (const Isa isa : isas()) {
    std::vector<float> together(p.outputs(), 0.0F);
    add_lora(adapters, p.adapter_of, p.in, together, three, workspace, isa);
    for (std::size_t r = 0; r < 19; ++r) {
      std::vector<float> alone(333, 0.0F);
      add_lora(adapters, std::span(p.adapter_of).subspan(r, 1),
               std::span(p.in).subspan(r * 130, 130), alone, one, workspace, isa);
      EXPECT_TRUE(
          std::equal(alone.begin(), alone.end(), together.begin() + static_cast<long>(r * 333)))
          << name(isa) << " row " << r;
    }
  }
}

// 4 rows on 2 adapters, 10 in, 6 out, rank 3: A and B of an adapter have 48 elements.
TEST(Lora, WorkByHand) {
  const LoraShape s{.rows = 4, .adapters = 2, .in = 10, .out = 6, .rank = 3};
  EXPECT_EQ(work(lora_shrink(s)).flops.count() + work(lora_expand(s)).flops.count(), 2 * 4 * 48.0);
  EXPECT_EQ(work(lora_shrink(s)).bytes().count(), 2 * (2 * 30 + 40 + 12.0));
  EXPECT_EQ(work(lora_expand(s)).bytes().count(), 2 * (2 * 18 + 12 + 24.0));
}

TEST(Lora, AnIndexThatIsNoAdapterIsAnError) {
  ThreadTeam team(1);
  LoraWorkspace workspace;
  std::vector<float> out(1);
  EXPECT_THROW(
      add_lora({}, std::vector<std::int32_t>{0}, std::vector<float>{1}, out, team, workspace),
      Error);
}

}  // namespace
}  // namespace inferbench
