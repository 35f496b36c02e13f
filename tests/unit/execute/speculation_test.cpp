#include "harness/execute/speculation.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "harness/base/error.hpp"

namespace inferbench {
namespace {

TEST(Speculation, ReadsEveryWayToDraft) {
  const Speculation ngram = parse_speculation("gamma=4,accept=0.8");
  EXPECT_EQ(ngram.method, Speculation::Method::ngram);
  EXPECT_EQ(ngram.draft_tokens, Tokens(4));
  EXPECT_EQ(ngram.acceptance, std::vector<double>(4, 0.8));
  EXPECT_EQ(parse_speculation("ngram, gamma=1, accept=0").method, Speculation::Method::ngram);

  const Speculation model = parse_speculation("draft=llama-3-8b,accept=0.9/0.8/0.7");
  EXPECT_EQ(model.method, Speculation::Method::draft_model);
  EXPECT_EQ(model.draft_model, "llama-3-8b");
  EXPECT_EQ(model.acceptance, (std::vector<double>{0.9, 0.8, 0.7}));
  EXPECT_EQ(label(model), "3 tokens drafted by llama-3-8b, accepted 0.900/0.800/0.700");

  const Speculation mtp = parse_speculation("mtp=1,accept=0.85");
  EXPECT_EQ(mtp.method, Speculation::Method::mtp);
  EXPECT_EQ(mtp.draft_tokens, Tokens(1));
  EXPECT_EQ(label(mtp), "1 token drafted by multi-token prediction, accepted 0.850");
}

TEST(Speculation, NothingDraftedIsAllowed) {
  const Speculation none = parse_speculation("gamma=0,accept=0.8");
  EXPECT_EQ(none.draft_tokens, Tokens(0));
  EXPECT_EQ(expected_tokens_per_decode(none), 1);
  EXPECT_EQ(label(none), "0 tokens drafted by n-gram");
}

TEST(Speculation, WhatCannotBeMeantIsRefused) {
  for (const char* text :
       {"", "gamma=4", "accept=0.8", "gamma=4,accept=1.01", "gamma=4,accept=-0.1",
        "gamma=4,accept=nan", "gamma=65,accept=1", "gamma=2,accept=0.9/0.8/0.7", "gamma,accept=1",
        "ngram=3,accept=1", "ngram,mtp=1,accept=1", "mtp=0,accept=1", "mtp=2,gamma=3,accept=1",
        "draft=a,mtp=1,accept=1", "gama=4,accept=1", "gamma=4,accept="}) {
    try {
      parse_speculation(text);
      FAIL() << text;
    } catch (const Error& error) {
      EXPECT_EQ(error.place(), "--speculate") << text;
    }
  }
}

// E = (1 - a^(g+1)) / (1 - a), at best g + 1, at worst 1.
TEST(Speculation, ExpectsWhatTheClosedFormSays) {
  EXPECT_DOUBLE_EQ(expected_tokens_per_decode(parse_speculation("gamma=4,accept=1")), 5);
  EXPECT_DOUBLE_EQ(expected_tokens_per_decode(parse_speculation("gamma=4,accept=0")), 1);
  EXPECT_DOUBLE_EQ(expected_tokens_per_decode(parse_speculation("gamma=4,accept=0.8")),
                   (1 - std::pow(0.8, 5)) / 0.2);
  EXPECT_DOUBLE_EQ(expected_tokens_per_decode(parse_speculation("accept=0.5/0.25")),
                   1 + 0.5 + 0.125);
}

}  // namespace
}  // namespace inferbench
