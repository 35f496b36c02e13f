#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/units.hpp"
#include "workloads/traces/line_reader.hpp"

namespace inferbench {

// A CSV file with a header, read for some of its columns. Cells may be quoted but do not contain
// line ends; none of the trace formats has any.
class CsvTable {
 public:
  // `required` are columns by header name, in the order of field(); then `optional` ones. Throws
  // Error when the file is empty or a required column is missing, listing the header found.
  CsvTable(std::unique_ptr<ByteSource> source, std::vector<std::string_view> required,
           std::vector<std::string_view> optional = {});

  // Reads the next row; false at the end. Throws Error for a row with too few or too many cells; a
  // last line that is cut short is one.
  bool next();

  // A cell of the current row, trimmed; empty for an optional column the file does not have.
  std::string_view field(std::size_t column) const { return fields_[column]; }
  bool has_column(std::size_t column) const { return positions_[column].has_value(); }
  // Throws Error unless the cell is an integer >= `least`.
  std::int64_t integer(std::size_t column, std::int64_t least) const;
  // Throws Error unless the cell is a finite number of seconds >= 0.
  Duration seconds(std::size_t column) const;
  [[noreturn]] void refuse(std::size_t column, const std::string& expected) const;

  std::string place() const { return lines_.place(); }
  const std::string& name() const { return lines_.name(); }

 private:
  void split(std::string_view line);
  [[noreturn]] void refuse_cells(std::size_t found) const;

  LineReader lines_;
  std::vector<std::string> names_;                     // of the columns asked for
  std::vector<std::optional<std::size_t>> positions_;  // where each stands in the file
  std::vector<std::ptrdiff_t> wanted_;                 // by position: index into fields_, or -1
  std::vector<std::string_view> fields_;
};

}  // namespace inferbench
