#include <map>
#include <set>

#include "tests/unit/workloads/stream_support.hpp"
#include "workloads/load.hpp"
#include "workloads/synthetic/conversations.hpp"
#include "workloads/synthetic/generator_spec.hpp"
#include "workloads/synthetic/presets.hpp"

namespace inferbench {
namespace {

WorkloadOptions with_requests(std::int64_t requests) {
  WorkloadOptions options;
  options.requests = requests;
  return options;
}

void expect_equal(const Request& a, const Request& b) {
  EXPECT_EQ(a.id, b.id);
  EXPECT_EQ(a.arrival, b.arrival);
  EXPECT_EQ(a.input, b.input);
  EXPECT_EQ(a.output, b.output);
  EXPECT_EQ(a.prefix_blocks, b.prefix_blocks);
}

TEST(Generator, TheFirst100Of1000AreThe100) {
  for (const char* spec :
       {"poisson:rate=2,isl=lognormal(1000,1),osl=uniform(1,9)",
        "gamma:rate=2,cv=3,isl=mix(1*10+1*normal(99,9)),osl=5,prefix=64,groups=5,block=16",
        "poisson:rate=1,turns=uniform(1,6),gap=exp:5s,isl=uniform(10,50),osl=uniform(5,9)"}) {
    const Workload few = load_workload(spec, with_requests(100));
    const Workload many = load_workload(spec, with_requests(1000));
    ASSERT_EQ(few.requests.size(), 100U);
    ASSERT_EQ(many.requests.size(), 1000U);
    for (std::size_t i = 0; i < 100; ++i) expect_equal(few.requests[i], many.requests[i]);
  }
}

TEST(Generator, ChangingOneDistributionLeavesTheOtherDrawsAlone) {
  const Workload a = load_workload("poisson:rate=2,isl=uniform(1,999),osl=uniform(1,99)", {});
  const Workload b = load_workload("poisson:rate=2,isl=7,osl=uniform(1,99)", {});
  for (std::size_t i = 0; i < a.requests.size(); ++i) {
    EXPECT_EQ(a.requests[i].arrival, b.requests[i].arrival);
    EXPECT_EQ(a.requests[i].output, b.requests[i].output);
  }
}

TEST(Generator, SeedsAreDifferentWorkloads) {
  WorkloadOptions other;
  other.seed = 7;
  const Workload a = load_workload("poisson:rate=2,isl=uniform(1,999),osl=5", {});
  const Workload b = load_workload("poisson:rate=2,isl=uniform(1,999),osl=5", other);
  EXPECT_NE(a.requests[0].arrival, b.requests[0].arrival);
  expect_parts(b.source, {"seed 7"});
}

// Three turns of 100 + 10 tokens behind a prefix of 32, blocks of 16:
//   turn   input                     of which shared with the turn before
//   0      32 + 100 = 132            (prefix: 2 blocks of the group)
//   1      132 + 10 + 100 = 242      132 / 16 = 8 full blocks
//   2      242 + 10 + 100 = 352      242 / 16 = 15 full blocks
TEST(Conversations, HistoryGrowsAndItsFullBlocksStay) {
  ConversationShape shape;
  shape.input = fixed_length(100);
  shape.output = fixed_length(10);
  shape.turns = fixed_length(3);
  shape.prefix = fixed_length(32);
  shape.block_tokens = Tokens(16);
  const auto stream = generate_conversations(shape, 1);
  const auto requests = drain(*stream, 6);
  EXPECT_EQ(requests[0].input, Tokens(132));
  EXPECT_EQ(requests[1].input, Tokens(242));
  EXPECT_EQ(requests[2].input, Tokens(352));
  EXPECT_EQ(requests[3].input, Tokens(132));
  EXPECT_EQ(requests[2].session, SessionId(0));
  EXPECT_EQ(requests[3].session, SessionId(3));
  EXPECT_EQ(requests[0].prefix_blocks.size(), 9U);  // 132 / 16 = 8.25
  EXPECT_EQ(requests[2].prefix_blocks.size(), 22U);
  const auto common = [&](std::size_t a, std::size_t b) {
    const auto& x = requests[a].prefix_blocks;
    const auto& y = requests[b].prefix_blocks;
    const auto end = x.begin() + std::ssize(x);
    return std::mismatch(x.begin(), end, y.begin(), y.end()).first - x.begin();
  };
  EXPECT_EQ(common(0, 1), 8);
  EXPECT_EQ(common(1, 2), 15);
  EXPECT_EQ(common(0, 3), 2);  // another conversation shares the group's prefix alone
}

TEST(Conversations, GroupsShareTheirPrefixAndSkewMakesSomePopular) {
  const Workload workload = load_workload(
      "at-once:isl=16,osl=1,prefix=uniform(32,160),groups=4,skew=1,block=16,requests=4000", {});
  std::map<std::uint64_t, int> by_first_block;
  std::map<std::uint64_t, std::set<std::int64_t>> lengths;
  for (const Request& request : workload.requests) {
    ++by_first_block[request.prefix_blocks.front()];
    lengths[request.prefix_blocks.front()].insert(request.input.count());
  }
  ASSERT_EQ(by_first_block.size(), 4U);
  for (const auto& [block, sizes] : lengths) EXPECT_EQ(sizes.size(), 1U);  // one length a group
  // Weights 1, 1/2, 1/3, 1/4 of 25/12: 48 %, 24 %, 16 %, 12 %.
  std::multiset<int> counts;
  for (const auto& [block, count] : by_first_block) counts.insert(count);
  EXPECT_NEAR(*counts.rbegin(), 1920, 160);
  EXPECT_NEAR(*counts.begin(), 480, 110);
}

TEST(Conversations, PrioritiesAreDrawnByWeightAndStayInAConversation) {
  const Workload workload =
      load_workload("at-once:isl=16,osl=1,priority=0:3/2:1,turns=2,gap=1s,requests=4000", {});
  std::map<std::int32_t, int> counts;
  std::map<SessionId, std::int32_t> by_conversation;
  for (const Request& request : workload.requests) {
    ++counts[request.priority];
    const auto [first, fresh] = by_conversation.emplace(request.session, request.priority);
    EXPECT_EQ(request.priority, first->second);
  }
  ASSERT_EQ(counts.size(), 2U);
  EXPECT_NEAR(counts[2], 1000, 120);
  for (const Request& request : load_workload("at-once:isl=16,osl=1,requests=9", {}).requests) {
    EXPECT_EQ(request.priority, 0);
  }
}

TEST(Conversations, WithoutPrefixOrTurnsThereAreNoBlocks) {
  const Workload workload = load_workload("at-once:isl=100,osl=1,requests=3", {});
  EXPECT_EQ(workload.block_tokens, Tokens(0));
  EXPECT_TRUE(workload.requests[0].prefix_blocks.empty());
}

TEST(Generator, EmpiricalTakesTheLengthsOfAnotherWorkload) {
  const Workload sample = load_workload("sample:chat-burst", {});
  std::set<std::pair<std::int64_t, std::int64_t>> known;
  std::set<std::int64_t> inputs;
  for (const Request& request : sample.requests) {
    known.emplace(request.input.count(), request.output.count());
    inputs.insert(request.input.count());
  }
  const Workload pairs =
      load_workload("poisson:rate=2,lengths=empirical(sample:chat-burst),requests=500", {});
  for (const Request& request : pairs.requests) {
    EXPECT_TRUE(known.contains({request.input.count(), request.output.count()}));
  }
  const Workload drawn =
      load_workload("poisson:rate=2,isl=empirical(sample:chat-burst),osl=3,requests=500", {});
  for (const Request& request : drawn.requests) {
    EXPECT_TRUE(inputs.contains(request.input.count()));
  }
}

TEST(Generator, SpecsThatCannotWorkSayWhy) {
  const auto error = [](const std::string& spec) {
    return error_of([&] { load_workload(spec, {}); });
  };
  expect_parts(error("poisson:isl=1,osl=1"), {"\"rate\" is missing", "ramp"});
  expect_parts(error("poisson:rate=1,osl=1"), {"\"isl\" is missing"});
  expect_parts(error("poisson:rate=1,isl=1,osl=1,isl=2"), {"\"isl\" stands twice"});
  expect_parts(error("poisson:rate=1,isl=1,osl=1,trns=2"), {"\"trns\"", "turns"});
  expect_parts(error("poisson:rate"), {"has no \"=\""});
  expect_parts(error("poisson:rate=1,burstiness=2,isl=1,osl=1"), {"burstiness belongs to gamma"});
  expect_parts(error("gamma:rate=1,isl=1,osl=1"), {"burstiness and cv"});
  expect_parts(error("gamma:rate=1,cv=1,burstiness=1,isl=1,osl=1"), {"burstiness and cv"});
  expect_parts(error("gamma:rate=1,cv=1000,isl=1,osl=1"), {"too extreme"});
  expect_parts(error("at-once:rate=1,isl=1,osl=1"), {"at-once has no rate"});
  expect_parts(error("poisson:rate=1,isl=1,osl=1,groups=3"), {"prefix=TOKENS"});
  expect_parts(error("poisson:rate=1,isl=1,osl=1,gap=3s"), {"turns=N"});
  expect_parts(error("poisson:rate=1,isl=1,osl=1,turns=2"), {"time between its turns", "gap="});
  expect_parts(error("poisson:rate=1,isl=1,osl=1,requests=0"), {"requests", "\"0\""});
  expect_parts(error("poisson:rate=1,isl=1,osl=1,lengths=empirical(sample:chat-burst)"),
               {"\"isl\" has no meaning"});
  expect_parts(error("poisson:rate=1,isl=1,osl=1,priority=0:0"), {"priority"});
  expect_parts(error("poisson:rate=1,isl=1,osl=1,priority=x:1"), {"priority"});
  expect_parts(error("poisson:rate=1,isl=1,osl=1,priority=2e6:1"), {"priority", "too large"});
  expect_parts(error("poisson:rate=1,lengths=uniform(1,2)"), {"empirical(SPEC)"});
  expect_parts(error("poisson:rate=1e-12,isl=1,osl=1"), {"292 years"});
}

TEST(Presets, EveryPresetLoads) {
  for (const WorkloadPreset& preset : workload_presets()) {
    const Workload workload = load_workload(preset.name, with_requests(20));
    EXPECT_EQ(workload.requests.size(), 20U) << preset.name;
    EXPECT_EQ(workload.name, preset.name);
  }
}

TEST(Presets, InferenceMaxLengthsLieBetween80PercentAndAll) {
  const Workload workload = load_workload("inferencemax-8k1k", {});
  ASSERT_EQ(workload.requests.size(), 1000U);
  for (const Request& request : workload.requests) {
    EXPECT_GE(request.input, Tokens(6553));  // int(0.8 * 8192)
    EXPECT_LE(request.input, Tokens(8192));
    EXPECT_GE(request.output, Tokens(819));
    EXPECT_LE(request.output, Tokens(1024));
    EXPECT_EQ(ns(request), 0);
  }
}

TEST(Presets, TakeARateAsPoissonAndTenRequestsPerUser) {
  WorkloadOptions rate;
  rate.rate = 5;
  const Workload poisson = load_workload("inferencemax-1k1k", rate);
  EXPECT_NEAR(static_cast<double>(ns(poisson.requests.back())) / 1e9, 200, 35);
  WorkloadOptions closed;
  closed.concurrency = 8;
  EXPECT_EQ(open_source("inferencemax-1k1k", closed)->info().requests, 80U);
}

}  // namespace
}  // namespace inferbench
