#include "harness/replay/front_end.hpp"

#include <gtest/gtest.h>

#include "harness/catalog/catalog.hpp"
#include "harness/replay/deployed_system.hpp"
#include "tests/unit/replay/replay_support.hpp"

namespace inferbench {
namespace {

using namespace std::chrono_literals;
using namespace inferbench::testing_support;

// The thread takes 2 ms per request, and each is 5 ms on its way besides. Three are sent at once,
// the fourth when the thread has long been idle:
//   sent        0    0    0   20 ms
//   thread done 2    4    6   22 ms
//   arrives     7    9   11   27 ms
TEST(FrontEnd, RequestsPassOneThreadAndThenTakeTheirTime) {
  ListSource source(requests({{0ms, 8, 1}, {0ms, 8, 1}, {0ms, 8, 1}, {20ms, 8, 1}}));
  RecordList records;
  FrontEnd front(source, records, {.latency = 5ms, .interval = 2ms});
  for (const Duration expected : {7ms, 9ms, 11ms, 27ms}) {
    EXPECT_EQ(front.next_arrival(), Time(expected));
    EXPECT_EQ(front.next_event(), Time(expected));
    EXPECT_EQ(front.pop().arrival, Time(expected));
  }
  EXPECT_EQ(front.next_arrival(), kNever);
}

TEST(FrontEnd, RecordsCountFromTheSending) {
  ListSource source(requests({{10ms, 8, 1}}));
  RecordList records;
  FrontEnd front(source, records, {.latency = 5ms, .interval = 2ms});
  const Request request = front.pop();
  RequestRecord record;
  record.id = request.id;
  record.scheduled = record.issued = request.arrival;
  front.accept(record);
  EXPECT_EQ(records.records().front().scheduled, Time(10ms));
  EXPECT_EQ(records.records().front().issued, Time(10ms));
}

// A request alone: the front end adds its time to TTFT and nothing to the gaps between tokens.
TEST(FrontEnd, ADeploymentAddsItToTheFirstTokenAlone) {
  const Deployment deployment = std::get<Deployment>(place(
      find_model("llama-3-8b"), find_gpu("h100"), parse_parallel("tp1"), parse_precision("bf16")));
  const auto record_under = [&](FrontEndParameters times) {
    CostProfile profile = find_cost_profile("default");
    std::get<OpsParameters>(profile.parameters).front_end = times;
    DeployedSystem system(deployment, profile, {});
    ListSource source(requests({{1ms, 100, 3}}));
    RecordList list;
    system.serve(source, list);
    return list.take_by_id().front();
  };
  const RequestRecord plain = record_under({});
  const RequestRecord late = record_under({.latency = Seconds(3e-3), .interval = Seconds(1e-3)});
  EXPECT_EQ(late.scheduled, plain.scheduled);
  for (std::size_t token = 0; token < 3; ++token) {
    EXPECT_EQ(late.token_times[token], plain.token_times[token] + 4ms) << token;
  }
}

}  // namespace
}  // namespace inferbench
