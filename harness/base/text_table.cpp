#include "harness/base/text_table.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "harness/base/error.hpp"

namespace inferbench {
namespace {

// Columns on screen: UTF-8 continuation bytes take none.
std::size_t width(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(
      text.begin(), text.end(), [](unsigned char c) { return (c & 0xC0U) != 0x80U; }));
}

bool is_numeric(const std::string& cell) {
  const std::size_t first = cell.find_first_not_of("+-");
  return first != std::string::npos && cell[first] >= '0' && cell[first] <= '9';
}

std::string quoted(const std::string& cell) {
  if (cell.find_first_of(",\"\n\r") == std::string::npos) return cell;
  std::string out = "\"";
  for (const char c : cell) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + '"';
}

}  // namespace

TextTable::TextTable(std::vector<std::string> header) : header_(std::move(header)) {}

void TextTable::add(std::vector<std::string> cells) {
  ensure(cells.size() == header_.size(), "a table row has as many cells as its header");
  rows_.push_back(std::move(cells));
}

std::string TextTable::str() const {
  const std::size_t columns = header_.size();
  std::vector<std::size_t> widths(columns);
  std::vector<bool> numeric(columns, !rows_.empty());
  for (std::size_t c = 0; c < columns; ++c) {
    widths[c] = width(header_[c]);
    for (const auto& row : rows_) {
      widths[c] = std::max(widths[c], width(row[c]));
      if (!row[c].empty() && row[c] != "-" && !is_numeric(row[c])) numeric[c] = false;
    }
  }
  const auto line = [&](const std::vector<std::string>& cells) {
    std::string out;
    for (std::size_t c = 0; c < columns; ++c) {
      const std::string pad(widths[c] - width(cells[c]), ' ');
      out += (c == 0 ? "" : "  ") + (numeric[c] ? pad + cells[c] : cells[c] + pad);
    }
    out.erase(out.find_last_not_of(' ') + 1);
    return out + "\n";
  };
  std::string out = line(header_);
  std::vector<std::string> rule;
  rule.reserve(columns);
  for (const std::size_t w : widths) rule.emplace_back(w, '-');
  out += line(rule);
  for (const auto& row : rows_) out += line(row);
  return out;
}

std::string TextTable::csv() const {
  std::string out;
  const auto line = [&](const std::vector<std::string>& cells) {
    for (std::size_t c = 0; c < cells.size(); ++c) out += (c == 0 ? "" : ",") + quoted(cells[c]);
    out += "\r\n";
  };
  line(header_);
  for (const auto& row : rows_) line(row);
  return out;
}

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

std::string with_commas(long long value) {
  std::string digits = std::to_string(value < 0 ? -value : value);
  for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3) {
    digits.insert(static_cast<std::size_t>(at), ",");
  }
  return value < 0 ? "-" + digits : digits;
}

std::string fixed(double value, int digits) {
  char buffer[64];
  std::snprintf(buffer, sizeof buffer, "%.*f", digits, value);
  std::string text = buffer;
  const std::size_t point = std::min(text.find('.'), text.size());
  const std::size_t sign = text[0] == '-' ? 1 : 0;
  for (auto at = static_cast<std::ptrdiff_t>(point) - 3; at > static_cast<std::ptrdiff_t>(sign);
       at -= 3) {
    text.insert(static_cast<std::size_t>(at), ",");
  }
  return text;
}

std::string significant(double value, int digits) {
  if (!std::isfinite(value)) return value > 0 ? "inf" : value < 0 ? "-inf" : "nan";
  if (value == 0) return "0";
  const int magnitude = static_cast<int>(std::floor(std::log10(std::abs(value))));
  return fixed(value, std::clamp(digits - 1 - magnitude, 0, 12));
}

std::string human_seconds(double s) {
  const double magnitude = std::abs(s);
  if (magnitude == 0) return "0 s";
  if (magnitude < 1e-6) return significant(s * 1e9) + " ns";
  if (magnitude < 1e-3) return significant(s * 1e6) + " us";
  if (magnitude < 1.0) return significant(s * 1e3) + " ms";
  return significant(s) + " s";
}

std::string human_bytes(double bytes) {
  static constexpr const char* kUnits[] = {"B", "kB", "MB", "GB", "TB", "PB"};
  int unit = 0;
  while (std::abs(bytes) >= 1000.0 && unit < 5) bytes /= 1000.0, ++unit;
  return significant(bytes) + " " + kUnits[unit];
}

}  // namespace inferbench
