#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <ostream>
#include <span>

#include "harness/base/error.hpp"
#include "kernels/attention/problem.hpp"
#include "kernels/registry.hpp"

namespace inferbench {
namespace {

using Axes = std::map<std::string, std::int64_t>;

Axes heads(std::int64_t q, std::int64_t kv, std::int64_t dim, Axes more) {
  more["q_heads"] = q, more["kv_heads"] = kv, more["head_dim"] = dim;
  return more;
}

// Groups of 1, 2, 3, 4, 7 and 8; heads of one vector to many; contexts around the ends of blocks,
// of tiles and of split parts; windows that begin inside a block.
const Axes kDecode[] = {
    heads(4, 4, 64, {{"requests", 3}, {"context", 0}}),
    heads(8, 2, 128, {{"requests", 2}, {"context", 15}}),
    heads(6, 2, 16, {{"requests", 2}, {"context", 16}}),
    heads(14, 2, 80, {{"requests", 4}, {"context", 300}, {"ragged", 1}}),
    heads(8, 1, 96, {{"requests", 1}, {"context", 1023}}),
    heads(4, 2, 32, {{"requests", 2}, {"context", 1030}, {"ragged", 1}}),
    heads(4, 1, 128, {{"requests", 1}, {"context", 2500}}),
    heads(4, 1, 64, {{"requests", 2}, {"context", 1500}, {"window", 400}}),
    heads(2, 2, 64, {{"requests", 2}, {"context", 40}, {"window", 5}}),
    heads(8, 2, 64, {{"requests", 2}, {"context", 510}, {"q", 4}, {"ragged", 1}}),
    heads(1, 1, 32, {{"context", 14}, {"q", 3}, {"requests", 2}}),
    heads(6, 2, 48, {{"context", 600}, {"q", 2}, {"window", 70}, {"value_dim", 32}}),
    heads(2, 1, 64, {{"context", 900}, {"requests", 5}, {"skew", 100}}),
};

const Axes kPrefill[] = {
    heads(2, 2, 64, {{"requests", 2}, {"tokens", 1}}),
    heads(4, 2, 32, {{"requests", 2}, {"tokens", 17}}),
    heads(8, 2, 128, {{"tokens", 131}}),
    heads(6, 2, 80, {{"tokens", 60}, {"context", 77}}),
    heads(7, 1, 16, {{"tokens", 90}, {"requests", 3}, {"context", 200}, {"ragged", 1}}),
    heads(1, 1, 96, {{"tokens", 200}, {"context", 130}}),
    heads(4, 1, 64, {{"tokens", 150}, {"context", 40}, {"window", 33}}),
    heads(2, 1, 64, {{"tokens", 9}, {"context", 300}, {"window", 150}}),
    heads(2, 2, 192, {{"tokens", 70}, {"value_dim", 128}}),
    heads(2, 1, 32, {{"tokens", 7}, {"context", 1040}, {"window", 700}}),
};

Axes latents(std::int64_t q, std::int64_t latent, std::int64_t rope, Axes more) {
  more["q_heads"] = q, more["latent"] = latent, more["rope"] = rope;
  return more;
}

const Axes kMla[] = {
    latents(16, 64, 16, {{"context", 0}}),
    latents(3, 512, 64, {{"context", 70}, {"requests", 2}}),
    latents(20, 96, 32, {{"context", 520}, {"q", 2}, {"ragged", 1}, {"requests", 3}}),
    latents(128, 32, 16, {{"context", 130}, {"q", 2}}),
};

struct Named {
  std::string op, name;
  friend std::ostream& operator<<(std::ostream& to, const Named& n) {
    return to << n.op << " " << n.name;
  }
};

std::vector<Named> all() {
  std::vector<Named> found;
  for (const char* op : {"prefill_attention", "paged_decode", "mla_decode"}) {
    for (const Implementation* i : implementations_of(op)) found.push_back({op, i->name});
  }
  return found;
}

std::span<const Axes> cases(const std::string& op) {
  if (op == "mla_decode") return kMla;
  return op == "paged_decode" ? std::span<const Axes>(kDecode) : std::span<const Axes>(kPrefill);
}

// One problem and one oracle for all implementations: drawing them takes longer than most kernels.
void expect_agreement(const KernelCase& c) {
  std::unique_ptr<Problem> problem;
  Oracle oracle;
  for (const Implementation* i : implementations_of(c.op)) {
    const auto& formats = i->formats;
    const bool knows = std::find(formats.begin(), formats.end(), c.format) != formats.end();
    // The reference is the oracle's loops: its shapes and formats are what can be wrong.
    const bool oracle_again = i->provider == "reference" && c.fill != Fill::normal;
    if (!knows || oracle_again || !supports(i->needs).ok) continue;
    ASSERT_TRUE(supports(*i, c).ok) << i->name;
    if (!problem) problem = kernel_op(c.op).problem(c), oracle = problem->oracle(200);
    const Check checked = check(*i->bind(*problem, 2), oracle);
    EXPECT_TRUE(checked.pass) << i->name << ": " << checked.reason;
  }
}

class EveryAttention : public ::testing::TestWithParam<const char*> {};

TEST_P(EveryAttention, AgreesWithTheOracleOnEveryFormatShapeAndFill) {
  const Op& op = kernel_op(GetParam());
  for (const std::string& format : op.formats) {
    for (const Fill fill : {Fill::normal, Fill::outliers, Fill::extreme}) {
      std::uint64_t seed = 5;
      for (const Axes& axes : cases(op.name)) {
        SCOPED_TRACE(format + " case " + std::to_string(seed - 5) + " fill " +
                     std::to_string(static_cast<int>(fill)));
        expect_agreement(make_case(op.name, format, axes, ++seed, fill));
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Registry, EveryAttention,
                         ::testing::Values("prefill_attention", "paged_decode", "mla_decode"),
                         [](const auto& p) { return std::string(p.param); });

TEST(Attention, OwnKernelsGiveTheSameBitsOnAnyNumberOfThreads) {
  for (const Named& o : all()) {
    const Implementation& i = implementation(o.op, o.name);
    if (i.provider != "own" || !supports(i.needs).ok) continue;
    Axes axes = heads(8, 2, 64, {{"requests", 3}, {"context", 2100}, {"ragged", 1}});
    if (o.op == "mla_decode") axes = latents(16, 64, 32, {{"requests", 3}, {"context", 1300}});
    if (o.op == "prefill_attention") axes["tokens"] = 100, axes["context"] = 210;
    const auto problem = kernel_op(o.op).problem(make_case(o.op, "bf16", axes));
    std::vector<float> first;
    for (const unsigned threads : {1U, 2U, 5U}) {
      const auto bound = i.bind(*problem, threads);
      bound->run();
      const auto out = bound->output();
      if (first.empty()) first.assign(out.begin(), out.end());
      EXPECT_TRUE(std::equal(out.begin(), out.end(), first.begin())) << o.op << " " << o.name;
    }
  }
}

// Two tokens, one head of one element: scores 1 * 0 and 1 * ln 3, so weights 1/4 and 3/4, and
// values 4 and 8 make 7.
TEST(Attention, ReferenceByHand) {
  AttentionProblem p(
      make_case("paged_decode", "fp32", heads(1, 1, 1, {{"requests", 1}, {"context", 1}})));
  p.q = {1.0F};
  const float keys[] = {0.0F, std::log(3.0F)}, values[] = {4.0F, 8.0F};
  std::memcpy(p.cache.keys.data(), keys, sizeof(keys));
  std::memcpy(p.cache.values.data(), values, sizeof(values));
  const Oracle o = p.oracle(1);
  ASSERT_EQ(o.value.size(), 1U);
  EXPECT_NEAR(o.value[0], 7.0, 1e-6);
  // QK and PV: 2 FLOPs each for two tokens. Read: q, two keys, two values; written: out.
  EXPECT_EQ(p.work().flops.count(), 8.0);
  EXPECT_EQ(p.work().bytes().count(), 24.0);
}

// A prompt in two chunks is the prompt in one: its later tokens see the same.
TEST(Attention, VisibleTokensAreCausalAndWindowed) {
  const AttentionProblem p(
      make_case("prefill_attention", "fp32",
                heads(1, 1, 16, {{"tokens", 4}, {"context", 10}, {"window", 3}})));
  EXPECT_EQ(p.visible(0, 0).first, 8);
  EXPECT_EQ(p.visible(0, 0).last, 11);
  EXPECT_EQ(p.visible(0, 3).last, 14);
}

// Zipf with exponent 1: the longest of four contexts is 120, then 60, 40 and 30, in any order.
TEST(Attention, SkewedContextsFollowZipf) {
  AttentionProblem p(make_case(
      "paged_decode", "fp32", heads(1, 1, 16, {{"requests", 4}, {"context", 120}, {"skew", 100}})));
  std::sort(p.context.begin(), p.context.end());
  EXPECT_EQ(p.context, (std::vector<std::int64_t>{30, 40, 60, 120}));
}

// Three drafts after 5 cached tokens see 6, 7 and 8: 21 pairs of 2 * (16 + 8) FLOPs; the cache's 8
// tokens of 24 elements are read once for all of them.
TEST(Attention, DraftsShareOnePassOverTheCache) {
  const AttentionProblem p(make_case(
      "paged_decode", "bf16", heads(1, 1, 16, {{"context", 5}, {"q", 3}, {"value_dim", 8}})));
  EXPECT_EQ(p.visible(0, 2).last, 8);
  EXPECT_EQ(p.work().flops.count(), 21.0 * 2 * 24);
  EXPECT_EQ(p.work().bytes().count(), 8.0 * 24 * 2 + 3 * 16 * 4 + 3 * 8 * 4);
}

// Two tokens of 3 elements, 2 of them the latent, for one head: scores scaled by 1/sqrt(4) of 0 and
// 2 ln 3 weigh 1/4 and 3/4; the values are the latents (0, 4) and (8, 8).
TEST(Attention, LatentReferenceByHand) {
  AttentionProblem p(
      make_case("mla_decode", "fp32", latents(1, 2, 1, {{"context", 1}, {"nope", 3}})));
  p.q = {0, 0, 1};
  const float cached[] = {0, 4, 0, 8, 8, 2 * std::log(3.0F)};
  std::memcpy(p.cache.keys.data(), cached, sizeof(cached));
  const Oracle o = p.oracle(2);
  ASSERT_EQ(o.value.size(), 2U);
  EXPECT_NEAR(o.value[0], 6.0, 1e-6);
  EXPECT_NEAR(o.value[1], 7.0, 1e-6);
  // 2 * (3 + 2) FLOPs for each of two tokens; read: q and six cached floats; written: two.
  EXPECT_EQ(p.work().flops.count(), 20.0);
  EXPECT_EQ(p.work().bytes().count(), (3 + 6 + 2) * 4.0);
}

TEST(Attention, BadShapesAreRefused) {
  EXPECT_THROW(
      AttentionProblem(make_case("paged_decode", "fp32", {{"q_heads", 3}, {"kv_heads", 2}})),
      Error);
  const KernelCase odd = make_case("paged_decode", "fp32", {{"head_dim", 72}});
  EXPECT_EQ(supports(implementation("paged_decode", "avx2"), odd, Isa::avx2).reason,
            "head_dim is not a multiple of 16");
  const KernelCase value = make_case("paged_decode", "fp32", {{"value_dim", 8}});
  EXPECT_EQ(supports(implementation("paged_decode", "portable"), value).reason,
            "value_dim is not a multiple of 16");
  EXPECT_EQ(preferred(odd).name, "reference");
}

}  // namespace
}  // namespace inferbench
