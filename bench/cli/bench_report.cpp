#include "bench/cli/bench_report.hpp"

#include <algorithm>
#include <functional>
#include <map>

#include "kernels/registry.hpp"

namespace inferbench {
namespace {

const Op* op_of(const KernelRow& row) {
  for (const Op& op : kernel_ops()) {
    if (op.name == row.op) return &op;
  }
  return nullptr;
}

// Axes in the op's order; features that are off are left out.
std::string axes_text(const KernelRow& row) {
  std::string text;
  const auto add = [&](const std::string& axis, std::int64_t size) {
    text += (text.empty() ? "" : " ") + axis + "=" + std::to_string(size);
  };
  const Op* op = op_of(row);
  if (op == nullptr) {
    for (const auto& [axis, size] : row.axes) add(axis, size);
    return text;
  }
  for (const Axis& axis : op->axes) {
    const auto found = row.axes.find(axis.name);
    if (found == row.axes.end()) continue;
    const bool off = found->second == 0 && axis.preset == 0;
    if (!off) add(axis.name, found->second);
  }
  return text;
}

std::string tag(const KernelRow& row, const char* key) {
  const auto found = row.tags.find(key);
  return found == row.tags.end() ? "" : found->second;
}

// "llama-3-70b/8 qkv"
std::string place_text(const KernelRow& row) {
  std::string text = tag(row, "model");
  if (const std::string tp = tag(row, "tp"); !tp.empty() && tp != "1") text += "/" + tp;
  for (const char* key : {"layer", "name"}) {
    if (const std::string value = tag(row, key); !value.empty()) {
      text += (text.empty() ? "" : " ") + value;
    }
  }
  return text;
}

std::string number(std::optional<double> value) {
  return value ? significant(*value) : "-";
}

// "1.43", or "1.43 (1.2-1.7)" where the interval says that it may be otherwise
std::string ratio_text(const KernelRow& row, const char* to) {
  for (const RowRatio& ratio : row.ratios) {
    if (ratio.to == to) return fixed(ratio.speedup, 2) + "x";
  }
  return "-";
}

std::string time_text(const RowTiming& timing) {
  return human_seconds(timing.median_ns / 1e9);
}

std::string spread_text(const RowTiming& timing) {
  const double half = (timing.high_ns - timing.low_ns) / 2 / timing.median_ns;
  return "+-" + fixed(100 * half, half < 0.0995 ? 1 : 0) + " %";
}

std::string device_time(const KernelRow& row, std::optional<double> RowDevice::*time) {
  if (!row.device || !((*row.device).*time)) return "-";
  return human_seconds(*((*row.device).*time) / 1e9);
}

const std::vector<std::string> kHeader = {
    "op",      "format", "case",     "where",       "implementation", "time",    "95 %",
    "timer",   "events", "graph",    "MHz",         "GFLOP/s",        "GB/s",    "FLOP/B",
    "of roof", "roof",   "x vendor", "x reference", "samples",        "stopped", "note"};

std::vector<std::string> cells(const KernelRow& row) {
  const RowTiming& timing = *row.timing;
  std::string note;
  const auto add = [&](const std::string& text) { note += (note.empty() ? "" : "; ") + text; };
  for (const std::string& text : row.suspect) add(text);
  if (row.device && row.device->launch_bound) add("bound by launches");
  if (row.device && !row.device->fallback.empty()) add("no CUPTI: " + row.device->fallback);
  return {row.op,
          row.format,
          axes_text(row),
          place_text(row),
          row.implementation,
          time_text(timing),
          spread_text(timing),
          row.device ? row.device->timer : "-",
          device_time(row, &RowDevice::event_ns),
          device_time(row, &RowDevice::graph_ns),
          row.device && row.device->clock_hz ? fixed(*row.device->clock_hz / 1e6, 0) : "-",
          number(row.gflop_per_s()),
          number(row.gb_per_s()),
          number(row.intensity()),
          row.roof ? fixed(100 * row.roof->share, 0) + " %" : "-",
          row.roof ? row.roof->probe : "-",
          ratio_text(row, "vendor"),
          ratio_text(row, "reference"),
          std::to_string(row.device ? timing.device_ns.size() : timing.wall_ns.size()),
          timing.stop,
          note};
}

std::vector<std::vector<std::string>> timed_cells(const std::vector<KernelRow>& rows) {
  std::vector<std::vector<std::string>> all;
  for (const KernelRow& row : rows) {
    if (row.timing) all.push_back(cells(row));
  }
  return all;
}

// Columns in which no row says anything are left out.
std::vector<std::size_t> telling_columns(const std::vector<std::vector<std::string>>& all) {
  std::vector<std::size_t> columns;
  for (std::size_t c = 0; c < kHeader.size(); ++c) {
    const bool telling = std::any_of(
        all.begin(), all.end(), [&](const auto& row) { return !row[c].empty() && row[c] != "-"; });
    if (telling || all.empty()) columns.push_back(c);
  }
  return columns;
}

std::vector<std::string> picked(const std::vector<std::string>& row,
                                const std::vector<std::size_t>& columns) {
  std::vector<std::string> out;
  for (const std::size_t c : columns) out.push_back(row[c]);
  return out;
}

std::string label(const KernelRow& row) {
  std::string text = row.op;
  if (row.format != "none") text += " " + row.format;
  if (const std::string axes = axes_text(row); !axes.empty()) text += " " + axes;
  return row.implementation == "none" ? text : text + " " + row.implementation;
}

}  // namespace

TextTable row_table(const std::vector<KernelRow>& rows) {
  const auto all = timed_cells(rows);
  const std::vector<std::size_t> columns = telling_columns(all);
  TextTable table(picked(kHeader, columns));
  for (const auto& row : all) table.add(picked(row, columns));
  return table;
}

std::string row_markdown(const std::vector<KernelRow>& rows) {
  const auto all = timed_cells(rows);
  const std::vector<std::size_t> columns = telling_columns(all);
  const auto line = [](const std::vector<std::string>& row) {
    std::string text = "|";
    for (const std::string& cell : row) text += " " + cell + " |";
    return text + "\n";
  };
  std::string text = line(picked(kHeader, columns)) + "|";
  for (std::size_t i = 0; i < columns.size(); ++i) text += " --- |";
  text += "\n";
  for (const auto& row : all) text += line(picked(row, columns));
  return text;
}

std::string unmeasured_text(const std::vector<KernelRow>& rows) {
  std::string text;
  std::vector<std::string> reasons;  // in the order of their first row
  std::map<std::string, std::pair<std::size_t, std::string>> skipped;
  for (const KernelRow& row : rows) {
    if (row.status == RowStatus::failed) {
      text += "wrong: " + label(row) + ": " + row.reason + "\n";
    } else if (row.status == RowStatus::skipped) {
      auto [entry, first] = skipped.try_emplace(row.reason, 0, label(row));
      ++entry->second.first;
      if (first) reasons.push_back(row.reason);
    }
  }
  for (const std::string& reason : reasons) {
    const auto& [count, first] = skipped[reason];
    text += "skipped: " + first;
    if (count > 1) text += " and " + std::to_string(count - 1) + " more";
    text += ": " + reason + "\n";
  }
  return text;
}

std::string row_counts(const std::vector<KernelRow>& rows) {
  const auto count = [&](RowStatus status) {
    return std::count_if(rows.begin(), rows.end(),
                         [&](const KernelRow& row) { return row.status == status; });
  };
  const auto timed = count(RowStatus::timed), wrong = count(RowStatus::failed),
             skipped = count(RowStatus::skipped);
  std::string text = std::to_string(timed) + (timed == 1 ? " row timed" : " rows timed");
  if (wrong > 0) text += ", " + std::to_string(wrong) + " wrong";
  if (skipped > 0) text += ", " + std::to_string(skipped) + " skipped";
  return text;
}

std::string roofs_text(const std::vector<Roof>& roofs) {
  if (roofs.empty()) return "";
  const unsigned threads = roofs.front().threads;
  std::string text =
      "roofs, " + std::to_string(threads) + (threads == 1 ? " thread: " : " threads: ");
  for (std::size_t i = 0; i < roofs.size(); ++i) {
    text += (i == 0 ? "" : ", ") + roofs[i].probe + " " + significant(roofs[i].rate) + " " +
            roofs[i].unit;
  }
  const auto worst = std::max_element(roofs.begin(), roofs.end(), [](const Roof& a, const Roof& b) {
    return std::max(a.drift, 1 / a.drift) < std::max(b.drift, 1 / b.drift);
  });
  return text + "\nfrom the first to the last look they moved by up to " +
         fixed(100 * (std::max(worst->drift, 1 / worst->drift) - 1), 0) + " % (" + worst->probe +
         ")\n";
}

}  // namespace inferbench
