// The options of a batching policy, as a user types them.

#include <gtest/gtest.h>

#include "program.hpp"

namespace inferbench {
namespace {

std::vector<std::string> with(std::vector<std::string> arguments,
                              const std::vector<std::string>& more) {
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

const std::vector<std::string> kReplay = {"replay", "--model",    "llama-3-8b",       "--gpu",
                                          "h100",   "--workload", "sample:chat-burst"};
const std::vector<std::string> kSweep = {
    "sweep",  "--model",    "llama-3-8b",       "--gpu", "h100", "--gpus", "2", "--method",
    "replay", "--workload", "sample:chat-burst"};

TEST(PolicyOptions, WhatDoesNotApplyIsRefusedOnEveryVerb) {
  for (const auto& verb : {kReplay, kSweep}) {
    expect_refused(with(verb, {"--scheduler", "static", "--watermark", "0.1"}),
                   {"--watermark", "static", "in_flight"});
    expect_refused(with(verb, {"--aging", "5"}), {"--aging", "in_flight", "shortest_first"});
    expect_refused(with(verb, {"--scheduler", "fifo"}), {"fifo", "inferbench list schedulers"});
    expect_refused(with(verb, {"--speculate", "gamma=4,accept=1.2"}),
                   {"accept = 1.2", "0 <= accept"});
    expect_refused(with(verb, {"--speculate", "gamma=4,accept=-1"}), {"accept = -1"});
    expect_refused(with(verb, {"--speculate", "gamma=4"}), {"accept is missing", "accept=0.8"});
    expect_refused(with(verb, {"--speculate", "draft=lama-3-8b,gamma=2,accept=0.5"}),
                   {"--speculate draft=lama-3-8b", "llama-3-8b"});
  }
}

TEST(PolicyOptions, AgingOfZeroIsRefused) {
  for (const auto& verb : {kReplay, kSweep}) {
    expect_refused(with(verb, {"--scheduler", "priority", "--aging", "0"}), {"--aging", "starve"});
  }
}

TEST(PolicyOptions, AStepWithoutRoomForItsDraftsIsRefused) {
  expect_refused(with(kReplay, {"--step-tokens", "4", "--speculate", "gamma=4,accept=1"}),
                 {"--step-tokens", "4 drafted tokens"});
}

TEST(PolicyOptions, ADraftModelThatDoesNotFitIsRefused) {
  expect_refused(
      with(kReplay, {"--parallel", "tp1", "--speculate", "draft=llama-3-70b,gamma=2,accept=0.5"}),
      {"--speculate", "llama-3-70b", "does not fit"});
}

TEST(PolicyOptions, EveryPolicyIsListedWithItsOptions) {
  const Ran listed = run_program({"list", "schedulers"});
  EXPECT_EQ(listed.exit_code, 0);
  for (const char* text : {"in_flight", "mixed", "prefill_first", "priority", "shortest_first",
                           "static", "static_padded", "--aging (1000)", "--speculate"}) {
    EXPECT_NE(listed.out.find(text), std::string::npos) << text;
  }
}

}  // namespace
}  // namespace inferbench
