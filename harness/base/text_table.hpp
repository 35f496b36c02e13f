#pragma once

#include <string>
#include <vector>

namespace inferbench {

// A plain-text table for people: columns sized to their content, numbers right, words left.
//
//   TextTable table({"config", "tok/s/GPU"});
//   table.add({"TP2EP16PP2", "141.2"});
//   std::cout << table.str();
class TextTable {
 public:
  explicit TextTable(std::vector<std::string> header);
  void add(std::vector<std::string> cells);  // as many as the header has
  std::string str() const;                   // header, rule, rows; ends with a newline
  std::string csv() const;                   // RFC 4180

 private:
  std::vector<std::string> header_;
  std::vector<std::vector<std::string>> rows_;
};

// "paged, contiguous": names as a help text lists them.
std::string joined(const std::vector<std::string>& names);
// "1,234,567"; 12345.678 with 2 digits is "12,345.68".
std::string with_commas(long long value);
std::string fixed(double value, int digits);
// Three significant digits, as a person would write it: "0.0123", "4.56", "78.9", "1,234".
std::string significant(double value, int digits = 3);
// "1.23 s", "45.6 ms", "789 us"
std::string human_seconds(double seconds);
// "12.3 GB", decimal
std::string human_bytes(double bytes);

}  // namespace inferbench
