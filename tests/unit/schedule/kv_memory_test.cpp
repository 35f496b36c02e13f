#include "harness/schedule/kv_memory.hpp"

#include <gtest/gtest.h>

#include <string>

#include "harness/base/error.hpp"
#include "harness/schedule/in_flight_scheduler.hpp"

namespace inferbench {
namespace {

using namespace inferbench::literals;

Request request(std::uint64_t id, std::int64_t input, std::int64_t output,
                std::vector<std::uint64_t> hashes = {}) {
  Request out;
  out.id = RequestId(id);
  out.session = SessionId(id);
  out.input = Tokens(input);
  out.output = out.max_output = Tokens(output);
  out.prefix_blocks = std::move(hashes);
  return out;
}

SchedulerOptions limits(std::int64_t blocks) {
  SchedulerOptions options;
  options.step_tokens = 100_tok;
  options.kv_blocks = blocks;
  options.block_tokens = 4_tok;
  options.watermark = 0;
  return options;
}

std::string text(const BatchPlan& plan) {
  std::string out;
  for (const BatchItem& item : plan.items) {
    out += (out.empty() ? "" : ", ") + ("r" + std::to_string(item.request.value)) +
           (item.decode ? " d" : " p") + std::to_string(item.new_tokens.count()) + "@" +
           std::to_string(item.context.count()) + (item.emits ? "!" : "");
  }
  return out;
}

// Prompts of 12 tokens in blocks of 4, hashes of 4. Both come at once: r1 shares two blocks with
// r0, which computes them in the same step, layer before layer. r2 is r1 again: all but the last
// block.
TEST(KvMemory, APromptStartsBehindItsCachedPrefix) {
  SchedulerOptions options = limits(100);
  options.kv.prefix_cache = true;
  options.kv.hash_tokens = 4_tok;
  InFlightScheduler scheduler(options);
  scheduler.admit(request(0, 12, 1, {1, 2, 3}));
  scheduler.admit(request(1, 12, 1, {1, 2, 4}));
  BatchPlan plan = scheduler.plan();
  EXPECT_EQ(text(plan), "r0 p12@0!, r1 p4@8!");
  EXPECT_EQ(scheduler.pool().used(), 4);
  scheduler.commit(plan.step, {});
  scheduler.admit(request(2, 12, 1, {1, 2, 4}));
  EXPECT_EQ(text(scheduler.plan()), "r2 p4@8!");
  const KvStats kv = scheduler.kv_stats();
  EXPECT_EQ(kv.prompt_tokens, 36);
  EXPECT_EQ(kv.hit_tokens, 16);
}

// Without hashes a request takes no notice of the cache.
TEST(KvMemory, RequestsWithoutHashesPassTheCacheBy) {
  SchedulerOptions options = limits(100);
  options.kv.prefix_cache = true;
  options.kv.hash_tokens = 4_tok;
  InFlightScheduler scheduler(options);
  scheduler.admit(request(0, 12, 1));
  const BatchPlan plan = scheduler.plan();
  scheduler.commit(plan.step, {});
  scheduler.admit(request(1, 12, 1));
  EXPECT_EQ(text(scheduler.plan()), "r1 p12@0!");
  EXPECT_EQ(scheduler.kv_stats().hit_tokens, 0);
}

// The story of InFlightScheduler.ThePreemptedAreNamedAndKeepTheirPlace, with host memory: r1 had 4
// tokens when it was preempted; they move out with that step and back in with the one r1 joins,
// where it goes on as the decode that it was.
TEST(KvMemory, ASwappedRequestComesBackWithWhatItHad) {
  SchedulerOptions options = limits(2);
  options.kv.preemption = KvOptions::Preemption::swap;
  options.kv.host = 4_tok;
  InFlightScheduler scheduler(options);
  scheduler.admit(request(0, 4, 3));
  scheduler.admit(request(1, 4, 3));
  scheduler.commit(scheduler.plan().step, {});
  const BatchPlan tight = scheduler.plan();
  EXPECT_EQ(text(tight), "r0 d1@4!");
  EXPECT_EQ(tight.preempted, std::vector<RequestId>{RequestId(1)});
  EXPECT_EQ(tight.kv_to_host, 4_tok);
  scheduler.commit(tight.step, {});
  const BatchPlan alone = scheduler.plan();
  EXPECT_EQ(text(alone), "r0 d1@5!");
  EXPECT_EQ(alone.kv_to_host, 0_tok);
  scheduler.commit(alone.step, {});
  const BatchPlan back = scheduler.plan();
  EXPECT_EQ(text(back), "r1 d1@4!");
  EXPECT_EQ(back.kv_from_host, 4_tok);
  scheduler.pool().check();
}

TEST(KvMemory, WithoutRoomOnTheHostItIsRecomputed) {
  SchedulerOptions options = limits(2);
  options.kv.preemption = KvOptions::Preemption::swap;
  options.kv.host = 3_tok;
  InFlightScheduler scheduler(options);
  scheduler.admit(request(0, 4, 3));
  scheduler.admit(request(1, 4, 3));
  for (int step = 0; step < 3; ++step) scheduler.commit(scheduler.plan().step, {});
  const BatchPlan plan = scheduler.plan();
  EXPECT_EQ(text(plan), "r1 p5@0!");
  EXPECT_EQ(plan.kv_from_host, 0_tok);
  EXPECT_EQ(scheduler.kv_stats().swaps_refused, 1);
}

// 16 tokens of room. Paged, both prompts of 4 run at once; contiguous, the first one's answer of up
// to 9 tokens takes 12 from the start, and the second waits for it.
TEST(KvMemory, ContiguousReservesTheLongestAnswer) {
  SchedulerOptions options = limits(4);
  options.kv.layout = KvOptions::Layout::contiguous;
  InFlightScheduler scheduler(options);
  Request first = request(0, 4, 2), second = request(1, 4, 2);
  first.max_output = second.max_output = 9_tok;
  scheduler.admit(first);
  scheduler.admit(second);
  const BatchPlan plan = scheduler.plan();
  EXPECT_EQ(text(plan), "r0 p4@0!");
  EXPECT_EQ(scheduler.pool().used(), 3);
  scheduler.commit(plan.step, {});
  const KvStats kv = scheduler.kv_stats();
  EXPECT_EQ(kv.room_steps, 12);
  EXPECT_EQ(kv.filled_steps, 4);
}

// A decode of 5 known tokens in 2 blocks of 4, repeated 5 times: its table has room for 8 tokens
// while 6, 7 and 8 are filled, and for 12 from 9 on.
TEST(KvMemory, CountsUsageOfRepeatedStepsAsOneByOne) {
  KvMemory repeated(10, 4_tok, {}), single(10, 4_tok, {});
  repeated.reserve(0, 5_tok);
  single.reserve(0, 5_tok);
  repeated.note_repeated_usage(5_tok, 1, 5);
  repeated.note_repeated_growth(8_tok, 5_tok, 5);
  for (std::int64_t filled = 6; filled <= 10; ++filled) {
    single.reserve(0, Tokens(filled));
    single.note_usage(Tokens(filled));
  }
  EXPECT_EQ(single.stats().room_steps, 3 * 8 + 2 * 12);
  EXPECT_TRUE(repeated.stats() == single.stats());
}

TEST(KvMemory, RefusesOptionsThatDoNotGoTogether) {
  const auto refused = [](KvOptions kv) {
    try {
      check_options(kv, 16_tok);
    } catch (const Error& error) {
      return error.place();
    }
    return std::string("accepted");
  };
  EXPECT_EQ(refused({}), "accepted");
  KvOptions contiguous;
  contiguous.layout = KvOptions::Layout::contiguous;
  contiguous.prefix_cache = true;
  EXPECT_EQ(refused(contiguous), "--prefix-cache");
  contiguous.prefix_cache = false;
  contiguous.preemption = KvOptions::Preemption::swap;
  EXPECT_EQ(refused(contiguous), "--preempt");
  KvOptions host;
  host.host = 100_tok;
  EXPECT_EQ(refused(host), "--host-kv-gb");
  KvOptions tier;
  tier.cpu_tier = 100_tok;
  EXPECT_EQ(refused(tier), "--kv-cpu-tier");
  tier.prefix_cache = true;
  tier.hash_tokens = 512_tok;
  EXPECT_EQ(refused(tier), "--kv-cpu-tier");  // not one unit of 512
  tier.cpu_tier = 512_tok;
  EXPECT_EQ(refused(tier), "accepted");
}

}  // namespace
}  // namespace inferbench
