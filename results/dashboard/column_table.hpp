#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace inferbench {

// A table held column by column, which a browser reads several times faster than an array of
// objects and which is half as long. Rows are filled one after another; a cell that is not filled
// is null.
//
//   {"rows": 3, "of": 3, "columns": {
//     "ttft_ms":  {"values": [4.5, null, 6]},
//     "parallel": {"dictionary": ["TP1", "TP2"], "codes": [0, 1, 0]}}}
//
// `of` says how many rows there were before some were left out. A missing text has the code -1.
class ColumnTable {
 public:
  void begin_row() { ++rows_; }
  void number(std::string_view column, std::optional<double> value);  // not finite: null
  void text(std::string_view column, const std::string& value);
  // A number, text, bool (0 or 1) or array of numbers as it is; null and objects are passed over.
  void cell(std::string_view column, const nlohmann::ordered_json& value);
  // Every cell of an object, the names of its keys behind `prefix`.
  void cells(const nlohmann::ordered_json& object, std::string_view prefix = "");

  std::uint64_t rows() const { return rows_; }
  bool empty() const { return rows_ == 0; }
  nlohmann::ordered_json json(std::optional<std::uint64_t> of = std::nullopt) const;

 private:
  struct Column {
    std::string name;
    bool is_text = false;
    std::vector<nlohmann::ordered_json> values;  // of numbers; codes of texts
    std::vector<std::string> dictionary;
    std::unordered_map<std::string, std::size_t> codes;
  };

  Column& column(std::string_view name, bool is_text);
  static nlohmann::ordered_json column_json(const Column& column, std::uint64_t rows);

  std::vector<Column> columns_;  // in the order in which they were first filled
  std::uint64_t rows_ = 0;
};

}  // namespace inferbench
