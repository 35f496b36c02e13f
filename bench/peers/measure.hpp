#pragma once

#include <optional>
#include <string>
#include <vector>

#include "bench/peers/bars.hpp"
#include "bench/peers/peer.hpp"
#include "harness/timing/sampler.hpp"

namespace inferbench {

// What one bar came to.
struct BarResult {
  Bar bar;
  BarVerdict verdict = BarVerdict::skipped;
  std::string reason{};  // of skipped and wrong
  Ratio ratio{};         // speed of own over peer, CPU time of one thread, pairs of the same round
  double peer_ns = 0;    // CPU time, median
  double error = 0;      // the peer's, as ContestResult::error
};

struct ContestResult {
  Contest contest;
  std::string implementation{};  // own: "avx512_vnni"
  std::string reason{};          // why it could not be measured; empty: it was
  double own_ns = 0;
  double flops = 0, bytes = 0;
  double error = 0;  // root mean square of own outputs' errors over that of the outputs, against
                     // the product in fp64 of the operands before they were quantised
  double roof_share = 0;  // of the probe that binds, in the same rounds
  double probe_rate = 0;  // of that probe: GFLOP/s, GOP/s or GB/s
  std::vector<BarResult> bars{};
};

struct PeerRun {
  PeerOptions options;
  Duration budget{500'000'000};  // per subject
  std::uint64_t seed = 1;
};

// Own kernel, probes and peers in turns, one sample of each per round. Each is checked before: what
// is wrong is not timed. Verdicts are given by judge_all, when the best of every probe is known.
ContestResult measure(const Contest& contest, const PeerRun& run);
void judge_all(std::vector<ContestResult>& results);

// The names of the probes that stand for "read", "fma", "bf16" and "int8" on this CPU, for kernels
// of at most `isa` (portable: any).
std::string probe_name(const std::string& roof, Isa isa);

// All activations 255, all weights 127 and k = 256, whose sum is 8,290,560: what each library
// gives.
struct Saturation {
  std::string peer, reason;
  std::int64_t exact = 0;
  double got = 0;
};
std::vector<Saturation> full_range_products(const PeerOptions& options);

}  // namespace inferbench
