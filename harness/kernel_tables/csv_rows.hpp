#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "workloads/traces/csv_table.hpp"

namespace inferbench {

// A CSV file (plain or gzip) read by column names that are known where they are used.
class CsvRows {
 public:
  CsvRows(const std::string& path, const std::vector<std::string_view>& required,
          const std::vector<std::string_view>& optional = {});

  bool next() { return table_.next(); }
  bool has(std::string_view column) const;
  std::string_view text(std::string_view column) const;  // empty: an optional one that is absent
  // Throw Error unless the cell is a number, or a whole one >= least.
  double number(std::string_view column) const;
  std::int32_t whole(std::string_view column, std::int64_t least = 0) const;
  std::int32_t whole_or(std::string_view column, std::int32_t fallback) const;
  std::string place() const { return table_.place(); }

 private:
  std::size_t at(std::string_view column) const;

  std::vector<std::string_view> names_;
  CsvTable table_;
};

// Column names of a CSV file.
std::vector<std::string> csv_header(const std::string& path);

}  // namespace inferbench
