#include "workloads/traces/csv_table.hpp"

#include <fast_float/fast_float.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>

#include "harness/base/error.hpp"
#include "harness/base/text_table.hpp"
#include "workloads/text_values.hpp"
#include "workloads/traces/row_reader.hpp"

namespace inferbench {
namespace {

std::string_view unquoted(std::string_view cell) {
  cell = trimmed(cell);
  if (cell.size() >= 2 && cell.front() == '"' && cell.back() == '"') {
    cell = trimmed(cell.substr(1, cell.size() - 2));
  }
  return cell;
}

bool needs_trimming(std::string_view cell) {
  const auto odd = [](char c) { return c == ' ' || c == '"' || c == '\t'; };
  return !cell.empty() && (odd(cell.front()) || odd(cell.back()));
}

// The end of the cell that begins at `at`: the next comma outside quotes, or the line's end.
std::size_t cell_end(std::string_view line, std::size_t at) {
  if (at < line.size() && line[at] == '"') {
    const std::size_t close = line.find('"', at + 1);
    if (close != std::string_view::npos) at = close;
  }
  return std::min(line.find(',', at), line.size());
}

}  // namespace

CsvTable::CsvTable(std::unique_ptr<ByteSource> source, std::vector<std::string_view> required,
                   std::vector<std::string_view> optional)
    : lines_(std::move(source)) {
  std::string_view line;
  if (!lines_.next(line)) throw Error(lines_.name(), "is empty", "expected a CSV header and rows");
  std::vector<std::string> header;
  for (std::size_t at = 0; at <= line.size();) {
    const std::size_t end = cell_end(line, at);
    header.emplace_back(unquoted(line.substr(at, end - at)));
    at = end + 1;
  }
  wanted_.assign(header.size(), -1);
  const std::size_t needed = required.size();
  required.insert(required.end(), optional.begin(), optional.end());
  for (std::size_t i = 0; i < required.size(); ++i) {
    names_.emplace_back(required[i]);
    const auto found = std::find(header.begin(), header.end(), required[i]);
    if (found == header.end() && i < needed) {
      throw Error(lines_.place(), "column \"" + names_.back() + "\" is missing",
                  "the header has: " + joined(header),
                  "check the format named before the colon: `inferbench list workloads`");
    }
    positions_.emplace_back();
    if (found == header.end()) continue;
    positions_.back() = static_cast<std::size_t>(found - header.begin());
    wanted_[*positions_.back()] = static_cast<std::ptrdiff_t>(i);
  }
  fields_.resize(names_.size());
}

bool CsvTable::next() {
  std::string_view line;
  if (!lines_.next(line)) return false;
  split(line);
  return true;
}

void CsvTable::split(std::string_view line) {
  std::size_t position = 0;
  for (std::size_t at = 0; at <= line.size(); ++position) {
    const std::size_t end = cell_end(line, at);
    if (position < wanted_.size() && wanted_[position] >= 0) {
      const std::string_view cell = line.substr(at, end - at);
      fields_[static_cast<std::size_t>(wanted_[position])] =
          needs_trimming(cell) ? unquoted(cell) : cell;
    }
    at = end + 1;
  }
  if (position != wanted_.size()) refuse_cells(position);
}

void CsvTable::refuse_cells(std::size_t found) const {
  const std::string counts = "the row has " + std::to_string(found) + " cells, the header has " +
                             std::to_string(wanted_.size());
  if (!lines_.terminated() && found < wanted_.size()) {
    throw RowError(place(), "the last line is cut short: " + counts, "expected whole rows",
                   "copy or download the file again, or remove the line");
  }
  throw RowError(place(), counts, "expected one cell per column");
}

std::int64_t CsvTable::integer(std::size_t column, std::int64_t least) const {
  const std::string_view cell = fields_[column];
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(cell.data(), cell.data() + cell.size(), value);
  if (error != std::errc() || end != cell.data() + cell.size() || value < least) {
    refuse(column, "an integer >= " + std::to_string(least));
  }
  return value;
}

Duration CsvTable::seconds(std::size_t column) const {
  const std::string_view cell = fields_[column];
  double value = 0;
  const auto [end, error] = fast_float::from_chars(cell.data(), cell.data() + cell.size(), value);
  // 9e9 s is 285 years, as long as 64-bit nanoseconds last.
  if (error != std::errc() || end != cell.data() + cell.size() || !(value >= 0 && value < 9e9)) {
    refuse(column, "seconds, a number >= 0");
  }
  return rounded(Seconds(value));
}

void CsvTable::refuse(std::size_t column, const std::string& expected) const {
  const std::string_view cell = fields_[column];
  const std::string problem =
      cell.empty() ? " is empty" : " is \"" + std::string(cell.substr(0, 40)) + "\"";
  throw RowError(place(), "column \"" + names_[column] + "\"" + problem, "expected " + expected,
                 "--skip-invalid skips such rows and counts them");
}

}  // namespace inferbench
