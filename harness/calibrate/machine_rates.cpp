#include "harness/calibrate/machine_rates.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "harness/base/error.hpp"
#include "harness/micro/roofs.hpp"
#include "kernels/registry.hpp"

namespace inferbench {
namespace {

// Any size that every format computes.
std::vector<std::string> probes_of(const std::string& format) {
  const KernelCase size = make_case("gemm", format, {{"m", 64}, {"n", 1024}, {"k", 1024}});
  return arithmetic_probes(preferred(size), format);
}

double fastest(const std::vector<Roof>& roofs, const std::vector<std::string>& probes) {
  double rate = 0;
  for (const Roof& roof : roofs) {
    const bool listed = std::find(probes.begin(), probes.end(), roof.probe) != probes.end();
    if (listed) rate = std::max(rate, roof.rate);
  }
  return rate;
}

}  // namespace

MachineRates machine_rates(const std::vector<std::string>& formats, double resident_bytes,
                           unsigned threads, Duration budget, Stopwatch& stopwatch,
                           const SamplerOptions& options) {
  std::map<std::string, std::vector<std::string>> arithmetic = {{"fp32", probes_of("fp32")}};
  for (const std::string& format : formats) arithmetic[format] = probes_of(format);
  const std::vector<std::string> reads =
      memory_probes(resident_bytes, threads, resident_bytes <= 0);
  std::set<std::string> names(reads.begin(), reads.end());
  for (const auto& [format, probes] : arithmetic) names.insert(probes.begin(), probes.end());
  RoofProbes probes({names.begin(), names.end()}, threads, stopwatch, options);
  probes.visit(budget);
  const std::vector<Roof> roofs = probes.roofs();
  MachineRates rates;
  rates.memory = fastest(roofs, reads);
  for (const auto& [format, listed] : arithmetic) {
    rates.arithmetic[format] = fastest(roofs, listed);
    ensure(rates.arithmetic[format] > 0, "the arithmetic of a format that runs has a probe");
  }
  ensure(rates.memory > 0, "reads can be probed");
  return rates;
}

}  // namespace inferbench
