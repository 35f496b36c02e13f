#include "tests/unit/workloads/stream_support.hpp"
#include "workloads/traces/readers.hpp"

namespace inferbench {
namespace {

constexpr const char* kAzure =
    "TIMESTAMP,ContextTokens,GeneratedTokens\r\n"
    "2023-11-16 18:17:03.9799600,4808,10\r\n"
    "2023-11-16 18:17:04.0319600,3180,8\r\n";

TEST(AzureReader, ReadsHundredNanosecondDigitsAndTokens) {
  const auto requests = read_text(read_azure, kAzure);
  ASSERT_EQ(requests.size(), 2U);
  EXPECT_EQ(ns(requests[1]) - ns(requests[0]), 52'000'000);  // 4.03196 s - 3.97996 s
  EXPECT_EQ(ns(requests[0]), 1'700'158'623'979'960'000);     // date -u -d '2023-11-16 18:17:03' +%s
  EXPECT_EQ(requests[0].input, Tokens(4808));
  EXPECT_EQ(requests[0].output, Tokens(10));
  EXPECT_EQ(requests[1].id, RequestId(1));
  EXPECT_EQ(requests[1].session, SessionId(1));
  EXPECT_TRUE(requests[0].prefix_blocks.empty());
}

TEST(AzureReader, ReadsZonesOtherColumnsQuotesAndAByteOrderMark) {
  const auto requests =
      read_text(read_azure,
                "\xEF\xBB\xBFNumImages,GeneratedTokens,\"TIMESTAMP\",ContextTokens\n"
                "0,5,\"2024-05-10 00:00:01.5+00:00\",7\n"
                "\n"
                "1,6,2024-05-10T02:00:02+02:00, 8 \n");
  ASSERT_EQ(requests.size(), 2U);
  EXPECT_EQ(ns(requests[1]) - ns(requests[0]), 500'000'000);  // 00:00:02 - 00:00:01.5 UTC
  EXPECT_EQ(requests[1].input, Tokens(8));
  EXPECT_EQ(requests[1].output, Tokens(6));
}

TEST(AzureReader, AMissingColumnIsNamedBesideTheHeaderFound) {
  expect_parts(error_of(read_azure, "TIMESTAMP,ContextTokens\n2023-11-16 18:17:03,1\n"),
               {"trace:1", "\"GeneratedTokens\" is missing", "TIMESTAMP, ContextTokens"});
}

TEST(AzureReader, EveryBadCellNamesLineColumnValueAndRule) {
  const auto error = [](const std::string& row) {
    return error_of(read_azure, "TIMESTAMP,ContextTokens,GeneratedTokens\n" + row + "\n");
  };
  expect_parts(error("2023-11-16 18:17:03,5,"),
               {"trace:2", "\"GeneratedTokens\" is empty", "integer >= 1", "--skip-invalid"});
  expect_parts(error("2023-11-16 18:17:03,-5,1"), {"\"ContextTokens\" is \"-5\"", "integer >= 1"});
  expect_parts(error("2023-11-16 18:17:03,0,1"), {"\"ContextTokens\" is \"0\""});
  expect_parts(error("2023-11-16 18:17:03,many,1"), {"\"ContextTokens\" is \"many\""});
  expect_parts(error("2023-11-16 18:17:03,1.5,1"), {"\"ContextTokens\" is \"1.5\""});
  expect_parts(error("2023-11-16 18:17:03,99999999999999999999,1"), {"\"ContextTokens\""});
  expect_parts(error("yesterday,5,1"), {"\"TIMESTAMP\" is \"yesterday\"", "date and time"});
  expect_parts(error("2023-13-16 18:17:03,5,1"), {"\"TIMESTAMP\""});
  expect_parts(error("2023-11-16 25:17:03,5,1"), {"\"TIMESTAMP\""});
  expect_parts(error("2023-11-16 18:17:03.,5,1"), {"\"TIMESTAMP\""});
  expect_parts(error("2023-11-16 18:17:03,5,1,9"), {"trace:2", "4 cells", "3"});
}

TEST(AzureReader, ATruncatedLastLineIsSaidToBeOne) {
  expect_parts(error_of(read_azure, std::string(kAzure) + "2023-11-16 18:17:04.07"),
               {"trace:4", "last line is cut short", "1 cells"});
  // Azure's own files end without a line end.
  EXPECT_EQ(read_text(read_azure, std::string(kAzure) + "2023-11-16 18:17:05,549,173").size(), 3U);
}

TEST(AzureReader, FilesWithoutRowsAreRefused) {
  expect_parts(error_of(read_azure, ""), {"trace", "is empty"});
  expect_parts(error_of(read_azure, "TIMESTAMP,ContextTokens,GeneratedTokens\n"),
               {"trace", "no usable rows"});
}

TEST(AzureReader, SkipInvalidSkipsCountsAndNamesTheFirst) {
  const auto stream = read_azure(trace_text(std::string(kAzure) + "2023-11-16 18:17:05,0,3\n"
                                                                  "2023-11-16 18:17:05,3\n"
                                                                  "2023-11-16 18:17:06,7,3\n"),
                                 {.turns = {}, .skip_invalid = true});
  const auto requests = drain(*stream);
  ASSERT_EQ(requests.size(), 3U);
  EXPECT_EQ(requests[2].id, RequestId(2));
  ASSERT_EQ(stream->notes().size(), 1U);
  expect_parts(stream->notes()[0], {"skipped 2 invalid rows", "trace:4", "ContextTokens"});
}

constexpr const char* kBurstHeader =
    "Timestamp,Session ID,Elapsed time,Model,Request tokens,Response tokens,Total tokens,Log "
    "Type\n";

TEST(BurstGptReader, SkipsFailuresAndCountsThem) {
  const auto stream =
      read_burstgpt(trace_text(std::string(kBurstHeader) + "5,,1,ChatGPT,472,18,490,API log\n"
                                                           "45.25,,0,ChatGPT,1087,0,1087,API log\n"
                                                           "118,,0,GPT-4,0,0,0,API log\n"
                                                           "120,,9,GPT-4,7,8,15,API log\n"),
                    {});
  const auto requests = drain(*stream);
  ASSERT_EQ(requests.size(), 2U);
  EXPECT_EQ(ns(requests[0]), 5'000'000'000);
  EXPECT_EQ(ns(requests[1]), 120'000'000'000);
  EXPECT_EQ(requests[1].id, RequestId(1));
  ASSERT_EQ(stream->notes().size(), 1U);
  EXPECT_EQ(stream->notes()[0], "skipped 2 failed requests (0 response tokens)");
}

TEST(BurstGptReader, RowsOfOneSessionShareItAndOthersDoNot) {
  const auto requests = read_text(read_burstgpt, std::string(kBurstHeader) +
                                                     "1,,1,m,10,1,11,API log\n"
                                                     "2,abc,1,m,10,1,11,Conversation log\n"
                                                     "3,,1,m,10,1,11,API log\n"
                                                     "4,abc,1,m,10,1,11,Conversation log\n");
  EXPECT_EQ(requests[0].session, SessionId(0));
  EXPECT_EQ(requests[1].session, SessionId(1));
  EXPECT_EQ(requests[2].session, SessionId(2));
  EXPECT_EQ(requests[3].session, SessionId(1));
}

TEST(BurstGptReader, TheFirstReleaseHasNoSessionColumn) {
  const auto requests = read_text(read_burstgpt,
                                  "Timestamp,Model,Request tokens,Response tokens,Total tokens,Log "
                                  "Type\n5,ChatGPT,472,18,490,API log\n");
  ASSERT_EQ(requests.size(), 1U);
  EXPECT_EQ(requests[0].input, Tokens(472));
}

TEST(BurstGptReader, BadValuesAreNamed) {
  const auto error = [](const std::string& row) {
    return error_of(read_burstgpt, kBurstHeader + row + "\n");
  };
  expect_parts(error("-1,,1,m,10,1,11,x"), {"trace:2", "\"Timestamp\" is \"-1\""});
  expect_parts(error("soon,,1,m,10,1,11,x"), {"\"Timestamp\" is \"soon\"", "seconds"});
  expect_parts(error("nan,,1,m,10,1,11,x"), {"\"Timestamp\""});
  expect_parts(error("1,,1,m,10,-1,11,x"), {"\"Response tokens\" is \"-1\""});
  expect_parts(error("1,,1,m,,1,11,x"), {"\"Request tokens\" is empty"});
  expect_parts(error_of(read_burstgpt, std::string(kBurstHeader) + "1,,1,m,5,0,5,x\n"),
               {"no usable rows", "1 failed"});
}

}  // namespace
}  // namespace inferbench
