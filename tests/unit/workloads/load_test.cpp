#include "workloads/load.hpp"

#include <filesystem>
#include <fstream>
#include <map>

#include "tests/unit/workloads/stream_support.hpp"
#include "workloads/write_trace.hpp"

namespace inferbench {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

class Load : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ =
        (fs::path(::testing::TempDir()) /
         (std::string("load_") + ::testing::UnitTest::GetInstance()->current_test_info()->name()))
            .string();
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ + "/" + name, std::ios::binary) << text;
    return folder_ + "/" + name;
  }
  // Five requests at 0, 10, 20, 30, 40 s with outputs 1 to 5.
  std::string azure() const {
    std::string text = "TIMESTAMP,ContextTokens,GeneratedTokens\n";
    for (int i = 0; i < 5; ++i) {
      text += "2023-11-16 18:17:" + std::to_string(10 + 10 * i) + "," + std::to_string(100 + i) +
              "," + std::to_string(1 + i) + "\n";
    }
    return "azure:" + write("trace.csv", text);
  }
  std::string folder_;
};

bool has_note(const std::vector<std::string>& notes, const std::string& part) {
  for (const std::string& note : notes) {
    if (note.find(part) != std::string::npos) return true;
  }
  return false;
}

void expect_same(const std::vector<Request>& a, const std::vector<Request>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    ASSERT_EQ(a[i].id, b[i].id);
    ASSERT_EQ(a[i].arrival, b[i].arrival);
    ASSERT_EQ(a[i].input, b[i].input);
    ASSERT_EQ(a[i].output, b[i].output);
    ASSERT_EQ(a[i].max_output, b[i].max_output);
    ASSERT_EQ(a[i].session, b[i].session);
    ASSERT_EQ(a[i].prefix_blocks, b[i].prefix_blocks);
  }
}

// A session's number means nothing beyond who shares it: by first appearance.
std::vector<Request> with_sessions_by_row(std::vector<Request> requests) {
  std::map<std::uint32_t, SessionId> rows;
  for (Request& request : requests) {
    request.session =
        rows.try_emplace(request.session.value, SessionId(request.id.index())).first->second;
  }
  return requests;
}

TEST_F(Load, ATraceBeginsAtZeroAndKnowsItsLongestAnswer) {
  const Workload workload = load_workload(azure(), {});
  EXPECT_EQ(workload.name, "trace");
  ASSERT_EQ(workload.requests.size(), 5U);
  EXPECT_EQ(workload.requests[0].arrival, Time(0s));
  EXPECT_EQ(workload.requests[4].arrival, Time(40s));
  for (const Request& request : workload.requests) EXPECT_EQ(request.max_output, Tokens(5));
}

TEST_F(Load, RateWindowAndCountApply) {
  WorkloadOptions rate;
  rate.rate = 1;  // 4 gaps in 40 s is 0.1/s: ten times faster
  const Workload faster = load_workload(azure(), rate);
  EXPECT_EQ(faster.requests[4].arrival, Time(4s));
  EXPECT_TRUE(has_note(faster.notes, "rescaled from 0.1000 to 1.000"));
  WorkloadOptions scale;
  scale.time_scale = 0.5;
  EXPECT_EQ(load_workload(azure(), scale).requests[4].arrival, Time(20s));
  WorkloadOptions part;
  part.window_begin = 10s;
  part.window_end = 40s;
  part.requests = 2;
  const Workload cut = load_workload(azure(), part);
  ASSERT_EQ(cut.requests.size(), 2U);
  EXPECT_EQ(cut.requests[0].input, Tokens(101));
  EXPECT_EQ(cut.requests[0].arrival, Time(0s));
  EXPECT_EQ(cut.requests[0].max_output, Tokens(3));  // of those two
}

TEST_F(Load, StreamingGivesTheSameRequestsAsLoading) {
  const std::string trace = azure();
  WorkloadOptions jitter;
  jitter.jitter = true;
  jitter.rate = 3;
  for (const std::string& spec :
       {trace, std::string("sample:chat-burst"), std::string("sample:long-context"),
        std::string("gamma:rate=3,cv=2,isl=uniform(1,99),osl=9"),
        std::string("poisson:rate=1,turns=uniform(1,4),gap=exp:9s,isl=20,osl=uniform(1,9)")}) {
    for (const WorkloadOptions& options : {WorkloadOptions{}, jitter}) {
      const auto source = open_source(spec, options);
      const Workload loaded = load_workload(spec, options);
      EXPECT_EQ(source->info().notes, loaded.notes);
      EXPECT_EQ(source->info().requests, loaded.requests.size());
      expect_same(drain(*source), loaded.requests);
    }
  }
}

