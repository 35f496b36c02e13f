#include "harness/schedule/registry.hpp"

#include <gtest/gtest.h>

#include "harness/base/error.hpp"

namespace inferbench {
namespace {

TEST(SchedulerRegistry, AnUnknownPolicyIsAnsweredWithTheNearest) {
  try {
    make_scheduler("inflight", {});
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("in_flight"), std::string::npos) << error.what();
  }
}

TEST(SchedulerRegistry, LimitsThatCannotWorkAreNamed) {
  const auto refused = [](auto change) {
    SchedulerOptions options;
    options.kv_blocks = 10;
    change(options);
    try {
      make_scheduler("in_flight", options);
    } catch (const Error& error) {
      return error.place();
    }
    return std::string("accepted");
  };
  EXPECT_EQ(refused([](SchedulerOptions&) {}), "accepted");
  EXPECT_EQ(refused([](SchedulerOptions& o) { o.step_tokens = Tokens(0); }), "--step-tokens");
  EXPECT_EQ(refused([](SchedulerOptions& o) { o.max_batch = -1; }), "--max-batch");
  EXPECT_EQ(refused([](SchedulerOptions& o) { o.block_tokens = Tokens(0); }), "--block-tokens");
  EXPECT_EQ(refused([](SchedulerOptions& o) { o.kv_blocks = 0; }), "KV blocks");
  EXPECT_EQ(refused([](SchedulerOptions& o) { o.watermark = 1; }), "--watermark");
}

}  // namespace
}  // namespace inferbench
