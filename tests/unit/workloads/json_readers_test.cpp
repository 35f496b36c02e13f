#include "tests/unit/workloads/stream_support.hpp"
#include "workloads/traces/readers.hpp"

namespace inferbench {
namespace {

std::string mooncake_row(const std::string& timestamp, const std::string& input,
                         const std::string& output, const std::string& hashes) {
  return "{\"timestamp\": " + timestamp + ", \"input_length\": " + input +
         ", \"output_length\": " + output + ", \"hash_ids\": " + hashes + "}\n";
}

TEST(MooncakeReader, ReadsMillisecondsLengthsAnd64BitHashes) {
  const auto requests =
      read_text(read_mooncake, mooncake_row("0", "600", "500", "[0, 18446744073709551615]") +
                                   mooncake_row("27000", "512.0", "1", "[-1]"));
  ASSERT_EQ(requests.size(), 2U);
  EXPECT_EQ(ns(requests[1]), 27'000'000'000);
  EXPECT_EQ(requests[0].input, Tokens(600));
  EXPECT_EQ(requests[0].output, Tokens(500));
  EXPECT_EQ(requests[0].prefix_blocks, (std::vector<std::uint64_t>{0, 18446744073709551615ULL}));
  EXPECT_EQ(requests[1].input, Tokens(512));
  EXPECT_EQ(requests[1].prefix_blocks, (std::vector<std::uint64_t>{18446744073709551615ULL}));
}

TEST(MooncakeReader, IgnoresOtherKeysAndReadsCrLf) {
  const auto requests = read_text(read_mooncake,
                                  "\xEF\xBB\xBF{\"session_id\": \"a\", \"messages\": [{\"role\": "
                                  "\"x, }\"}], \"timestamp\": 1.5,"
                                  " \"input_length\": 3, \"output_length\": 4}\r\n");
  ASSERT_EQ(requests.size(), 1U);
  EXPECT_EQ(ns(requests[0]), 1'500'000);
  EXPECT_TRUE(requests[0].prefix_blocks.empty());
}

TEST(MooncakeReader, SurplusHashesAreCutAndCounted) {
  const auto stream = read_mooncake(trace_text(mooncake_row("0", "512", "5", "[1, 2]")), {});
  EXPECT_EQ(drain(*stream)[0].prefix_blocks.size(), 1U);
  ASSERT_EQ(stream->notes().size(), 1U);
  EXPECT_EQ(stream->block_tokens(), Tokens(512));
}

TEST(MooncakeReader, EveryBadValueNamesLineKeyValueAndRule) {
  const auto error = [](const std::string& row) {
    return error_of(read_mooncake, mooncake_row("0", "1", "1", "[0]") + row);
  };
  expect_parts(error(mooncake_row("0", "0", "1", "[]")),
               {"trace:2", "\"input_length\" is 0", "integer >= 1", "--skip-invalid"});
  expect_parts(error(mooncake_row("0", "-7", "1", "[]")), {"\"input_length\" is -7"});
  expect_parts(error(mooncake_row("0", "1.5", "1", "[]")), {"\"input_length\" is 1.5"});
  expect_parts(error(mooncake_row("0", "1", "null", "[]")), {"\"output_length\" is null"});
  expect_parts(error(mooncake_row("0", "1", "\"9\"", "[]")), {"\"output_length\" is \"9\""});
  expect_parts(error(mooncake_row("\"now\"", "1", "1", "[]")), {"\"timestamp\" is \"now\""});
  expect_parts(error(mooncake_row("-5", "1", "1", "[]")), {"\"timestamp\" is -5", "time >= 0"});
  expect_parts(error(mooncake_row("0", "1", "1", "7")), {"\"hash_ids\" is 7", "list"});
  expect_parts(error(mooncake_row("0", "1", "1", "[\"a\"]")), {"\"hash_ids\"", "64-bit"});
  expect_parts(error("{\"timestamp\": 0, \"output_length\": 3}\n"),
               {"trace:2", "\"input_length\" is missing"});
  expect_parts(error("[1, 2]\n"), {"trace:2", "not a JSON object"});
  expect_parts(error("timestamp,input_length\n"), {"trace:2", "not a JSON object"});
  expect_parts(error("{\"timestamp\": 0} {\"timestamp\": 1}\n"), {"trace:2"});
}

TEST(MooncakeReader, ATruncatedLastLineIsSaidToBeOne) {
  const std::string row = mooncake_row("0", "1", "1", "[0]");
  for (const std::size_t cut : {std::size_t{1}, std::size_t{9}, row.size() / 2, row.size() - 3}) {
    expect_parts(error_of(read_mooncake, row + row.substr(0, cut)),
                 {"trace:2", "last line is cut short"});
  }
  EXPECT_EQ(read_text(read_mooncake, row + row.substr(0, row.size() - 1)).size(), 2U);
}

TEST(MooncakeReader, LinesLongerThanTheBufferAreRead) {
  std::string hashes = "[";
  for (int i = 0; i < 100'000; ++i) hashes += (i > 0 ? "," : "") + std::to_string(1'000'000 + i);
  const auto requests = read_text(read_mooncake, mooncake_row("0", "51200000", "1", hashes + "]") +
                                                     mooncake_row("1", "2", "3", "[]"));
  ASSERT_EQ(requests.size(), 2U);
  EXPECT_EQ(requests[0].prefix_blocks.size(), 100'000U);
  EXPECT_EQ(requests[0].prefix_blocks.back(), 1'099'999U);
  EXPECT_EQ(requests[1].output, Tokens(3));
}

std::string bailian_row(int chat, int parent, double seconds, int input, int output, int turn) {
  return "{\"chat_id\": " + std::to_string(chat) +
         ", \"parent_chat_id\": " + std::to_string(parent) +
         ", \"timestamp\": " + std::to_string(seconds) +
         ", \"input_length\": " + std::to_string(input) +
         ", \"output_length\": " + std::to_string(output) +
         ", \"type\": \"text\", \"turn\": " + std::to_string(turn) + ", \"hash_ids\": [1, 2]}\n";
}

// Chat 7 asks twice more: 8 follows 7, 9 follows 8. Chat 5 stands between them.
const std::string kBailian = bailian_row(7, -1, 0.5, 100, 10, 1) + bailian_row(5, -1, 1, 50, 5, 1) +
                             bailian_row(8, 7, 61.114, 130, 20, 2) +
                             bailian_row(9, 8, 90, 200, 30, 3);

TEST(BailianReader, LaterTurnsNeedToSayWhatTheyCount) {
  expect_parts(error_of(read_bailian, kBailian),
               {"trace:3", "conversation", "--turns cumulative", "incremental"});
  EXPECT_EQ(read_text(read_bailian, kBailian.substr(0, kBailian.find("{\"chat_id\": 8"))).size(),
            2U);
}

TEST(BailianReader, CumulativeRowsAreTakenAsTheyAre) {
  const auto requests =
      read_text(read_bailian, kBailian, {.turns = TurnLengths::cumulative, .skip_invalid = false});
  ASSERT_EQ(requests.size(), 4U);
  EXPECT_EQ(ns(requests[2]), 61'114'000'000);  // seconds, not milliseconds
  EXPECT_EQ(requests[3].input, Tokens(200));
  EXPECT_EQ(requests[3].session, requests[0].session);
  EXPECT_EQ(requests[2].session, SessionId(0));
  EXPECT_EQ(requests[1].session, SessionId(1));
  EXPECT_EQ(requests[3].prefix_blocks, (std::vector<std::uint64_t>{1, 2}));
}

TEST(BailianReader, IncrementalRowsGetTheirHistory) {
  const auto stream = read_bailian(trace_text(kBailian),
                                   {.turns = TurnLengths::incremental, .skip_invalid = false});
  const auto requests = drain(*stream);
  EXPECT_EQ(requests[2].input, Tokens(100 + 10 + 130));
  EXPECT_EQ(requests[3].input, Tokens(100 + 10 + 130 + 20 + 200));
  EXPECT_TRUE(requests[3].prefix_blocks.empty());
  expect_parts(stream->notes().at(0), {"2 later turns without prefix blocks"});
}

TEST(BailianReader, FirstTurnsOnlyAndLostParentsAreCounted) {
  const auto stream =
      read_bailian(trace_text(kBailian), {.turns = TurnLengths::first, .skip_invalid = false});
  EXPECT_EQ(drain(*stream).size(), 2U);
  expect_parts(stream->notes().at(0), {"2 later turns", "skipped"});
  const auto orphan = read_bailian(trace_text(bailian_row(9, 8, 90, 200, 30, 3)),
                                   {.turns = TurnLengths::cumulative, .skip_invalid = false});
  EXPECT_EQ(drain(*orphan)[0].input, Tokens(200));
  expect_parts(orphan->notes().at(0), {"1 turns whose earlier turn is not in the file"});
}

constexpr const char* kShareGpt = R"([
  {"id": "a", "conversations": [
    {"from": "human", "value": "brackets ] } and \"quotes\" {", "tokens": 100},
    {"from": "gpt", "value": "x", "tokens": 10},
    {"from": "human", "value": "y", "tokens": 20},
    {"from": "gpt", "value": "z", "tokens": 30}]},
  {"id": "b", "conversations": [
    {"from": "system", "tokens": 3},
    {"from": "human", "tokens": 7}, {"from": "gpt", "tokens": 8},
    {"from": "human", "tokens": 9}]}
])";

TEST(ShareGptReader, IncrementalTurnsAccumulateTheirHistory) {
  const auto stream = read_sharegpt(trace_text(kShareGpt),
                                    {.turns = TurnLengths::incremental, .skip_invalid = false});
  const auto requests = drain(*stream);
  ASSERT_EQ(requests.size(), 3U);
  EXPECT_EQ(requests[0].input, Tokens(100));
  EXPECT_EQ(requests[1].input, Tokens(100 + 10 + 20));
  EXPECT_EQ(requests[1].output, Tokens(30));
  EXPECT_EQ(requests[1].session, SessionId(0));
  EXPECT_EQ(requests[2].input, Tokens(7));
  EXPECT_EQ(requests[2].session, SessionId(2));
  // The system message has no question before it; the last question has no answer.
  expect_parts(stream->notes().at(0), {"2 messages"});
}

TEST(ShareGptReader, CumulativeAndFirstTurns) {
  const auto cumulative = read_text(read_sharegpt, kShareGpt,
                                    {.turns = TurnLengths::cumulative, .skip_invalid = false});
  EXPECT_EQ(cumulative[1].input, Tokens(20));
  const auto first =
      read_text(read_sharegpt, kShareGpt, {.turns = TurnLengths::first, .skip_invalid = false});
  ASSERT_EQ(first.size(), 2U);
  EXPECT_EQ(first[1].input, Tokens(7));
  expect_parts(error_of(read_sharegpt, kShareGpt), {"conversation 1", "--turns"});
}

TEST(ShareGptReader, BadShapesAreNamed) {
  expect_parts(
      error_of(read_sharegpt, R"([{"conversations": [{"from": "human", "value": "hello"}]}])"),
      {"conversation 1", "no \"tokens\"", "tokenizer"});
  expect_parts(error_of(read_sharegpt, R"([{"id": "a"}])"), {"\"conversations\" is missing"});
  expect_parts(error_of(read_sharegpt, R"([{"conversations": [{"from": "cat", "tokens": 1}]}])"),
               {"\"cat\"", "human"});
  expect_parts(error_of(read_sharegpt, R"([{"conversations": [{"from": "gpt")"),
               {"conversation 1", "ends inside an object"});
  expect_parts(error_of(read_sharegpt, "hello"), {"expected a JSON array"});
  expect_parts(error_of(read_sharegpt, "[]"), {"no usable rows"});
}

}  // namespace
}  // namespace inferbench
