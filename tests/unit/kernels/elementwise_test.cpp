#include <gtest/gtest.h>

#include <cmath>

#include "harness/base/error.hpp"
#include "kernels/elementwise/problem.hpp"
#include "kernels/registry.hpp"

namespace inferbench {
namespace {

const char* const kOps[] = {"rmsnorm", "add_rmsnorm", "layernorm", "silu_mul",
                            "rope",    "softmax",     "argmax"};

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

}  // namespace
}  // namespace inferbench
