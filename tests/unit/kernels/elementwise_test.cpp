#include <gtest/gtest.h>

#include <cmath>

#include "harness/base/error.hpp"
#include "kernels/cpu/convert.hpp"
#include "kernels/elementwise/problem.hpp"
#include "kernels/quant/quantise.hpp"
#include "kernels/registry.hpp"

namespace inferbench {
namespace {

const char* const kOps[] = {"rmsnorm",
                            "add_rmsnorm",
                            "layernorm",
                            "silu_mul",
                            "rope",
                            "softmax",
                            "argmax",
                            "add",
                            "silu",
                            "mul",
                            "quant_int8",
                            "quant_fp8",
                            "rmsnorm_quant_int8",
                            "rmsnorm_quant_fp8",
                            "add_rmsnorm_quant_int8",
                            "add_rmsnorm_quant_fp8"};

TEST(Elementwise, EveryImplementationAgreesWithTheOracle) {
  for (const char* op : kOps) {
    for (const Implementation* i : implementations_of(op)) {
      if (!supports(i->needs).ok) continue;
      for (const std::string& format : i->formats) {
        for (const Fill fill : {Fill::normal, Fill::outliers, Fill::extreme}) {
          for (const std::int64_t columns : {1, 7, 8, 16, 31, 128, 1000, 1024, 2688}) {
            if (std::string(op) == "rope" && columns % kRopeHead != 0) continue;
            const KernelCase c =
                make_case(op, format, {{"rows", 5}, {"columns", columns}}, 3, fill);
            const auto problem = kernel_op(op).problem(c);
            const Check checked = check(*i->bind(*problem, 2), problem->oracle(100'000));
            EXPECT_TRUE(checked.pass)
                << op << " " << i->name << " " << format << " " << columns << " fill "
                << static_cast<int>(fill) << ": " << checked.reason;
          }
        }
      }
    }
  }
}

std::vector<float> reference(const RowProblem& p) {
  const auto bound = implementation(p.shape().op, "reference").bind(p, 1);
  bound->run();
  return {bound->output().begin(), bound->output().end()};
}

RowProblem two(const char* op, RowOp row_op) {
  RowProblem p(make_case(op, "fp32", {{"rows", 1}, {"columns", 2}}), row_op);
  p.x = {3.0F, 4.0F};
  p.weight = {1.0F, 2.0F};
  p.bias = {0.5F, -0.5F};
  return p;
}

// mean(9, 16) = 12.5; mean(3, 4) = 3.5 with deviation 0.5; exp(-1) / (1 + exp(-1)) = 0.2689.
TEST(Elementwise, ReferencesByHand) {
  const std::vector<float> rms = reference(two("rmsnorm", RowOp::rmsnorm));
  EXPECT_NEAR(rms[0], 3 / std::sqrt(12.5), 1e-5);
  EXPECT_NEAR(rms[1], 8 / std::sqrt(12.5), 1e-5);
  const std::vector<float> layer = reference(two("layernorm", RowOp::layernorm));
  EXPECT_NEAR(layer[0], -1 + 0.5, 1e-4);
  EXPECT_NEAR(layer[1], 2 - 0.5, 1e-4);
  const std::vector<float> softmax = reference(two("softmax", RowOp::softmax));
  EXPECT_NEAR(softmax[0], 0.268941, 1e-6);
  EXPECT_NEAR(softmax[1], 0.731059, 1e-6);
  EXPECT_EQ(reference(two("argmax", RowOp::argmax)), std::vector<float>{1.0F});
}

TEST(Elementwise, TheFusedNormWritesNormAndResidual) {
  RowProblem p = two("add_rmsnorm", RowOp::add_rmsnorm);
  p.x = {1.0F, 1.0F};
  p.y = {2.0F, 3.0F};
  const std::vector<float> out = reference(p);
  EXPECT_NEAR(out[0], 3 / std::sqrt(12.5), 1e-5);
  EXPECT_EQ(out[2], 3.0F);
  EXPECT_EQ(out[3], 4.0F);
  // Reads x and y, writes two arrays: 4 * 2 elements of 4 bytes.
  EXPECT_EQ(p.work().bytes().count(), 32.0);
}

// Row 1 of rope: element 0 turns by an angle of 1.
TEST(Elementwise, RopeTurnsPairsByThePosition) {
  RowProblem p(make_case("rope", "fp32", {{"rows", 2}, {"columns", 128}}), RowOp::rope);
  p.x.assign(256, 0.0F);
  p.x[128] = 1.0F;
  const std::vector<float> out = reference(p);
  EXPECT_NEAR(out[128], std::cos(1.0), 1e-6);
  EXPECT_NEAR(out[128 + 64], std::sin(1.0), 1e-6);
  EXPECT_THROW(RowProblem(make_case("rope", "fp32", {{"rows", 2}, {"columns", 100}}), RowOp::rope),
               Error);
}

TEST(Elementwise, ArgmaxTakesTheFirstOfEquals) {
  for (const Implementation* i : implementations_of("argmax")) {
    if (!supports(i->needs).ok) continue;
    RowProblem p(make_case("argmax", "fp32", {{"rows", 2}, {"columns", 3000}}), RowOp::argmax);
    p.x.assign(6000, -1.0F);
    p.x[1500] = p.x[2900] = 2.0F;
    const auto bound = i->bind(p, 1);
    bound->run();
    EXPECT_EQ(bound->output()[0], 1500.0F) << i->name;
    EXPECT_EQ(bound->output()[1], 0.0F) << i->name;
  }
}

std::vector<Isa> isas() {
  std::vector<Isa> present;
  for (const Isa isa : {Isa::portable, Isa::avx2, Isa::avx512}) {
    if (supports(isa).ok) present.push_back(isa);
  }
  return present;
}

struct Codes {
  std::vector<std::uint8_t> codes;
  float scale = 0;
};

Codes quantised(RowOp op, const std::vector<float>& row, Isa isa) {
  Codes c{.codes = std::vector<std::uint8_t>(row.size())};
  ThreadTeam team(1);
  RowWorkspace workspace;
  compute_rows(op,
               {.rows = 1,
                .columns = static_cast<std::int64_t>(row.size()),
                .x = row,
                .codes = c.codes,
                .scale = {&c.scale, 1}},
               team, workspace, isa);
  return c;
}

// 2 is the largest and becomes 127: steps of 2/127. 0.5 is 31.75 steps, -1 is -63.5, to even -64.
TEST(Elementwise, Int8CodesByHand) {
  for (const Isa isa : isas()) {
    const Codes c = quantised(RowOp::quant_int8, {2.0F, 0.5F, -1.0F, 0.0F}, isa);
    EXPECT_EQ(c.codes, (std::vector<std::uint8_t>{127, 32, 0x100 - 64, 0})) << name(isa);
    EXPECT_EQ(c.scale, 2.0F / 127.0F);
  }
}

TEST(Elementwise, Int8CodesAreThoseOfTheQuantiser) {
  const RowProblem p(make_case("quant_int8", "fp32", {{"rows", 1}, {"columns", 1003}}),
                     RowOp::quant_int8);
  std::vector<std::int8_t> expected(p.x.size());
  const float scale = quantise_row_int8(p.x, expected);
  for (const Isa isa : isas()) {
    const Codes c = quantised(RowOp::quant_int8, p.x, isa);
    EXPECT_EQ(c.scale, scale);
    for (std::size_t i = 0; i < expected.size(); ++i) {
      EXPECT_EQ(static_cast<std::int8_t>(c.codes[i]), expected[i]) << name(isa) << " " << i;
    }
  }
}

// With 448 in the row the scale is 1, and codes are those of the conversion: of every code's value,
// of the middle between two neighbours, and of what is just beside it.
TEST(Elementwise, Fp8CodesAreThoseOfTheConversion) {
  std::vector<float> row = {448.0F};
  for (int code = 0; code < 0x7E; ++code) {
    const float low = e4m3_to_float(static_cast<std::uint8_t>(code));
    const float middle = (low + e4m3_to_float(static_cast<std::uint8_t>(code + 1))) / 2;
    for (const float x :
         {low, middle, std::nextafter(middle, 0.0F), std::nextafter(middle, 449.0F)}) {
      row.push_back(x);
      row.push_back(-x);
    }
  }
  for (const Isa isa : isas()) {
    const Codes c = quantised(RowOp::quant_fp8, row, isa);
    EXPECT_EQ(c.scale, 1.0F);
    for (std::size_t i = 0; i < row.size(); ++i) {
      EXPECT_EQ(c.codes[i], float_to_e4m3(row[i])) << name(isa) << " of " << row[i];
    }
  }
}

TEST(Elementwise, FusedAndUnfusedGiveTheSameCodes) {
  const RowProblem p(make_case("add_rmsnorm", "fp32", {{"rows", 3}, {"columns", 515}}),
                     RowOp::add_rmsnorm);
  const std::size_t all = p.x.size();
  for (const Isa isa : isas()) {
    ThreadTeam team(2);
    RowWorkspace workspace;
    std::vector<float> sum(all), normed(all), residual(all), scale(3), fused_scale(3);
    std::vector<std::uint8_t> codes(all), fused(all);
    const RowBuffers in{.rows = 3, .columns = 515, .x = p.x, .y = p.y, .weight = p.weight};
    RowBuffers b = in;
    b.out = sum;
    compute_rows(RowOp::add, b, team, workspace, isa);
    b.x = sum, b.out = normed;
    compute_rows(RowOp::rmsnorm, b, team, workspace, isa);
    b.x = normed, b.codes = codes, b.scale = scale;
    compute_rows(RowOp::quant_int8, b, team, workspace, isa);
    b = in;
    b.residual = residual, b.codes = fused, b.scale = fused_scale;
    compute_rows(RowOp::add_rmsnorm_quant_int8, b, team, workspace, isa);
    EXPECT_EQ(residual, sum);
    EXPECT_EQ(fused, codes) << name(isa);
    EXPECT_EQ(fused_scale, scale);
  }
}

// bf16 in: 2 + 2 bytes read, the residual's 4 and a code's 1 written.
TEST(Elementwise, BytesOfTheFusedOps) {
  const KernelCase c = make_case("add_rmsnorm_quant_int8", "bf16", {{"rows", 2}, {"columns", 10}});
  EXPECT_EQ(kernel_op(c.op).problem(c)->work().bytes().count(), 20 * 9.0);
}

TEST(Elementwise, MissingBuffersAreFound) {
  ThreadTeam team(1);
  RowWorkspace workspace;
  std::vector<float> x(8), out(8);
  EXPECT_THROW(
      compute_rows(RowOp::rmsnorm, {.rows = 2, .columns = 4, .x = x, .out = out}, team, workspace),
      std::logic_error);
  EXPECT_THROW(
      compute_rows(RowOp::add, {.rows = 2, .columns = 4, .x = x, .out = out}, team, workspace),
      std::logic_error);
}

}  // namespace
}  // namespace inferbench
