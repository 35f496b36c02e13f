#include "kernels/sampling/sampling.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "harness/base/error.hpp"
#include "harness/base/random.hpp"
#include "kernels/registry.hpp"

namespace inferbench {
namespace {

constexpr float kMasked = -std::numeric_limits<float>::infinity();
constexpr float kNoNumber = std::numeric_limits<float>::quiet_NaN();

std::vector<Isa> isas() {
  std::vector<Isa> present;
  for (const Isa isa : {Isa::portable, Isa::avx2, Isa::avx512}) {
    if (supports(isa).ok) present.push_back(isa);
  }
  return present;
}

// Every implementation's token for one row; they must agree.
std::int32_t sampled(const std::vector<float>& logits, const SamplingRequest& request) {
  const std::int32_t expected = sample_reference(logits, request);
  ThreadTeam team(1);
  for (const Isa isa : isas()) {
    std::int32_t token = -2;
    Sampler(static_cast<std::int64_t>(logits.size()), isa)
        .sample(logits, {&request, 1}, {&token, 1}, team);
    EXPECT_EQ(token, expected) << name(isa) << " of " << logits.size() << " tokens, top_k "
                               << request.top_k << ", top_p " << request.top_p << ", u "
                               << request.uniform << ", T " << request.temperature;
  }
  return expected;
}

std::vector<float> drawn(std::size_t n, std::uint64_t seed, double spread) {
  RandomStream random = Random(seed).stream("logits");
  std::vector<float> logits(n);
  for (float& l : logits) l = static_cast<float>(random.normal(0, spread));
  return logits;
}

TEST(ExactExp, IsWithinThreeUnitsInTheLastPlace) {
  RandomStream random = Random(1).stream("exp");
  for (int i = 0; i < 200'000; ++i) {
    const auto x = static_cast<float>(random.uniform() * 174.0 - 87.0);
    const double exact = std::exp(static_cast<double>(x));
    const double unit = std::exp2(std::floor(std::log2(exact)) - 23);
    EXPECT_LE(std::abs(static_cast<double>(exact_exp(x)) - exact), 3 * unit) << x;
  }
  EXPECT_EQ(exact_exp(0.0F), 1.0F);
}

// Probabilities 0.5, 0.25, 0.125, 0.125 at indices 2, 0, 3, 1; in the order of indices they end at
// 0.25 (0), 0.375 (1), 0.875 (2), 1 (3).
const std::vector<float> kFour = {std::log(2.0F), 0.0F, std::log(4.0F), 0.0F};

TEST(Sampling, TheUniformNumberPicksATokenByItsShare) {
  EXPECT_EQ(sampled(kFour, {.uniform = 0.0}), 0);
  EXPECT_EQ(sampled(kFour, {.uniform = 0.24}), 0);
  EXPECT_EQ(sampled(kFour, {.uniform = 0.26}), 1);
  EXPECT_EQ(sampled(kFour, {.uniform = 0.38}), 2);
  EXPECT_EQ(sampled(kFour, {.uniform = 0.87}), 2);
  EXPECT_EQ(sampled(kFour, {.uniform = 0.88}), 3);
  EXPECT_EQ(sampled(kFour, {.uniform = 1 - 0x1p-53}), 3);
}

// Two tokens: 2 with 2/3 and 0 with 1/3. Of the equal tokens 1 and 3 the third place is 1's.
TEST(Sampling, TopKKeepsTheLargestAndOfEqualsTheFirst) {
  EXPECT_EQ(sampled(kFour, {.top_k = 1, .uniform = 0.99}), 2);
  EXPECT_EQ(sampled(kFour, {.top_k = 2, .uniform = 0.33}), 0);
  EXPECT_EQ(sampled(kFour, {.top_k = 2, .uniform = 0.34}), 2);
  EXPECT_EQ(sampled(kFour, {.top_k = 3, .uniform = 0.99}), 2);  // 0, 1, 2 are kept
  EXPECT_EQ(sampled(kFour, {.top_k = 4, .uniform = 0.99}), 3);
  EXPECT_EQ(sampled(kFour, {.top_k = 9, .uniform = 0.99}), 3);
}

// 0.7 needs 0.5 + 0.25; 0.8 a third token, and of the equal ones it is token 1.
TEST(Sampling, TopPKeepsTheFewestThatHoldItsShare) {
  EXPECT_EQ(sampled(kFour, {.top_p = 0.4, .uniform = 0.99}), 2);
  EXPECT_EQ(sampled(kFour, {.top_p = 0.7, .uniform = 0.33}), 0);
  EXPECT_EQ(sampled(kFour, {.top_p = 0.7, .uniform = 0.34}), 2);
  EXPECT_EQ(sampled(kFour, {.top_p = 0.8, .uniform = 0.35}), 1);
  EXPECT_EQ(sampled(kFour, {.top_p = 0.8, .uniform = 0.99}), 2);
  EXPECT_EQ(sampled(kFour, {.top_p = 0.9, .uniform = 0.99}), 3);
  // Of the two largest 0.6 needs one: 0.5 of 0.75.
  EXPECT_EQ(sampled(kFour, {.top_k = 2, .top_p = 0.6, .uniform = 0.01}), 2);
}

// At temperature 1/2 probabilities are squared: 4, 1, 16, 1 of 22.
TEST(Sampling, TemperatureSharpens) {
  EXPECT_EQ(sampled(kFour, {.temperature = 0.5F, .uniform = 3.9 / 22}), 0);
  EXPECT_EQ(sampled(kFour, {.temperature = 0.5F, .uniform = 4.1 / 22}), 1);
  EXPECT_EQ(sampled(kFour, {.temperature = 0.5F, .uniform = 20.9 / 22}), 2);
  EXPECT_EQ(sampled(kFour, {.temperature = 0.0F, .uniform = 0.9}), 2);
  EXPECT_EQ(sampled({1.0F, 3.0F, 3.0F}, {.temperature = 0.0F}), 1);
}

TEST(Sampling, MaskedTokensAreNeverSampled) {
  std::vector<float> logits(200, kMasked);
  EXPECT_EQ(sampled(logits, {.uniform = 0.5}), -1);
  logits[77] = -5.0F;
  for (const double u : {0.0, 0.5, 0.999}) {
    EXPECT_EQ(sampled(logits, {.uniform = u}), 77);
    EXPECT_EQ(sampled(logits, {.top_k = 5, .uniform = u}), 77);
    EXPECT_EQ(sampled(logits, {.top_p = 0.5, .uniform = u}), 77);
  }
}

// Probabilities 2/3 and 1/3 at 3 and 70; everything else is no number. A top_k of more tokens than
// there are numbers keeps those that there are.
TEST(Sampling, WhatIsNoNumberIsNeverSampled) {
  std::vector<float> logits(200, kNoNumber);
  logits[3] = std::log(2.0F), logits[70] = 0.0F;
  for (const std::int64_t k : {0, 2, 3, 5, 100, 199, 200}) {
    for (const double p : {1.0, 0.9}) {
      EXPECT_EQ(sampled(logits, {.top_k = k, .top_p = p, .uniform = 0.66}), 3);
      EXPECT_EQ(sampled(logits, {.top_k = k, .top_p = p, .uniform = 0.67}), 70);
    }
    EXPECT_EQ(sampled(logits, {.top_k = k, .top_p = 0.5, .uniform = 0.99}), 3);
  }
  EXPECT_EQ(sampled(logits, {.top_k = 1, .uniform = 0.99}), 3);
  EXPECT_EQ(sampled(logits, {.temperature = 0.0F}), 3);
}

TEST(Sampling, ARowWithoutAFiniteLargestLogitHasNoToken) {
  for (const float rest : {kNoNumber, kMasked, 1.0F}) {
    std::vector<float> logits(200, rest);
    if (rest == 1.0F) logits[150] = -kMasked;  // plus infinity
    for (const std::int64_t k : {0, 1, 100, 200}) {
      for (const double p : {1.0, 0.5}) {
        EXPECT_EQ(sampled(logits, {.top_k = k, .top_p = p, .uniform = 0.5}), -1);
      }
    }
    EXPECT_EQ(sampled(logits, {.temperature = 0.0F}), -1);
  }
}

// Of every token one in `rarity` is NaN, one minus infinity.
TEST(Sampling, ImplementationsAgreeAmongTokensThatAreMaskedOrNoNumber) {
  RandomStream random = Random(10).stream("holes");
  for (const std::size_t n : {1U, 17U, 64U, 200U, 3000U}) {
    for (const std::uint64_t rarity : {2U, 5U, 50U}) {
      std::vector<float> logits = drawn(n, random.bits(), 0.1 + 60 * random.uniform());
      for (float& l : logits) {
        if (random.below(rarity) == 0) l = random.below(2) == 0 ? kNoNumber : kMasked;
      }
      for (const std::int64_t k : {0, 1, 7, 100, 2999}) {
        for (const double p : {1.0, 0.95, 0.3}) {
          sampled(logits, {.top_k = k, .top_p = p, .uniform = random.uniform()});
        }
      }
    }
  }
}

TEST(Sampling, EqualLogitsAreAllAlike) {
  const std::vector<float> logits(1000, 2.5F);
  EXPECT_EQ(sampled(logits, {.uniform = 0.5005}), 500);
  EXPECT_EQ(sampled(logits, {.top_k = 10, .uniform = 0.95}), 9);
  EXPECT_EQ(sampled(logits, {.top_p = 0.1, .uniform = 0.995}), 99);
}

TEST(Sampling, EveryImplementationSamplesTheTokenOfTheDefinition) {
  RandomStream random = Random(9).stream("cases");
  for (const std::size_t n : {1U, 2U, 63U, 64U, 65U, 1000U, 5000U}) {
    for (int i = 0; i < 40; ++i) {
      std::vector<float> logits = drawn(n, random.bits(), 0.1 + 6 * random.uniform());
      // Rounded, so that many are equal.
      if (i % 2 == 0) {
        for (float& l : logits) l = std::round(l * 4) / 4;
      }
      for (const std::int64_t k : {0, 1, 7, 100, 4000}) {
        for (const double p : {1.0, 0.95, 0.3, 1e-6}) {
          sampled(logits, {.temperature = static_cast<float>(0.2 + 2 * random.uniform()),
                           .top_k = k,
                           .top_p = p,
                           .uniform = random.uniform()});
        }
      }
    }
  }
}

TEST(Sampling, AWholeVocabularyToo) {
  const std::vector<float> flat = drawn(128256, 4, 0.5), peaked = drawn(128256, 5, 6);
  for (const auto& logits : {flat, peaked}) {
    for (const double u : {0.0, 0.37, 0.999}) {
      sampled(logits, {.uniform = u});
      sampled(logits, {.top_k = 50, .uniform = u});
      sampled(logits, {.top_k = 128256, .uniform = u});
      sampled(logits, {.top_p = 0.9, .uniform = u});
      sampled(logits, {.top_k = 1000, .top_p = 0.5, .uniform = u});
    }
  }
}

// 16 classes of probability by softmax in fp64; 99.9 % of chi-square with 15 degrees of freedom lie
// below 37.7.
TEST(Sampling, DrawsFollowTheSoftmax) {
  const std::vector<float> logits = drawn(16, 3, 1.5);
  std::vector<double> expected;
  double total = 0;
  for (const float l : logits) total += std::exp(static_cast<double>(l) / 0.8);
  for (const float l : logits) expected.push_back(std::exp(static_cast<double>(l) / 0.8) / total);
  constexpr int kDraws = 50'000;
  std::vector<SamplingRequest> requests;
  std::vector<float> rows;
  for (int i = 0; i < kDraws; ++i) {
    requests.push_back(
        {.temperature = 0.8F, .uniform = sampling_uniform(7, 0, static_cast<std::uint64_t>(i))});
    rows.insert(rows.end(), logits.begin(), logits.end());
  }
  std::vector<std::int32_t> tokens(kDraws);
  ThreadTeam team(2);
  Sampler(16).sample(rows, requests, tokens, team);
  std::vector<double> seen(16, 0.0);
  for (const std::int32_t t : tokens) seen[static_cast<std::size_t>(t)] += 1;
  double chi_square = 0;
  for (std::size_t t = 0; t < 16; ++t) {
    const double mean = expected[t] * kDraws;
    chi_square += (seen[t] - mean) * (seen[t] - mean) / mean;
  }
  EXPECT_LT(chi_square, 37.7);
}

TEST(Sampling, ARowsTokenDoesNotDependOnItsBatchOrThreads) {
  constexpr std::size_t kVocabulary = 3000, kRequests = 9;
  const std::vector<float> logits = drawn(kVocabulary * kRequests, 8, 3);
  std::vector<SamplingRequest> requests;
  for (std::size_t r = 0; r < kRequests; ++r) {
    requests.push_back({.temperature = 0.7F,
                        .top_k = r % 3 == 0 ? 40 : 0,
                        .top_p = r % 2 == 0 ? 0.9 : 1,
                        .uniform = sampling_uniform(1, r, 5)});
  }
  std::vector<std::int32_t> together(kRequests);
  ThreadTeam three(3), one(1);
  Sampler sampler(kVocabulary);
  sampler.sample(logits, requests, together, three);
  for (std::size_t r = 0; r < kRequests; ++r) {
    std::int32_t alone = -2;
    sampler.sample(std::span(logits).subspan(r * kVocabulary, kVocabulary), {&requests[r], 1},
                   {&alone, 1}, one);
    EXPECT_EQ(alone, together[r]);
  }
}

TEST(Sampling, RegisteredOpsAgreeWithTheirOracle) {
  for (const char* op : {"sample", "sample_top_k", "sample_top_p"}) {
    for (const Implementation* i : implementations_of(op)) {
      if (!supports(i->needs).ok) continue;
      for (const Fill fill : {Fill::normal, Fill::outliers, Fill::extreme}) {
        const KernelCase c = make_case(op, "fp32", {{"requests", 5}, {"vocab", 1003}}, 2, fill);
        const auto problem = kernel_op(op).problem(c);
        EXPECT_EQ(problem->work().bytes().count(), 5 * 1003 * 4.0);
        const Check checked = check(*i->bind(*problem, 2), problem->oracle(1000));
        EXPECT_TRUE(checked.pass) << op << " " << i->name << ": " << checked.reason;
      }
    }
  }
}

TEST(Sampling, RequestsOutOfRangeAreErrors) {
  for (const SamplingRequest& r : {SamplingRequest{.temperature = -1}, SamplingRequest{.top_k = -1},
                                   SamplingRequest{.top_p = 0}, SamplingRequest{.top_p = 1.5},
                                   SamplingRequest{.uniform = 1}}) {
    EXPECT_THROW(check_sampling_request(r), Error);
  }
  EXPECT_THROW(Sampler(0), Error);
  const KernelCase c = make_case("sample_top_p", "", {{"vocab", 8}, {"top_p_permille", 1001}});
  EXPECT_THROW(kernel_op("sample_top_p").problem(c), Error);
}

}  // namespace
}  // namespace inferbench
