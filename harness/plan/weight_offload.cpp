#include "harness/plan/weight_offload.hpp"

#include <algorithm>

#include "harness/base/error.hpp"
#include "harness/base/text_table.hpp"
#include "harness/plan/memory.hpp"
#include "harness/plan/option_terms.hpp"

namespace inferbench {
namespace {

bool stays(const MemoryPart& part) {
  return part.name == "embedding";
}

}  // namespace

WeightOffload parse_weight_offload(const std::string& text, const std::string& place) {
  WeightOffload offload;
  for (const auto& [key, value] : parse_terms(text, place)) {
    if (key == "overlap") {
      offload.overlap = parse_real(value, place + " overlap", 0, 1);
    } else if (!value.empty()) {
      throw unknown_name(place, "term", key, {"overlap"});
    } else {
      offload.share = key == "all" ? 1.0 : parse_real(key, place, 0, 1);
    }
  }
  if (!offload.active()) {
    throw Error(place, "\"" + text + "\" offloads nothing", "a share above 0, or all, is needed",
                "e.g. all, 0.6 or 0.6,overlap=0.5");
  }
  return offload;
}

std::string label(const WeightOffload& offload) {
  std::string text = offload.share == 1.0 ? "all" : shortest(offload.share);
  if (offload.overlap != 1.0) text += ",overlap=" + shortest(offload.overlap);
  return text;
}

Bytes streamed_weights(const std::vector<MemoryPart>& parts, const WeightOffload& offload) {
  Bytes streamed{};
  for (const MemoryPart& part : parts) {
    if (!stays(part)) streamed += part.bytes * offload.share;
  }
  return streamed;
}

void move_to_host(std::vector<MemoryPart>& parts, const WeightOffload& offload, double layers) {
  if (!offload.active()) return;
  const Bytes streamed = streamed_weights(parts, offload);
  for (MemoryPart& part : parts) {
    if (stays(part)) continue;
    part.bytes = part.bytes * (1.0 - offload.share);
    part.how += ", " + significant(offload.share * 100) + " % of it in host memory";
  }
  const double buffered = std::min(2.0, layers);
  parts.push_back({.name = "offload buffer",
                   .bytes = streamed * (buffered / layers),
                   .how = "streamed weights of " + significant(buffered) + " layers"});
}

}  // namespace inferbench
