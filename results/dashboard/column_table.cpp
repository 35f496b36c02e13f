#include "results/dashboard/column_table.hpp"

#include <algorithm>
#include <cmath>

#include "harness/base/error.hpp"

namespace inferbench {

using nlohmann::ordered_json;

ColumnTable::Column& ColumnTable::column(std::string_view name, bool is_text) {
  ensure(rows_ > 0, "a cell stands in a row that was begun");
  const auto found = std::find_if(columns_.begin(), columns_.end(),
                                  [&](const Column& one) { return one.name == name; });
  const bool known = found != columns_.end();
  Column& at = known ? *found : columns_.emplace_back();
  if (!known) {
    at.name = name;
    at.is_text = is_text;
  }
  // Rows that left the cell out.
  at.values.resize(rows_ - 1, at.is_text ? ordered_json(-1) : ordered_json());
  return at;
}

void ColumnTable::number(std::string_view name, std::optional<double> value) {
  if (!value || !std::isfinite(*value)) return;
  Column& at = column(name, false);
  if (!at.is_text) at.values.emplace_back(*value);
}

void ColumnTable::text(std::string_view name, const std::string& value) {
  Column& at = column(name, true);
  if (!at.is_text) return;  // a column keeps the kind of its first cell
  const auto [found, added] = at.codes.emplace(value, at.dictionary.size());
  if (added) at.dictionary.push_back(value);
  at.values.emplace_back(found->second);
}

void ColumnTable::cell(std::string_view name, const ordered_json& value) {
  if (value.is_string()) {
    text(name, value.get<std::string>());
  } else if (value.is_boolean()) {
    number(name, value.get<bool>() ? 1 : 0);
  } else if (value.is_number() || value.is_array()) {
    Column& at = column(name, false);
    if (!at.is_text) at.values.push_back(value);
  }
}

void ColumnTable::cells(const ordered_json& object, std::string_view prefix) {
  for (const auto& [key, value] : object.items()) cell(std::string(prefix) + key, value);
}

ordered_json ColumnTable::column_json(const Column& column, std::uint64_t rows) {
  ordered_json values = column.values;
  while (values.size() < rows) values.push_back(column.is_text ? ordered_json(-1) : ordered_json());
  if (!column.is_text) return {{"values", std::move(values)}};
  return {{"dictionary", column.dictionary}, {"codes", std::move(values)}};
}

ordered_json ColumnTable::json(std::optional<std::uint64_t> of) const {
  ordered_json columns = ordered_json::object();
  for (const Column& column : columns_) columns[column.name] = column_json(column, rows_);
  return {{"rows", rows_}, {"of", of.value_or(rows_)}, {"columns", std::move(columns)}};
}

}  // namespace inferbench
