#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "harness/base/units.hpp"
#include "harness/plan/parallel_config.hpp"

namespace inferbench {

// How requests were offered to a measured system.
enum class Offer {
  closed_loop,  // `users` of them, each asks again once it has its answer
  at_once,      // all requests queued from the start
};

// What somebody measured of one deployment under one load. Means over requests.
struct ServingPoint {
  std::string place;      // file:line
  std::string set;        // rows that share model, engine, precision and protocol
  std::string model;      // catalog name
  std::string gpu;        // catalog name
  std::string engine;     // a profile's name: "trtllm", "trtllm-cpp", "vllm" ...
  std::string precision;  // as parse_precision reads it
  ParallelConfig parallel;
  Tokens isl{}, osl{};
  double shortest = 1;  // lengths are drawn uniformly from [shortest, 1] of isl and osl
  Offer offer = Offer::closed_loop;
  std::int64_t users = 0;     // closed loop: concurrency; at once: 0
  std::int64_t requests = 0;  // 0: not known
  std::optional<double> ttft_ms{}, tpot_ms{}, tokens_s_gpu{};

  // Model, engine, precision, parallel degrees and lengths: what a split keeps together.
  std::string configuration() const;
  // Requests wait longer for their first token than they take to answer: more than half of the
  // users queue. Absent where TTFT or TPOT is.
  std::optional<bool> saturated() const;
};

// TTFT above (OSL - 1) x TPOT. Means something where a prompt alone takes less than its answer.
bool is_saturated(double ttft_ms, double tpot_ms, Tokens osl);

// Measured points of one or more files, and how many rows were left out of them and why.
struct Truth {
  std::vector<ServingPoint> points;
  std::map<std::string, std::size_t> left_out;  // by reason
  std::vector<std::string> files;               // read, in order of path
};

// Reads every CSV under `path` (a file, or a folder searched through) that is one of
//
//   serving_e2e           aiconfigurator's silicon samples: TTFT and TPOT by concurrency
//   trtllm_perf_overview  NVIDIA's published maximum throughput
//   splitwise_sim         prefill and decode times of whole batches, medians of repeats
//
// known by their columns; other files of a folder are passed over. Throws Error for a file with a
// row that cannot be read, a path that is not there, and when nothing was recognised.
Truth read_truth(const std::string& path);

}  // namespace inferbench
