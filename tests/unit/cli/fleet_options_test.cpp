// The options of a fleet and its clients, as a user types them.

#include <gtest/gtest.h>

#include "program.hpp"

namespace inferbench {
namespace {

std::vector<std::string> replay(const std::vector<std::string>& more) {
  std::vector<std::string> arguments = {"replay", "--model",    "llama-3-8b",       "--gpu",
                                        "h100",   "--workload", "sample:chat-burst"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

TEST(FleetOptions, WhatHasNoEffectIsRefused) {
  expect_refused(replay({"--transfer", "host"}), {"--transfer", "--decode-parallel"});
  expect_refused(replay({"--decode-router", "round_robin"}),
                 {"--decode-router", "--decode-parallel"});
  expect_refused(replay({"--retry-backoff", "2s"}), {"--retry-backoff", "--retries"});
}

TEST(FleetOptions, ClientsWithoutAnyPatienceAreRefused) {
  expect_refused(replay({"--ttft-timeout", "0s"}), {"--ttft-timeout", "above 0"});
  expect_refused(replay({"--timeout", "0ms"}), {"--timeout", "above 0"});
}

TEST(FleetOptions, ABackoffWhoseDoublingsCannotBeCountedIsRefused) {
  expect_refused(replay({"--retries", "1000", "--retry-backoff", "100000h"}),
                 {"--retry-backoff", "at most 1h"});
}

TEST(FleetOptions, AnAutoscalerThatMustShrinkWhatItIsGivenIsRefused) {
  expect_refused(replay({"--parallel", "dp8", "--autoscale", "max=4,up=3,interval=1s"}),
                 {"--autoscale", "max=4", "8 replicas"});
}

TEST(FleetOptions, AStepOfMoreTokensThanCanBeCountedIsRefused) {
  for (const char* policy : {"in_flight", "static_padded"}) {
    expect_refused(replay({"--parallel", "pp2", "--scheduler", policy, "--step-tokens",
                           "9223372036854775807"}),
                   {"--step-tokens", "at most 1000000000"});
  }
}

// Its decode replica fails after 719 tokens, and the prefill pool is too small for prompt and
// answer together: it was served, so it has failed and was not rejected.
TEST(FleetOptions, AnAnswerThatOutgrewThePoolItComesBackToHasFailed) {
  const Ran run =
      run_program({"replay", "--model", "llama-3-8b", "--gpu", "h100", "--memory-fraction",
                   "0.2460", "--workload", "at-once:isl=900,osl=900", "--requests", "2",
                   "--prefill-parallel", "dp1", "--decode-parallel", "tp2dp2", "--event",
                   "fail replica=0 at=3s pool=decode", "--records", "-"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_NE(run.out.find("\"outcome\":\"failed\",\"reason\":\"replica_failed\""),
            std::string::npos);
  EXPECT_EQ(run.out.find("rejected"), std::string::npos);
}

// One pass over the replicas, not one for each that starts.
TEST(FleetOptions, TwoHundredThousandReplicasStartAtOnce) {
  const Ran run =
      run_program(replay({"--requests", "20", "--event", "scale_up at=1s replicas=200000"}));
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_NE(run.out.find("200,000 starts"), std::string::npos) << run.out;
}

}  // namespace
}  // namespace inferbench
