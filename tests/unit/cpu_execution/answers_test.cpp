// Answers do not depend on how they were served: every policy, cache and draft gives the tokens of
// each request computed by itself.

#include <gtest/gtest.h>

#include "tests/unit/cpu_execution/tiny_system.hpp"

namespace inferbench {
namespace {

using namespace inferbench::literals;
using namespace inferbench::testing_support;

// All at once, so that they meet in batches: 12 prompts of up to 50 tokens, answers of up to 30.
std::vector<Request> burst(std::uint64_t seed, std::size_t n = 12) {
  auto requests = random_requests(seed, n, 50, 30, Duration(0));
  for (Request& request : requests) request.arrival = Time{};
  return requests;
}

TEST(Answers, AreThePlainOnesUnderEveryPolicy) {
  const PromptTexts texts(1, 256, Tokens(0));
  const auto requests = burst(3);
  const Answers want = plain_answers(requests, texts, sampling_of({}));
  for (const std::string& policy : scheduler_names()) {
    if (policy == "static_padded") continue;  // computes padding, which no packed batch has
    for (const std::int64_t step_tokens : {20, 64}) {
      SCOPED_TRACE(policy + " " + std::to_string(step_tokens));
      const Executed run =
          execute(requests, texts, {.policy = policy, .scheduler = pool_of(40, step_tokens)});
      EXPECT_EQ(run.answers, want);
    }
  }
}

// 7 blocks hold two or three of the requests: later ones push earlier answers out again and again.
TEST(Answers, SurvivePreemption) {
  const PromptTexts texts(1, 256, Tokens(0));
  const auto requests = burst(4);
  const Executed run = execute(requests, texts, {.scheduler = pool_of(7, 64)});
  EXPECT_GT(run.stats.preemptions, 0U);
  EXPECT_EQ(run.answers, plain_answers(requests, texts, sampling_of({})));
}

TEST(Answers, AreTheSameFromCachedPrefixes) {
  std::int64_t hits = 0;
  for (const std::int64_t hash_tokens : {16, 24, 32}) {
    for (std::uint64_t seed = 10; seed < 14; ++seed) {
      SCOPED_TRACE(std::to_string(hash_tokens) + " " + std::to_string(seed));
      auto requests = burst(seed);
      RandomStream random(seed, "prefixes");
      add_prefixes(requests, random, Tokens(hash_tokens));
      const PromptTexts texts(1, 256, Tokens(hash_tokens));
      SchedulerOptions scheduler = pool_of(random.between(9, 40), random.between(20, 90));
      scheduler.kv.prefix_cache = true;
      scheduler.kv.hash_tokens = Tokens(hash_tokens);
      const Executed run = execute(requests, texts, {.scheduler = scheduler});
      hits += run.stats.kv.hit_tokens;
      EXPECT_EQ(run.answers, plain_answers(requests, texts, sampling_of({})));
    }
  }
  EXPECT_GT(hits, 1000);
}

// Drafts of the model itself are all accepted, those of a stranger hardly any: the same answers.
TEST(Answers, AreLosslessUnderSpeculation) {
  const PromptTexts texts(1, 256, Tokens(0));
  const auto requests = burst(5);
  const Answers want = plain_answers(requests, texts, sampling_of({}));
  for (const std::int64_t blocks : {9, 40}) {  // with preemption, and without
    SchedulerOptions scheduler = pool_of(blocks, 60);
    scheduler.draft_tokens = Tokens(3);
    const Executed self = execute(requests, texts, {.scheduler = scheduler, .draft_seed = 7});
    EXPECT_EQ(self.answers, want);
    EXPECT_EQ(self.stats.accepted, self.stats.drafted);
    const Executed stranger = execute(requests, texts, {.scheduler = scheduler, .draft_seed = 8});
    EXPECT_EQ(stranger.answers, want);
    EXPECT_LT(stranger.stats.accepted, stranger.stats.drafted / 2);
    const Executed ngram = execute(requests, texts, {.scheduler = scheduler});
    EXPECT_EQ(ngram.answers, want);
    EXPECT_GT(ngram.stats.drafted, 0U);
  }
}

// The number that decides a token belongs to its request and position.
TEST(Answers, AreTheSameWhenSampled) {
  const PromptTexts texts(1, 256, Tokens(0));
  const auto requests = burst(6);
  const SamplingOf sampling =
      sampling_of({.temperature = 0.8F, .top_k = 40, .top_p = 0.95, .seed = 9});
  const Answers want = plain_answers(requests, texts, sampling);
  EXPECT_NE(want, plain_answers(requests, texts, sampling_of({})));
  SchedulerOptions scheduler = pool_of(12, 50);
  EXPECT_EQ(execute(requests, texts, {.scheduler = scheduler, .sampling = sampling}).answers, want);
  scheduler.draft_tokens = Tokens(2);
  const Executed drafted =
      execute(requests, texts, {.scheduler = scheduler, .sampling = sampling, .draft_seed = 7});
  EXPECT_EQ(drafted.answers, want);
  EXPECT_EQ(drafted.stats.accepted, drafted.stats.drafted);
}

TEST(Answers, AreThePlainOnesInEveryFormat) {
  const PromptTexts texts(1, 256, Tokens(0));
  const auto requests = burst(7, 6);
  const std::pair<const char*, const char*> formats[] = {
      {"fp32", "fp32"}, {"w8a8", "int8"}, {"w4a8-g128", "fp8_e4m3"}, {"fp8-block128", "fp16"}};
  for (const auto& [format, kv] : formats) {
    SCOPED_TRACE(std::string(format) + " " + kv);
    TinyOptions options{.format = format, .kv = kv, .scheduler = pool_of(10, 40)};
    EXPECT_EQ(execute(requests, texts, options).answers,
              plain_answers(requests, texts, sampling_of({}), format, kv));
  }
}

// Everything together.
TEST(Answers, AreThePlainOnesInRandomSystems) {
  RandomStream random(31, "systems");
  for (int round = 0; round < 12; ++round) {
    SCOPED_TRACE(round);
    auto requests = random_requests(random.bits(), 8, 60, 20, Duration(random.between(0, 400'000)));
    const Tokens hash_tokens(random.between(1, 3) * 16);
    add_prefixes(requests, random, hash_tokens);
    const PromptTexts texts(random.bits(), 256, hash_tokens);
    TinyOptions options{.scheduler = pool_of(random.between(6, 30), random.between(12, 80))};
    options.scheduler.max_batch = random.between(1, 8);
    options.scheduler.kv.prefix_cache = random.below(2) == 0;
    options.scheduler.kv.hash_tokens = hash_tokens;
    if (random.below(2) == 0) {
      options.scheduler.draft_tokens = Tokens(random.between(1, 4));
      options.draft_seed = 7 + random.below(2);
    }
    EXPECT_EQ(execute(requests, texts, options).answers,
              plain_answers(requests, texts, sampling_of({})));
  }
}

TEST(Answers, DigestTellsThemApart) {
  const PromptTexts texts(1, 256, Tokens(0)), others(2, 256, Tokens(0));
  const auto requests = burst(8, 4);
  const Executed a = execute(requests, texts, {.scheduler = pool_of(7, 30)});
  const Executed b = execute(requests, texts, {.policy = "static"});
  const Executed c = execute(requests, others, {});
  EXPECT_EQ(a.digest, b.digest);
  EXPECT_NE(a.digest, c.digest);
}

}  // namespace
}  // namespace inferbench