TEST_F(Load, ALoadedWorkloadOffersTheSameAsItsTrace) {
  WorkloadOptions options;
  options.rate = 2;
  options.requests = 3;
  const auto workload = std::make_shared<const Workload>(load_workload(azure(), {}));
  const auto again = open_source(workload, options);
  const auto direct = open_source(azure(), options);
  const auto a = drain(*again), b = drain(*direct);
  ASSERT_EQ(a.size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(a[i].arrival, b[i].arrival);
}

TEST_F(Load, ClosedLoopUsesTheTracesLengthsButNotItsTimes) {
  WorkloadOptions options;
  options.concurrency = 2;
  options.think_time = {.mean = 3s, .exponential = false};
  const auto source = open_source(azure(), options);
  EXPECT_TRUE(has_note(source->info().notes, "closed loop of 2 users, think time 3s"));
  const Request first = source->pop();
  EXPECT_EQ(source->pop().arrival, Time(0s));
  source->ended(first, Time(7s));
  EXPECT_EQ(source->next_arrival(), Time(10s));
}

TEST_F(Load, InterleavedConversationsAreGroupedInClosedLoop) {
  const std::string rows =
      "{\"arrival_ns\":0,\"input_tokens\":1,\"output_tokens\":1,\"session\":\"a\"}\n"
      "{\"arrival_ns\":1,\"input_tokens\":2,\"output_tokens\":1,\"session\":\"b\"}\n"
      "{\"arrival_ns\":2,\"input_tokens\":3,\"output_tokens\":1,\"session\":\"a\"}\n";
  WorkloadOptions options;
  options.concurrency = 1;
  const auto source = open_source("jsonl:" + write("rows.jsonl", rows), options);
  std::vector<std::int64_t> inputs;
  while (source->next_arrival() != kNever) {
    const Request request = source->pop();
    inputs.push_back(request.input.count());
    source->ended(request, request.arrival + 1s);
  }
  EXPECT_EQ(inputs, (std::vector<std::int64_t>{1, 3, 2}));
}

TEST_F(Load, ShareGptTakesArrivalsFromTheRate) {
  const std::string file = write("share.json", R"([
      {"conversations": [{"from": "human", "tokens": 5}, {"from": "gpt", "tokens": 6}]},
      {"conversations": [{"from": "human", "tokens": 7}, {"from": "gpt", "tokens": 8}]}])");
  WorkloadOptions options;
  EXPECT_EQ(load_workload("sharegpt:" + file, options).requests[1].arrival, Time(0s));
  options.rate = 2;
  EXPECT_GT(load_workload("sharegpt:" + file, options).requests[1].arrival, Time(0s));
}

TEST_F(Load, ConvertingAndReadingBackIsTheSameWorkload) {
  for (const char* spec :
       {"poisson:rate=1,turns=uniform(1,4),gap=exp:9s,isl=20,osl=uniform(1,9),requests=200",
        "sample:long-context", "gamma:rate=3,cv=2,isl=uniform(1,99),osl=9"}) {
    std::string text;
    write_trace(*open_source(spec, {}), TraceOutput::jsonl, false,
                [&](std::string_view piece) { text += piece; });
    const Workload read = load_workload("jsonl:" + write("converted.jsonl", text), {});
    const Workload direct = load_workload(spec, {});
    EXPECT_EQ(read.block_tokens, direct.block_tokens);
    expect_same(read.requests, with_sessions_by_row(direct.requests));
  }
}

TEST_F(Load, MooncakeOutputReadsBackToTheMillisecond) {
  std::string text;
  write_trace(*open_source("sample:long-context", {}), TraceOutput::mooncake, false,
              [&](std::string_view piece) { text += piece; });
  const Workload read = load_workload("mooncake:" + write("converted.jsonl", text), {});
  const Workload direct = load_workload("sample:long-context", {});
  ASSERT_EQ(read.requests.size(), direct.requests.size());
  const std::int64_t first = ns(direct.requests[0]) / 1'000'000;
  for (std::size_t i = 0; i < read.requests.size(); ++i) {
    EXPECT_EQ(ns(read.requests[i]), (ns(direct.requests[i]) / 1'000'000 - first) * 1'000'000);
    EXPECT_EQ(read.requests[i].prefix_blocks, direct.requests[i].prefix_blocks);
  }
  expect_parts(error_of([] {
                 write_trace(*open_source("at-once:isl=9,osl=9,prefix=32,block=16", {}),
                             TraceOutput::mooncake, false, [](std::string_view) {});
               }),
               {"--format mooncake", "16 tokens", "512"});
}

