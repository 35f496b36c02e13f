#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "harness/base/random.hpp"
#include "harness/base/units.hpp"

namespace inferbench {

// How long a stage takes for one request.
struct StageLatency {
  enum class Kind { fixed, exponential, lognormal };
  Kind kind = Kind::fixed;
  Duration mean{};   // fixed: the value; lognormal: the median
  double sigma = 0;  // lognormal: of the logarithm

  Duration sample(RandomStream random) const;
};

struct Stage {
  std::string name;
  StageLatency latency{};
  std::int64_t concurrency = 0;      // requests at the same time; 0: no limit
  std::vector<std::size_t> after{};  // stages whose results it needs, all listed before it
  bool model = false;                // the language model: its latency is the system's
};

// What an application does around one model call: tokenizer, retrieval, rewrite, model, guardrail.
// A directed graph without cycles, in an order in which every stage follows what it needs; exactly
// one stage is the model.
struct StageGraph {
  std::vector<Stage> stages;
  std::size_t model = 0;

  // Mean latency of the longest path without the model; exact for fixed latencies.
  Duration critical_path() const;
};

// From a file:
//
//   {"stages": [{"name": "retrieval", "latency": "20ms", "concurrency": 8},
//               {"name": "rewrite", "latency": "exponential(50ms)", "after": ["retrieval"]},
//               {"name": "model", "after": ["rewrite"]}, ...]}
//
// Latencies: a duration, exponential(MEAN) or lognormal(MEDIAN,SIGMA). Stages may stand in any
// order. Throws Error for names that are not known or not unique, a cycle (with its stages), no
// model, and values that cannot be.
StageGraph read_stage_graph(const std::string& path);
StageGraph parse_stage_graph(const nlohmann::json& json, const std::string& place);

}  // namespace inferbench
