#include <nlohmann/json.hpp>

#include "results/dashboard/column_table.hpp"
#include "results/dashboard/run_tables.hpp"

namespace inferbench {
namespace {

using nlohmann::ordered_json;

void timing_cells(const ordered_json& timing, ColumnTable& table) {
  table.cells(timing, "timing.");  // raw samples too: a verdict leads to them
}

// Named after what is compared with, so that each row has one of a kind.
void ratio_cells(const ordered_json& ratio, ColumnTable& table) {
  const std::string prefix = "ratio." + ratio.at("to").get<std::string>() + ".";
  for (const char* key : {"implementation", "speedup", "low", "high"}) {
    if (ratio.contains(key)) table.cell(prefix + key, ratio[key]);
  }
}

std::string joined(const ordered_json& texts) {
  std::string all;
  for (const ordered_json& text : texts) {
    all += (all.empty() ? "" : "; ") + text.get<std::string>();
  }
  return all;
}

void kernel_row_cells(const ordered_json& row, ColumnTable& table) {
  for (const auto& [key, value] : row.items()) {
    if (key == "timing") {
      timing_cells(value, table);
    } else if (key == "ratios") {
      for (const ordered_json& ratio : value) ratio_cells(ratio, table);
    } else if (key == "suspect") {
      if (!value.empty()) table.text("suspect", joined(value));
    } else if (value.is_object()) {
      if (key != "absent") table.cells(value, key + ".");
    } else {
      table.cell(key, value);
    }
  }
}

}  // namespace

ordered_json points_table(const ordered_json& points) {
  ColumnTable table;
  for (const ordered_json& point : points) {
    table.begin_row();
    for (const auto& [key, value] : point.items()) {
      if (value.is_object()) {
        table.cells(value, key + ".");
      } else {
        table.cell(key, value);
      }
    }
  }
  return table.json();
}

ordered_json kernel_rows_table(const ordered_json& rows) {
  ColumnTable table;
  for (const ordered_json& row : rows) {
    table.begin_row();
    kernel_row_cells(row, table);
  }
  return table.json();
}

}  // namespace inferbench