TEST_F(Load, ShortHashesKeepWhichBlocksAreEqual) {
  std::string text;
  const char* spec = "at-once:isl=32,osl=9,prefix=64,groups=3,block=16,requests=50";
  write_trace(*open_source(spec, {}), TraceOutput::jsonl, true,
              [&](std::string_view piece) { text += piece; });
  const Workload read = load_workload("jsonl:" + write("short.jsonl", text), {});
  const Workload direct = load_workload(spec, {});
  EXPECT_EQ(read.requests[0].prefix_blocks, (std::vector<std::uint64_t>{0, 1, 2, 3, 4, 5}));
  for (std::size_t i = 0; i < 50; ++i) {
    EXPECT_EQ(read.requests[i].prefix_blocks[0] == read.requests[0].prefix_blocks[0],
              direct.requests[i].prefix_blocks[0] == direct.requests[0].prefix_blocks[0]);
  }
}

TEST_F(Load, QuantisedArrivalsAreSaidAndSpreadOnRequest) {
  std::string text;
  for (int i = 0; i < 40; ++i) {
    text += "{\"timestamp\": " + std::to_string(i / 4 * 3000) +
            ", \"input_length\": 5, \"output_length\": 5}\n";
  }
  const std::string spec = "mooncake:" + write("quantised.jsonl", text);
  const Workload given = load_workload(spec, {});
  EXPECT_TRUE(has_note(given.notes, "40 requests share 10 timestamps about 3.00 s apart"));
  WorkloadOptions options;
  options.jitter = true;
  const Workload spread = load_workload(spec, options);
  EXPECT_TRUE(has_note(spread.notes, "jittered arrivals"));
  EXPECT_TRUE(has_note(spread.notes, "seed 0"));
  EXPECT_NE(spread.requests[1].arrival, spread.requests[0].arrival);
}

TEST_F(Load, OptionsThatDoNotGoTogetherAreRefused) {
  WorkloadOptions both;
  both.rate = 1;
  both.concurrency = 1;
  expect_parts(error_of([&] { open_source(azure(), both); }), {"--rate", "--concurrency"});
  WorkloadOptions scales;
  scales.rate = 1;
  scales.time_scale = 2;
  expect_parts(error_of([&] { open_source(azure(), scales); }), {"--time-scale"});
  WorkloadOptions beyond;
  beyond.window_begin = 1h;
  expect_parts(error_of([&] { open_source(azure(), beyond); }), {"--window", "no request"});
  WorkloadOptions rate;
  rate.rate = 2;
  expect_parts(error_of([&] { open_source("at-once:isl=1,osl=1", rate); }), {"--rate", "poisson"});
}

TEST_F(Load, UnsortedTracesNameTheRowAndTheWayOut) {
  const std::string file = write("unsorted.csv",
                                 "TIMESTAMP,ContextTokens,GeneratedTokens\n"
                                 "2023-11-16 18:17:10,1,1\n2023-11-16 18:17:05,2,2\n");
  expect_parts(error_of([&] { load_workload("azure:" + file, {}); }), {"unsorted.csv:3", "--sort"});
  WorkloadOptions options;
  options.sort = true;
  const Workload workload = load_workload("azure:" + file, options);
  EXPECT_EQ(workload.requests[0].input, Tokens(2));
  EXPECT_EQ(workload.requests[1].arrival, Time(5s));
}

TEST_F(Load, UnknownNamesAnswerWithTheNearest) {
  const auto error = [](const std::string& spec) {
    return error_of([&] { load_workload(spec, {}); });
  };
  expect_parts(error("azur:x.csv"), {"\"azur\"", "azure"});
  expect_parts(error("inferencemax-1k"), {"inferencemax-1k1k"});
  expect_parts(error("sample:chat"), {"chat-burst"});
  expect_parts(error("poison:rate=1"), {"poisson"});
  expect_parts(error("azure:"), {"names no file"});
  expect_parts(error("azure:/none.csv"), {"/none.csv", "cannot be read"});
  expect_parts(error(write("file.csv", "x")), {"which format", "azure:"});
  EXPECT_GT(workload_names().size(), 30U);
}

}  // namespace
}  // namespace inferbench
