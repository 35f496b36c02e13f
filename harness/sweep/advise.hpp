#pragma once

#include <optional>
#include <string>
#include <vector>

#include "harness/sweep/find_max.hpp"

namespace inferbench {

// A kind of GPU on offer.
struct GpuOffer {
  HardwareSpec gpu;
  Precision precision;                     // of the model on it
  std::optional<double> price_per_hour{};  // of one GPU; absent: cost is absent, not zero
  double watts = 0;                        // of one GPU, while it serves
};

struct AdviseOptions {
  std::vector<Tokens> chunks;
  std::int64_t most_replica_gpus = 64;
  std::vector<std::string> schedulers;  // tried on the winner; the first is the search's own
  double margin = 0.25, resolution = 0.02;
  unsigned threads = 0;
  std::function<bool()> stop{};
};

// What a policy comes to on one replica of the advised configuration and chunk.
struct PolicyTrial {
  std::string scheduler;
  double rate = 0;        // highest requests/s that meets the SLO; 0: none
  std::string why_not{};  // it cannot run here
};

// The fewest GPUs of one kind that serve the traffic within the SLO, by replay.
struct Advice {
  GpuOffer offer;
  bool serves = false;
  std::string why_not{};  // when nothing serves: what fits, or comes closest and what binds

  SweepTask task;  // configuration with its replicas, chunk, rate
  std::string scheduler{};
  double replica_rate = 0;  // highest requests/s of one replica
  Probe probe;              // the whole deployment at the traffic's rate
  std::vector<PolicyTrial> policies;
  std::int64_t weights_alone = 0;  // GPUs that the weights-fit rule recommends
  double output_tps = 0;           // rate x mean OSL

  std::int64_t gpus() const { return task.parallel.gpus(); }
  std::optional<double> cost_per_million() const;  // output tokens, in the prices' currency
  double tokens_per_joule() const;                 // output tokens
};

// One advice per offer. `base.gpu` and `base.precision` are replaced by the offer's. `traffic`: the
// workload, its rate in offer.rate (requests/s) or as the workload has it, and the SLO.
//
// Per size of replica, in powers of two, the best configuration x chunk is found by find_max; sizes
// whose steady capacity cannot need fewer GPUs than what is found are left out. Replicas are added
// until a replay of the whole deployment at the traffic's rate meets the SLO, then the other
// policies are tried on one replica, and taken if they need fewer GPUs.
//
// Throws Error as SloProbe does, and for traffic without a rate.
std::vector<Advice> advise(const SweepSystem& base, const std::vector<GpuOffer>& offers,
                           const ReplaySweep& traffic, const AdviseOptions& options);

}  // namespace inferbench
