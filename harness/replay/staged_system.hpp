#pragma once

#include <cstdint>
#include <optional>

#include "harness/replay/stage_graph.hpp"
#include "harness/replay/system_under_test.hpp"

namespace inferbench {

// An application around a model: each request passes the stages of a graph, of which the system
// within is the model. Latency of one request alone is the critical path; throughput under load is
// that of the slowest stage.
//
// A stage serves up to its concurrency of requests at a time, first come, first served (ties by
// id), each for a latency drawn from (seed, stage, request). TTFT counts the stages before the
// model. What follows the model delays every token of the answer by the same time: from the end of
// the answer at the model to the end of the last stage. A request that the model rejects, cancels
// or fails passes no further stage.
class StagedSystem final : public SystemUnderTest {
 public:
  // Keeps a reference to `model`. `cut`: of the run, as the system within has it.
  StagedSystem(StageGraph graph, SystemUnderTest& model, std::uint64_t seed,
               std::optional<Time> cut = {});

  void serve(RequestSource& source, RecordSink& sink) override;

 private:
  StageGraph graph_;
  SystemUnderTest& model_;
  std::uint64_t seed_;
  std::optional<Time> cut_;
};

}  // namespace inferbench
