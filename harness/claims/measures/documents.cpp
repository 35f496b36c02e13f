// Rows that restate data sheets: a document's table against the catalog.
#include <cmath>
#include <nlohmann/json.hpp>

#include "harness/base/error.hpp"
#include "harness/base/text_table.hpp"
#include "harness/claims/measures/inputs.hpp"
#include "harness/claims/measures/measures.hpp"

namespace inferbench::claims {
namespace {

std::optional<double> peak_tflops(const HardwareSpec& part, DType type) {
  const auto found = part.peaks.find(type);
  if (found == part.peaks.end()) return std::nullopt;
  return found->second.count() / 1e12;
}

// The catalog's value of a column, in the column's unit; nullopt where the part has none.
std::optional<double> catalog_value(const HardwareSpec& part, const std::string& column,
                                    const JsonObject& inputs) {
  if (column == "bf16_tflops") return peak_tflops(part, DType::bf16);
  if (column == "fp8_tflops") return peak_tflops(part, DType::fp8);
  if (column == "int8_tops") return peak_tflops(part, DType::int8);
  if (column == "memory_gb") return part.memory.count() / 1e9;
  if (column == "memory_gb_per_s") return part.memory_bandwidth.count() / 1e9;
  if (column == "power_watts") return part.power_watts;
  // Documents add both directions of a link; the catalog has one.
  if (column == "pcie_gb_per_s_both_ways") return part.pcie.count() * 2 / 1e9;
  if (column == "link_gb_per_s_both_ways") {
    if (!part.has_fast_link()) return std::nullopt;
    return part.scale_up.count() * 2 / 1e9;
  }
  inputs.refuse("columns", "holds \"" + column + "\"",
                "known are bf16_tflops, fp8_tflops, int8_tops, memory_gb, memory_gb_per_s, "
                "power_watts, pcie_gb_per_s_both_ways, link_gb_per_s_both_ways");
}

// The catalog key that a column's disagreements are listed under begins with this.
std::string catalog_key(const std::string& column) {
  if (column == "bf16_tflops") return "peak_dense_flops_per_s.bf16";
  if (column == "fp8_tflops") return "peak_dense_flops_per_s.fp8";
  if (column == "int8_tops") return "peak_dense_flops_per_s.int8";
  if (column == "memory_gb") return "memory_bytes";
  if (column == "memory_gb_per_s") return "memory_bandwidth_bytes_per_s";
  if (column == "power_watts") return "power_watts";
  return column.starts_with("pcie") ? "pcie" : "scale_up_bytes_per_s";
}

bool is_listed(const HardwareSpec& part, const std::string& column, const std::string& document) {
  for (const Disagreement& entry : part.disagreements) {
    if (entry.field.starts_with(catalog_key(column)) &&
        entry.document.find(document) != std::string::npos) {
      return true;
    }
  }
  return false;
}

struct TableTally {
  double compared = 0, equal = 0, listed = 0, unlisted = 0;
  std::string differing, not_listed;
};

void add_to(std::string& list, const std::string& text) {
  list += (list.empty() ? "" : "; ") + text;
}

}  // namespace

// Compares a document's table of GPUs with the catalog, cell by cell. `tolerance` is relative and
// covers a document's rounding; `factor` is what the document multiplied a peak by (2 for sparse).
// A cell that differs must stand among the catalog's disagreements with that document.
Numbers gpu_table(const JsonObject& inputs, const World& world) {
  const std::vector<std::string> columns = inputs.texts("columns");
  const std::string document = inputs.text("document");
  const double tolerance = inputs.number("tolerance");
  const double factor = inputs.optional_number("factor").value_or(1);
  TableTally tally;
  std::vector<double> ratios;
  for (const auto& row : inputs.array("rows")) {
    if (!row.is_array() || row.size() != columns.size() + 1) {
      inputs.refuse("rows", "holds " + row.dump(), "a row is [gpu, one value per column]");
    }
    const HardwareSpec part = world.gpu(row[0].get<std::string>());
    for (std::size_t c = 0; c < columns.size(); ++c) {
      if (row[c + 1].is_null()) continue;  // the document leaves the cell empty
      const double stated = row[c + 1].get<double>();
      const auto known = catalog_value(part, columns[c], inputs);
      tally.compared += 1;
      if (known) ratios.push_back(stated / *known);
      if (known && std::abs(stated - factor * *known) <= tolerance * factor * *known) {
        tally.equal += 1;
        continue;
      }
      const std::string what = part.name + " " + columns[c] + " " + significant(stated, 4) +
                               " (catalog " + (known ? significant(*known, 4) : "none") + ")";
      add_to(tally.differing, what);
      const bool listed = is_listed(part, columns[c], document);
      (listed ? tally.listed : tally.unlisted) += 1;
      if (!listed) add_to(tally.not_listed, what);
    }
  }
  Numbers out;
  out.set("compared", tally.compared);
  out.set("equal", tally.equal);
  out.set("differing_listed", tally.listed);
  out.set("differing_unlisted", tally.unlisted);
  out.set("stated_over_catalog", ratios);
  out.set("differing", tally.differing.empty() ? std::string("none") : tally.differing);
  out.set("unlisted", tally.not_listed.empty() ? std::string("none") : tally.not_listed);
  return out;
}

// What the catalog says of one GPU.
Numbers gpu_facts(const JsonObject& inputs, const World& world) {
  const HardwareSpec part = gpu(inputs, world);
  Numbers out;
  out.set("memory_gb", part.memory.count() / 1e9);
  out.set("memory_tb_per_s", part.memory_bandwidth.count() / 1e12);
  out.set("link_tb_per_s_one_way", part.scale_up.count() / 1e12);
  out.set("link_tb_per_s_both_ways", 2 * part.scale_up.count() / 1e12);
  out.set("domain_gpus", static_cast<double>(part.domain_size));
  out.set("link", part.link);
  for (const auto& [type, rate] : part.peaks) {
    out.set("dense_" + std::string(name(type)) + "_pflops", rate.count() / 1e15);
  }
  return out;
}

}  // namespace inferbench::claims
