#include "harness/timeline/trace_file.hpp"

#include <gtest/gtest.h>

#include <filesystem>

#include "trace_checker.hpp"

namespace inferbench {
namespace {

using namespace inferbench::literals;
using testing_support::TraceChecker;

std::string trace_path(const char* name) {
  return testing::TempDir() + name;
}

TEST(TraceFile, WritesEventsAsTheFormatSays) {
  const std::string path = trace_path("events.json");
  std::filesystem::remove(path);
  TraceFile file(path);
  file.name_process(2, "replica 0");
  file.slice({2, 0}, "step", Time(1'234'567ns), 10us, TraceArgs().add("tokens", std::int64_t{3}));
  file.counter(2, "batch", Time(1ms), TraceArgs().add("decodes", std::int64_t{1}));
  file.flow(TraceFile::Flow::end, 7, {2, 0}, Time(1'235us));
  EXPECT_FALSE(std::filesystem::exists(path));  // whole or not there
  file.commit();
  EXPECT_EQ(read_file(path),
            R"({"displayTimeUnit":"ns","traceEvents":[
{"ph":"M","name":"process_name","pid":2,"tid":0,"args":{"name":"replica 0"}},
{"ph":"X","name":"step","pid":2,"tid":0,"ts":1234.567,"dur":10.000,"args":{"tokens":3}},
{"ph":"C","name":"batch","pid":2,"tid":0,"ts":1000.000,"args":{"decodes":1}},
{"ph":"f","name":"request","pid":2,"tid":0,"ts":1235.000,"cat":"request","id":7,"bp":"e"}
]}
)");
}

// More than one buffer of events.
TEST(TraceFile, StreamsWhatDoesNotFitItsBuffer) {
  const std::string path = trace_path("long.json");
  TraceFile file(path);
  for (int i = 0; i < 10'000; ++i) file.slice({1, 0}, "step", Time(Duration(i * 10)), Duration(10));
  file.commit();
  const TraceChecker trace(path);
  EXPECT_TRUE(trace.problems().empty());
  EXPECT_EQ(trace.slices("step"), 10'000U);
}

// The checker sees what it is there for.
TEST(TraceChecker, FindsWhatIsWrong) {
  const std::string path = trace_path("wrong.json");
  TraceFile file(path);
  file.slice({1, 0}, "a", Time(0ns), 10ns);
  file.slice({1, 0}, "b", Time(5ns), 10ns);  // crosses
  file.counter(1, "c", Time(0ns), TraceArgs().add("x", std::int64_t{-1}));
  file.flow(TraceFile::Flow::start, 1, {9, 9}, Time(0ns));  // binds to nothing, never ends
  file.commit();
  EXPECT_EQ(TraceChecker(path).problems().size(), 4U);
}

}  // namespace
}  // namespace inferbench
