#include "harness/catalog/gpu_instances.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "harness/base/error.hpp"

namespace inferbench {
namespace {

struct MigProfile {
  std::int64_t instances;
  double compute, memory;  // slices of one instance, of 7 and of 8
};

constexpr std::array<MigProfile, 5> kMigProfiles = {
    {{1, 7, 8}, {2, 3, 4}, {3, 2, 2}, {4, 1, 2}, {7, 1, 1}}};

bool has_mig(const HardwareSpec& gpu) {
  static constexpr std::array<std::string_view, 8> kParts = {"a100", "a800", "h100", "h800",
                                                             "h200", "h20",  "b200", "b300"};
  return std::find(kParts.begin(), kParts.end(), gpu.name) != kParts.end() ||
         gpu.name.starts_with("gb");
}

}  // namespace

GpuSharing parse_gpu_sharing(const std::string& text, const std::string& place) {
  GpuSharing sharing;
  const std::size_t comma = std::min(text.find(','), text.size());
  const auto [end, error] = std::from_chars(text.data(), text.data() + comma, sharing.instances);
  if (error != std::errc() || end != text.data() + comma || sharing.instances < 1 ||
      sharing.instances > 64) {
    throw Error(place, "\"" + text + "\"", "expected 1 to 64 instances, then ,mps or ,mig",
                "e.g. 4, or 7,mig");
  }
  const std::string mode = comma < text.size() ? text.substr(comma + 1) : "mps";
  if (mode == "mig") {
    sharing.mode = GpuSharing::Mode::mig;
  } else if (mode != "mps") {
    throw unknown_name(place, "way to share a GPU", mode, {"mps", "mig"});
  }
  return sharing;
}

HardwareSpec instance_of(const HardwareSpec& gpu, const GpuSharing& sharing,
                         const std::string& place) {
  const double even = 1.0 / static_cast<double>(sharing.instances);
  double compute = even, memory = even;
  const bool mig = sharing.mode == GpuSharing::Mode::mig;
  if (mig) {
    const auto* profile =
        std::find_if(kMigProfiles.begin(), kMigProfiles.end(),
                     [&](const MigProfile& p) { return p.instances == sharing.instances; });
    if (!has_mig(gpu) || profile == kMigProfiles.end()) {
      throw Error(place, std::to_string(sharing.instances) + " MIG instances of " + gpu.name,
                  has_mig(gpu) ? "equal slices exist for 1, 2, 3, 4 and 7 instances"
                               : "the GPU cannot be sliced",
                  "use --instances N,mps to share it");
    }
    compute = profile->compute / 7.0, memory = profile->memory / 8.0;
  }
  HardwareSpec one = gpu;
  for (auto& [type, rate] : one.peaks) rate = rate * compute;
  if (one.sparse_bf16) one.sparse_bf16 = *one.sparse_bf16 * compute;
  one.memory = one.memory * memory;
  if (one.usable_memory) one.usable_memory = *one.usable_memory * memory;
  one.memory_bandwidth = one.memory_bandwidth * memory;
  // The links to other GPUs and to the host are shared evenly either way.
  one.scale_up = one.scale_up * even, one.scale_out = one.scale_out * even;
  one.pcie = one.pcie * even;
  one.power_watts *= even;
  one.instances_per_gpu = sharing.instances;
  one.notes.push_back("one of " + std::to_string(sharing.instances) + " instances on a GPU (" +
                      (mig ? "MIG slices" : "shared, neighbours always busy") + ")");
  return one;
}

}  // namespace inferbench
