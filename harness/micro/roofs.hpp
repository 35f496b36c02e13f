#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "harness/micro/row.hpp"
#include "harness/timing/sampler.hpp"
#include "kernels/cpu/kernel.hpp"
#include "kernels/shapes/work.hpp"

namespace inferbench {

// One probe of the machine, measured in the same run as the kernels held against it.
struct Roof {
  std::string probe, unit;  // "read_memory", "GB/s"
  unsigned threads = 1;
  double rate = 0, low = 0, high = 0;  // of all threads; interval of the median
  std::uint64_t samples = 0;
  double drift = 0;  // median of the last visit over that of the first; 1 with one visit
};

// The arithmetic that an implementation does in a format, whatever the width of its vectors: the
// probe with the highest rate of these is its roof. Operands that are widened before they are
// multiplied count as what they become: fp8, fp4 and 2 bit weights are multiplied in fp32, int4 by
// bf16 as pairs of bf16 where the CPU has those.
std::vector<std::string> arithmetic_probes(const Implementation& implementation,
                                           std::string_view format);

// The probes whose bandwidth serves `bytes`, of which the fastest is the roof: of the smallest
// cache of `threads` cores that holds them, or of memory if they start cold.
std::vector<std::string> memory_probes(double bytes, unsigned threads, bool cold);

// What one run is bound by, and the share of it that `median_ns` reaches: the roof under which it
// takes longer. nullopt where no probe of the kind was measured.
std::optional<RowRoof> binding_roof(const std::vector<Roof>& roofs,
                                    const Implementation& implementation, std::string_view format,
                                    const Work& work, unsigned threads, bool cold,
                                    double median_ns);

// The least time that one run can take under these roofs, in nanoseconds; 0 without any.
double least_ns(const std::vector<Roof>& roofs, const Implementation& implementation,
                std::string_view format, const Work& work, unsigned threads, bool cold);

// Probes by name on `threads` threads, sampled in visits, so that one at the start and one at the
// end of a run say whether the machine stayed the same in between. Names this machine lacks are
// left out.
class RoofProbes {
 public:
  RoofProbes(const std::vector<std::string>& probes, unsigned threads, Stopwatch& stopwatch,
             const SamplerOptions& options);
  ~RoofProbes();
  RoofProbes(const RoofProbes&) = delete;
  RoofProbes& operator=(const RoofProbes&) = delete;

  void prepare();               // faults the memory in; the first visit does so if nobody did
  void visit(Duration budget);  // of all probes together
  std::vector<Roof> roofs() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace inferbench
