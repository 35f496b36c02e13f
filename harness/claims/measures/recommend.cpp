// The table of recommended instances: which chips, how many, for which model size.
#include <nlohmann/json.hpp>

#include "harness/base/error.hpp"
#include "harness/claims/measures/inputs.hpp"
#include "harness/claims/measures/measures.hpp"
#include "harness/plan/weights_fit.hpp"

namespace inferbench::claims {
namespace {

struct Cell {
  double parameters_billion = 0;  // the upper end of the row's range
  double bytes_per_parameter = 2;
  std::int64_t count = 0;
  std::string gpu;
};

std::vector<Cell> read_cells(const JsonObject& inputs) {
  std::vector<Cell> cells;
  for (const auto& row : inputs.array("rows")) {
    const JsonObject entry(row, inputs.place() + ": \"rows\"");
    const double size = entry.number("up_to_billion");
    for (const auto& [key, bytes] : {std::pair{"fp16", 2.0}, {"fp8", 1.0}}) {
      const JsonObject by_count = entry.object(key);
      for (const std::string& count : by_count.keys()) {
        for (const std::string& gpu : by_count.texts(count)) {
          cells.push_back({size, bytes, std::stoll(count), gpu});
        }
      }
    }
    entry.refuse_unknown();
  }
  return cells;
}

}  // namespace

// Applies one rule to every cell of the table: the smallest power of two N >= 2 with weights <=
// fraction x N x memory. Counts the cells it gives, over a range of fractions.
Numbers recommended_instances(const JsonObject& inputs, const World& world) {
  const std::vector<Cell> cells = read_cells(inputs);
  const double large = inputs.optional_number("fast_link_from_billion").value_or(1e9);
  std::vector<double> matches;
  std::string wrong;
  for (const double fraction : numbers(inputs, "usable_fractions")) {
    double hits = 0;
    for (const Cell& cell : cells) {
      const double bytes = cell.parameters_billion * 1e9 * cell.bytes_per_parameter;
      const std::int64_t count = weights_fit_count(Bytes(bytes), world.gpu(cell.gpu), fraction);
      if (count == cell.count) {
        hits += 1;
      } else if (wrong.empty()) {
        wrong = std::to_string(cell.count) + " x " + cell.gpu + " (rule: " + std::to_string(count) +
                ")";
      }
    }
    matches.push_back(hits);
  }
  double slow_links = 0, large_cells = 0;
  for (const Cell& cell : cells) {
    if (cell.parameters_billion < large) continue;
    large_cells += 1;
    if (!world.gpu(cell.gpu).has_fast_link()) slow_links += 1;
  }
  Numbers out;
  out.set("cells", static_cast<double>(cells.size()));
  out.set("matches", matches);
  out.set("first_mismatch", wrong.empty() ? std::string("none") : wrong);
  out.set("large_cells", large_cells);
  out.set("large_without_fast_link", slow_links);
  return out;
}

}  // namespace inferbench::claims
