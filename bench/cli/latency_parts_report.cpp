#include "bench/cli/latency_parts_report.hpp"

#include <algorithm>
#include <vector>

#include "harness/base/text_table.hpp"
#include "harness/replay/time_parts.hpp"

namespace inferbench {
namespace {

const char* part_title(TimePart part) {
  switch (part) {
    case TimePart::queue:
      return "queue";
    case TimePart::interference:
      return "others' chunks and steps";
    case TimePart::attention:
      return "own attention";
    case TimePart::gemm:
      return "own GEMM";
    case TimePart::moe:
      return "own MoE";
    case TimePart::elementwise:
      return "own elementwise";
    case TimePart::collectives:
      return "own collectives, exposed";
    case TimePart::kv_transfer:
      return "KV transfer";
    case TimePart::host:
      return "host";
    case TimePart::gaps:
      break;
  }
  return "gaps";
}

std::string latency_title(const LatencyParts& latency) {
  return (latency.metric == "ttft" ? std::string("TTFT") : std::string("TPOT")) +
         (latency.over == "all" ? "" : ", slowest tenth");
}

}  // namespace

std::string latency_parts_report(const Summary& summary) {
  const std::vector<LatencyParts>& all = summary.latency_parts;
  if (all.empty()) return "";
  std::vector<std::string> head = {"what they went to, mean ms"};
  for (const LatencyParts& latency : all) head.push_back(latency_title(latency));
  TextTable table(head);
  const auto add = [&](const char* title, auto value) {
    std::vector<std::string> row = {title};
    for (const LatencyParts& latency : all) row.push_back(significant(value(latency), 4));
    table.add(row);
  };
  for (std::size_t i = 0; i < kTimeParts; ++i) {
    if (std::all_of(all.begin(), all.end(),
                    [&](const LatencyParts& one) { return one.parts[i].second == 0; })) {
      continue;
    }
    add(part_title(static_cast<TimePart>(i)),
        [&](const LatencyParts& one) { return one.parts[i].second; });
  }
  add("all", [](const LatencyParts& one) { return one.mean_ms; });
  add("of it own prefill", [](const LatencyParts& one) { return one.prefill_ms; });
  if (std::any_of(all.begin(), all.end(),
                  [](const LatencyParts& one) { return one.hidden_collectives_ms > 0; })) {
    add("beside it hidden collectives",
        [](const LatencyParts& one) { return one.hidden_collectives_ms; });
  }
  return table.str();
}

}  // namespace inferbench
