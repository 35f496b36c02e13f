#pragma once

#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace inferbench {

// A number that could have come out but did not: no configuration qualifies, say.
struct AbsentNumber {
  std::string reason;
};

using NumberValue = std::variant<std::vector<double>, std::string, AbsentNumber>;

// What a measure returns: numbers by name, in the order they were worked out. A name carries its
// unit ("read_ms"); a series holds several values, a text holds a label such as "TP2EP16PP2".
class Numbers {
 public:
  void set(const std::string& name, double value);
  void set(const std::string& name, std::vector<double> series);
  void set(const std::string& name, std::string text);
  void absent(const std::string& name, std::string reason);

  const NumberValue* find(const std::string& name) const;  // nullptr: no such name
  std::vector<std::string> names() const;
  const std::vector<std::pair<std::string, NumberValue>>& all() const { return all_; }

 private:
  void put(const std::string& name, NumberValue value);

  std::vector<std::pair<std::string, NumberValue>> all_;
};

// "28.03", "23.8, 39.3", "TP64", "absent (no point fits)"; `digits` significant digits.
std::string shown(const NumberValue& value, int digits = 4);

}  // namespace inferbench
