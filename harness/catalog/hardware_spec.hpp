#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "harness/base/dtype.hpp"
#include "harness/base/units.hpp"

namespace inferbench {

// A place where a document and the data sheet disagree: both values and the reason.
struct Disagreement {
  std::string field;
  std::string document;        // file name of the source document, or a named report
  std::string document_value;  // as printed there
  std::string catalog_value;
  std::string reason;  // "with 2:4 sparsity", "both directions added", "GiB against GB"
};

// One GPU and its surroundings. Peaks are dense, bandwidths are one direction, units are decimal.
struct HardwareSpec {
  std::string name;   // "h100", "b200", "gb200-nvl72": lower case, dashes
  std::string title;  // "H100 SXM"
  std::string vendor, architecture, form_factor, source, confidence;
  std::vector<std::string> notes;
  std::vector<Disagreement> disagreements;

  std::map<DType, FlopsPerSecond> peaks;  // keys bf16, fp8, fp4, int8; absent when not supported
  Bytes memory{};                         // marketed
  std::optional<Bytes> usable_memory;     // what software sees, where a source says
  BytesPerSecond memory_bandwidth{};
  std::string memory_type;

  std::string link;              // "NVLink5"; "none"
  std::int64_t domain_size = 1;  // GPUs that reach each other over `link`
  BytesPerSecond scale_up{};     // per GPU, one way, inside the domain; PCIe when link is none
  BytesPerSecond scale_out{};    // per GPU, one way, between domains
  BytesPerSecond pcie{};         // one way, to the host
  bool full_mesh = false;        // point-to-point links: a pair sees scale_up / (domain_size - 1)
  double power_watts = 0;        // thermal design power
};

// Dense peak that weights of this type multiply at: block-scaled and nominal types use their base
// type's peak, int4 weight-only uses bf16. nullopt: the GPU has no such unit.
std::optional<FlopsPerSecond> peak(const HardwareSpec& gpu, DType weights);

}  // namespace inferbench
