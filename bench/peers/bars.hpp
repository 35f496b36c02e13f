#pragma once

#include <map>
#include <string>
#include <vector>

#include "kernels/cpu/kernel.hpp"

namespace inferbench {

// What an own kernel is held against: a peer's time in the same rounds, or a share of a roof.
struct Bar {
  std::string against;  // a peer's name; or "read", "fma": of that probe's rate
  double floor = 0;     // ratios of speed, own over peer, that ought to hold on any machine,
  double target = 0;    // and that are aimed at; both 0: shown, not judged
};

// One own kernel on one case, and its bars, which are measured together.
struct Contest {
  std::string op, format;
  std::map<std::string, std::int64_t> axes;
  std::string roof;  // that bounds it: "read", "fma", "bf16" or "int8"
  std::vector<Bar> bars;

  std::string name() const;  // "gemm w8a8 k=4096 m=512 n=4096"
};

// Every contest, by op and size. Collectives have their own: inferbench bench collectives.
const std::vector<Contest>& contests();

enum class BarVerdict { reached, floor, below, noisy, shown, skipped, wrong };
std::string_view name(BarVerdict verdict);

// `noisy` where the probe of the same rounds shows a machine that was not its own: a probe below 85
// % of its best in this run.
BarVerdict judge(const Bar& bar, double ratio, double probe_share);
inline constexpr double kLeastProbeShare = 0.85;

}  // namespace inferbench
