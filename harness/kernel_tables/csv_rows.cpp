#include "harness/kernel_tables/csv_rows.hpp"

#include <algorithm>
#include <charconv>

#include "harness/base/error.hpp"

namespace inferbench {
namespace {

std::vector<std::string_view> together(std::vector<std::string_view> a,
                                       const std::vector<std::string_view>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

}  // namespace

CsvRows::CsvRows(const std::string& path, const std::vector<std::string_view>& required,
                 const std::vector<std::string_view>& optional)
    : names_(together(required, optional)), table_(open_file(path), required, optional) {}

std::size_t CsvRows::at(std::string_view column) const {
  const auto found = std::find(names_.begin(), names_.end(), column);
  ensure(found != names_.end(), "a column that is read was asked for");
  return static_cast<std::size_t>(found - names_.begin());
}

bool CsvRows::has(std::string_view column) const {
  return table_.has_column(at(column));
}

std::string_view CsvRows::text(std::string_view column) const {
  return table_.field(at(column));
}

double CsvRows::number(std::string_view column) const {
  const std::string_view cell = text(column);
  double value = 0;
  const auto [end, error] = std::from_chars(cell.data(), cell.data() + cell.size(), value);
  if (error != std::errc() || end != cell.data() + cell.size()) {
    table_.refuse(at(column), "a number");
  }
  return value;
}

std::int32_t CsvRows::whole(std::string_view column, std::int64_t least) const {
  const std::int64_t value = table_.integer(at(column), least);
  if (value > INT32_MAX) table_.refuse(at(column), "an integer below 2^31");
  return static_cast<std::int32_t>(value);
}

std::int32_t CsvRows::whole_or(std::string_view column, std::int32_t fallback) const {
  return text(column).empty() ? fallback : whole(column);
}

std::vector<std::string> csv_header(const std::string& path) {
  LineReader lines(open_file(path));
  std::string_view line;
  std::vector<std::string> names;
  if (!lines.next(line)) return names;
  for (std::size_t at = 0; at <= line.size();) {
    const std::size_t end = std::min(line.find(',', at), line.size());
    names.emplace_back(line.substr(at, end - at));
    at = end + 1;
  }
  return names;
}

}  // namespace inferbench
