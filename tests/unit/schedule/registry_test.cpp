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
  EXPECT_EQ(refused([](SchedulerOptions& o) { o.aging = 100; }), "--aging");
}

TEST(SchedulerRegistry, AnOptionThatDoesNotApplyIsRefusedWithTheWayOut) {
  const auto message = [](auto refuse) {
    try {
      refuse();
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string("accepted");
  };
  const auto aging = message([] { refuse_aging_unless_used(find_policy("static")); });
  EXPECT_NE(aging.find("use priority, shortest_first"), std::string::npos) << aging;
  const auto watermark = message([] { refuse_watermark_unless_used(find_policy("static")); });
  EXPECT_NE(watermark.find("use in_flight, mixed"), std::string::npos) << watermark;
  EXPECT_EQ(message([] { refuse_aging_unless_used(find_policy("priority")); }), "accepted");
}

TEST(SchedulerRegistry, AgingOfZeroWouldLetRequestsStarve) {
  SchedulerOptions options;
  options.kv_blocks = 10;
  options.aging = 0;
  EXPECT_THROW(make_scheduler("priority", options), Error);
  options.aging = 1;
  EXPECT_NO_THROW(make_scheduler("priority", options));
}

}  // namespace
}  // namespace inferbench
