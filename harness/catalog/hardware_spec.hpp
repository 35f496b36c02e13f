#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "harness/base/dtype.hpp"
#include "harness/base/units.hpp"
#include "harness/catalog/disagreement.hpp"

namespace inferbench {

// One GPU and its surroundings. Peaks are dense, bandwidths are one direction, units are decimal.
struct HardwareSpec {
  std::string name;   // "h100", "b200", "gb200-nvl72": lower case, dashes
  std::string title;  // "H100 SXM"
  std::vector<std::string> aliases;
  std::string vendor, architecture, form_factor, source, confidence;
  std::map<std::string, std::string> sources;  // by catalog key, where it is not `source`
  std::vector<std::string> notes;
  std::vector<Disagreement> disagreements;

  std::map<DType, FlopsPerSecond> peaks;  // keys bf16, fp8, fp4, int8; absent when not supported
  std::optional<FlopsPerSecond> sparse_bf16;  // with 2:4 sparsity; absent: no unit for it
  Bytes memory{};                             // marketed
  std::optional<Bytes> usable_memory;         // what software sees, where a source says
  BytesPerSecond memory_bandwidth{};
  std::string memory_type;

  std::string link;              // "NVLink5"; "none": PCIe is all there is
  std::int64_t domain_size = 1;  // GPUs that reach each other over `link`, or over PCIe in a server
  BytesPerSecond scale_up{};     // per GPU, one way, inside the domain; PCIe when link is none
  BytesPerSecond scale_out{};    // per GPU, one way, between domains
  std::int64_t pcie_generation = 0;
  BytesPerSecond pcie{};   // one way, to the host
  bool full_mesh = false;  // point-to-point links: a pair sees scale_up / (domain_size - 1)
  double power_watts = 0;  // thermal design power
  std::int64_t instances_per_gpu =
      1;  // above 1: this is one of several on a GPU, gpu_instances.hpp

  bool has_fast_link() const { return link != "none"; }
};

// Dense peak that weights of this type multiply at; nullopt: the GPU has no such unit.
//
// Block-scaled and nominal types use their base type's peak. int4 is weight-only and uses bf16; so
// do nvfp4 and mxfp4 where there is no FP4 unit, as vLLM's Marlin kernels run them on Ampere and
// Hopper. Nominal fp4 and fp32 have no such kernel and no peak there.
std::optional<FlopsPerSecond> peak(const HardwareSpec& gpu, DType weights);

// How much faster 2:4 sparse weights multiply than dense ones at peak: the ratio of the 16 bit
// peaks, which data sheets give for every other type too; nullopt: the GPU has no such unit.
std::optional<double> sparse_gain(const HardwareSpec& gpu);

// Whether the GPU has a unit for the type itself, so that it need not be widened first.
bool multiplies_natively(const HardwareSpec& gpu, DType weights);

// Memory that software sees: `usable_memory`, or the marketed capacity where no source says more.
Bytes visible_memory(const HardwareSpec& gpu);

}  // namespace inferbench
