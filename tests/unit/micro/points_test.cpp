#include "harness/micro/points.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "harness/base/error.hpp"
#include "harness/micro/foreseen_work.hpp"
#include "harness/micro/suites.hpp"
#include "kernels/registry.hpp"

namespace inferbench {
namespace {

BenchRequest request(std::vector<std::string> ops, const std::vector<std::string>& axes) {
  BenchRequest r;
  r.ops = std::move(ops);
  for (const std::string& text : axes) r.axes.push_back(parse_axis(text));
  return r;
}

std::vector<std::string> names(const std::vector<const Implementation*>& list) {
  std::vector<std::string> out;
  for (const Implementation* i : list) out.push_back(i->name);
  return out;
}

// 3 sizes of m x 2 of n x 2 formats = 12 cases, formats outside sizes, the last axis fastest.
TEST(Points, AreTheProductOfAxesAndFormats) {
  BenchRequest r = request({"gemm"}, {"M=[1,16,64]", "n=128,256"});
  r.formats = {"bf16", "w8a8"};
  const std::vector<BenchCase> cases = expand(r);
  ASSERT_EQ(cases.size(), 12U);
  EXPECT_EQ(cases[0].kernel.format, "bf16");
  EXPECT_EQ(cases[1].kernel.at("m"), 1);
  EXPECT_EQ(cases[1].kernel.at("n"), 256);
  EXPECT_EQ(cases[11].kernel.format, "w8a8");
  EXPECT_EQ(cases[11].kernel.at("m"), 64);
  EXPECT_EQ(cases[11].kernel.at("k"), 4096);  // the preset
}

// 5 linear layers x 2 degrees x 2 sizes of m.
TEST(Points, AModelBringsItsShapes) {
  const auto cases = expand(request({"gemm"}, {"model=llama-3-70b", "tp=[1,8]", "M=1,16"}));
  ASSERT_EQ(cases.size(), 20U);
  EXPECT_EQ(cases[0].tags.at("layer"), "qkv");
  EXPECT_EQ(cases[0].tags.at("model"), "llama-3-70b");
  EXPECT_EQ(cases[0].kernel.at("n"), 10240);
  EXPECT_EQ(cases[19].tags.at("tp"), "8");
  EXPECT_EQ(cases[19].kernel.at("m"), 16);
}

TEST(Points, SeveralOpsTakeTheAxesTheyHave) {
  const auto cases = expand(request({"rmsnorm", "gemm"}, {"rows=4,8", "m=1,2,3"}));
  ASSERT_EQ(cases.size(), 2U + 3U);
  EXPECT_EQ(cases[0].kernel.op, "rmsnorm");
  EXPECT_EQ(cases[4].kernel.at("m"), 3);
}

TEST(Points, EveryOpOfTheRegistryExpands) {
  std::set<std::string> ops;
  for (const BenchCase& c : expand(request({"all"}, {}))) ops.insert(c.kernel.op);
  EXPECT_EQ(ops.size(), kernel_ops().size());
}

TEST(Points, TheSameCaseCountsOnce) {
  EXPECT_EQ(expand(request({"gemm", "gemm"}, {"m=4,4"})).size(), 1U);
}

TEST(Points, RefuseNamesThatNobodyKnows) {
  const auto refused = [](BenchRequest r, const char* mention) {
    try {
      expand(r);
      ADD_FAILURE() << mention;
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find(mention), std::string::npos) << error.what();
    }
  };
  refused(request({"gem"}, {}), "gemm");
  refused(request({}, {}), "no op");
  refused(request({"gemm"}, {"rows=1"}), "unknown axis \"rows\"");
  refused(request({"gemm"}, {"m=0"}), "at least 1");
  refused(request({"gemm"}, {"tp=2"}), "needs a model");
  refused(request({"gemm"}, {"model=llama-3-8b", "n=5"}), "set by the model");
  refused(request({"gemm"}, {"model=lama-3-8b"}), "llama-3-8b");
  refused(request({"gemm"}, {"m=[1:1000]", "n=[1:1000]"}), "100000");
  BenchRequest r = request({"gemm"}, {});
  r.formats = {"fp33"};
  refused(r, "fp32");
  r = request({"gemm"}, {});
  r.providers = {"openblass"};
  refused(r, "openblas");
}

TEST(Points, ProvidersAreChosenByWords) {
  const KernelCase c = make_case("gemm", "fp32", {});
  EXPECT_EQ(names(select_implementations(c, {"reference"})), std::vector<std::string>{"reference"});
  EXPECT_EQ(names(select_implementations(c, {"vendor"})), std::vector<std::string>{"openblas"});
  EXPECT_EQ(names(select_implementations(c, {"avx2", "openblas"})),
            (std::vector<std::string>{"avx2", "openblas"}));
  // Nothing else computes the format, unless it is asked for by name.
  std::size_t computing = 0;
  for (const Implementation* i : implementations_of("gemm")) {
    computing +=
        static_cast<std::size_t>(std::count(i->formats.begin(), i->formats.end(), c.format));
  }
  EXPECT_EQ(select_implementations(c, {}).size(), computing);
  EXPECT_EQ(names(select_implementations(c, {"avx512_vnni"})),
            std::vector<std::string>{"avx512_vnni"});
  const auto best = select_implementations(c, {"best"});
  ASSERT_EQ(best.size(), 1U);
  EXPECT_EQ(best[0], &preferred(c));
}

// Smoke has a point of each op, and whatever a suite asks for fits together.
TEST(Suites, EveryOpIsInSmokeAndEveryCaseCanBeForeseen) {
  std::set<std::string> smoke, core;
  for (const BenchCase& c : suite_cases("smoke", {}, {}, 1)) smoke.insert(c.kernel.op);
  for (const BenchCase& c : suite_cases("llm-core", {}, {}, 1)) {
    core.insert(c.kernel.op);
    EXPECT_GT(foreseen_work(c.kernel).bytes().count(), 0) << case_text(c.kernel);
  }
  for (const Op& op : kernel_ops()) EXPECT_TRUE(smoke.contains(op.name)) << op.name;
  for (const char* op : {"moe_route", "moe_permute", "moe_gemm", "moe_combine", "moe_layer", "lora",
                         "mla_decode", "sample", "sample_top_k", "sample_top_p"}) {
    EXPECT_TRUE(core.contains(op)) << op;
  }
  for (const BenchCase& c : suite_cases("full", {"moe_layer", "moe_gemm", "mla_decode"}, {}, 1)) {
    if (c.kernel.axes.contains("tokens") && c.kernel.at("tokens") > 64) continue;  // slow to draw
    EXPECT_GT(foreseen_work(c.kernel).bytes().count(), 0) << case_text(c.kernel);
  }
}

}  // namespace
}  // namespace inferbench
