#include "workloads/traces/workload_jsonl.hpp"

#include "tests/unit/workloads/stream_support.hpp"

namespace inferbench {
namespace {

WorkloadInfo info(Tokens block_tokens) {
  WorkloadInfo result;
  result.name = "a \"name\"";
  result.source = "source";
  result.block_tokens = block_tokens;
  result.notes = {"jittered"};
  return result;
}

TEST(WorkloadJsonl, WhatIsWrittenReadsBackTheSame) {
  std::vector<Request> written = {request_at(0.001, 40, 5), request_at(0.001, 7, 1),
                                  request_at(12.5, 90, 30)};
  written[0].prefix_blocks = {0, 18446744073709551615ULL, 3};
  written[0].session = SessionId(0);
  written[1].session = SessionId(1);
  written[2].session = SessionId(0);
  written[1].priority = -3;
  std::string text = workload_jsonl_header(info(Tokens(16)));
  for (std::size_t i = 0; i < written.size(); ++i) {
    written[i].id = RequestId(i);
    written[i].max_output = Tokens(100);
    append_workload_jsonl(text, written[i], true);
  }
  const auto stream = read_workload_jsonl(trace_text(text), {});
  const auto read = drain(*stream);
  ASSERT_EQ(read.size(), written.size());
  for (std::size_t i = 0; i < read.size(); ++i) {
    EXPECT_EQ(read[i].id, written[i].id);
    EXPECT_EQ(read[i].arrival, written[i].arrival);
    EXPECT_EQ(read[i].input, written[i].input);
    EXPECT_EQ(read[i].output, written[i].output);
    EXPECT_EQ(read[i].max_output, written[i].max_output);
    EXPECT_EQ(read[i].session, written[i].session);
    EXPECT_EQ(read[i].priority, written[i].priority);
    EXPECT_EQ(read[i].prefix_blocks, written[i].prefix_blocks);
  }
  EXPECT_EQ(stream->block_tokens(), Tokens(16));
  EXPECT_EQ(stream->notes(), std::vector<std::string>{"jittered"});
}

TEST(WorkloadJsonl, SessionsMayBeNamesAndOthersStayAlone) {
  const auto requests = read_text(
      read_workload_jsonl,
      "{\"arrival_ns\": 0, \"input_tokens\": 1, \"output_tokens\": 1}\n"
      "{\"arrival_ns\": 1, \"input_tokens\": 1, \"output_tokens\": 1, \"session\": \"u\"}\n"
      "{\"arrival_ns\": 2, \"input_tokens\": 1, \"output_tokens\": 1, \"session\": 0}\n"
      "{\"arrival_ns\": 3, \"input_tokens\": 1, \"output_tokens\": 1, \"session\": \"u\"}\n");
  EXPECT_EQ(requests[0].session, SessionId(0));
  EXPECT_EQ(requests[1].session, SessionId(1));
  EXPECT_EQ(requests[2].session, SessionId(2));  // the label 0 is not request 0
  EXPECT_EQ(requests[3].session, SessionId(1));
}

TEST(WorkloadJsonl, BadRowsAreNamed) {
  const auto error = [](const std::string& text) { return error_of(read_workload_jsonl, text); };
  expect_parts(error("{\"arrival_ns\": 0, \"input_tokens\": 1, \"output\": 1}\n"),
               {"trace:1", "unknown key \"output\"", "output_tokens"});
  expect_parts(error("{\"arrival_ns\": 0, \"input_tokens\": 1}\n"),
               {"\"output_tokens\" is missing"});
  expect_parts(error("{\"arrival_ns\": -4, \"input_tokens\": 1, \"output_tokens\": 1}\n"),
               {"\"arrival_ns\" is -4"});
  expect_parts(error("{\"arrival_ns\": 0, \"input_tokens\": 1, \"output_tokens\": 9, "
                     "\"max_output_tokens\": 8}\n"),
               {"max_output_tokens is below output_tokens"});
  expect_parts(error("{\"arrival_ns\": 0, \"input_tokens\": 1, \"output_tokens\": 9, "
                     "\"prefix_blocks\": [4]}\n"),
               {"prefix_blocks without their size", "block_tokens"});
  expect_parts(error("{\"inferbench_workload\": 1, \"block_tokens\": 16}\n{\"arrival_ns\": 0, "
                     "\"input_tokens\": 16, \"output_tokens\": 9, \"prefix_blocks\": [4, 5]}\n"),
               {"trace:2", "more prefix_blocks"});
  expect_parts(error("{\"inferbench_workload\": 2}\n"), {"version 2", "newer inferbench"});
  expect_parts(error("{\"inferbench_workload\": 1}\n"), {"no usable rows"});
}

}  // namespace
}  // namespace inferbench
