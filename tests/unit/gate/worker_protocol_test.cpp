#include "results/gate/worker_protocol.hpp"

#include <gtest/gtest.h>

namespace inferbench {
namespace {

TEST(WorkerProtocol, ReadsBackWhatItWrites) {
  const WorkerHello hello = parse_hello(to_line(WorkerHello{.version = "1",
                                                            .commit = "abc",
                                                            .compiler = "GNU 12",
                                                            .flags = "-O2",
                                                            .build_type = "Release",
                                                            .suite = "smoke",
                                                            .series = {"a", "b/\"c\""}}));
  EXPECT_EQ(hello.suite, "smoke");
  EXPECT_EQ(hello.series, (std::vector<std::string>{"a", "b/\"c\""}));
  EXPECT_EQ(hello.build_type, "Release");

  OpenedSeries opened{.skipped = {}, .wrong = {}, .answer = {1.5, 2.5, 1e-3}, .exact = {}};
  opened.exact = {{"steps", 40}, {"bytes", std::int64_t{1} << 60}};
  const OpenedSeries read = parse_opened(to_line(3, opened), 3);
  EXPECT_EQ(read.exact, opened.exact);
  EXPECT_EQ(read.answer.sum, 1.5);
  EXPECT_EQ(parse_opened(to_line(3, {.skipped = "no", .wrong = {}, .answer = {}, .exact = {}}), 3)
                .skipped,
            "no");
  EXPECT_EQ(parse_slice(to_line(7, SliceTime{510, 509, 2}), 7).cpu_ns, 509);
  EXPECT_EQ(parse_code(code_line("ff")), "ff");
}

std::string failure_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const WorkerFailure& failure) {
    return failure.what();
  }
  return "";
}

TEST(WorkerProtocol, RefusesRubbish) {
  for (const char* line : {"", "Segmentation fault", "{}", "[1]", "{\"ran\":7}", "null",
                           "{\"ran\":\"7\",\"wall_ns\":1,\"cpu_ns\":1,\"preemptions\":0}",
                           "{\"ran\":7,\"wall_ns\":1e999,\"cpu_ns\":1,\"preemptions\":0}"}) {
    EXPECT_NE(failure_of([&] { parse_slice(line, 7); }), "") << line;
    EXPECT_NE(failure_of([&] { parse_hello(line); }), "") << line;
    EXPECT_NE(failure_of([&] { parse_opened(line, 7); }), "") << line;
    EXPECT_NE(failure_of([&] { parse_code(line); }), "") << line;
  }
}

// What a terminal would obey is shown as question marks, and long lines are cut.
TEST(WorkerProtocol, ShowsRubbishSafely) {
  const std::string text = failure_of([] { parse_code("\033[2J" + std::string(500, 'x')); });
  EXPECT_NE(text.find("\"?[2Jxxx"), std::string::npos) << text;
  EXPECT_LT(text.size(), 200U);
}

TEST(WorkerProtocol, RefusesTimesThatCannotBe) {
  EXPECT_NE(failure_of([] { parse_slice(to_line(7, SliceTime{0, 5, 0}), 7); }), "");
  EXPECT_NE(failure_of([] { parse_slice(to_line(7, SliceTime{5, -1, 0}), 7); }), "");
  EXPECT_EQ(failure_of([] {
              parse_slice(to_line(6, SliceTime{5, 5, 0}), 7);
            }),
            "answered for series 6 instead of 7");
}

TEST(WorkerProtocol, RefusesAnotherVersionAndNamesGivenTwice) {
  WorkerHello hello;
  hello.series = {"a", "a"};
  EXPECT_EQ(failure_of([&] { parse_hello(to_line(hello)); }), "names a series twice");
  EXPECT_EQ(failure_of([] { parse_hello("{\"inferbench_worker\":2}"); }),
            "speaks version 2 of the worker protocol, not 1");
}

}  // namespace
}  // namespace inferbench
