#include "results/exporters/openmetrics_text.hpp"

#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <sstream>

#include "harness/base/error.hpp"

namespace inferbench {
namespace {

std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '\n') {
      out += "\\n";
      continue;
    }
    if (c == '\\' || c == '"') out += '\\';
    out += c;
  }
  return out;
}

std::string number_text(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  std::array<char, 32> text{};
  const auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), value);
  ensure(error == std::errc(), "32 characters hold any double");
  return {text.data(), end};
}

std::string labels_text(const MetricLabels& labels) {
  std::string text;
  for (const auto& [name, value] : labels) {
    if (value.empty()) continue;
    text += text.empty() ? "{" : ",";
    text += name;
    text.append("=\"").append(escaped(value)).append("\"");
  }
  return text.empty() ? "" : text + "}";
}

std::string words(const std::string& text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0) {
      out += static_cast<char>(std::tolower(byte));
    } else if (!out.empty() && out.back() != '_') {
      out += '_';
    }
  }
  return out;
}

}  // namespace

BaseUnit base_unit(const std::string& unit) {
  static const std::map<std::string, BaseUnit> known = {{"ns", {"seconds", 1e-9}},
                                                        {"us", {"seconds", 1e-6}},
                                                        {"ms", {"seconds", 1e-3}},
                                                        {"s", {"seconds", 1}},
                                                        {"%", {"ratio", 1e-2}},
                                                        {"", {"", 1}},
                                                        {"1", {"", 1}}};
  const auto found = known.find(unit);
  if (found != known.end()) return found->second;
  std::string name;
  std::istringstream parts(unit);
  for (std::string part; std::getline(parts, part, '/');) {
    if (!name.empty()) name += "_per_";
    name += part == "s" ? "second" : words(part);
  }
  return {name, 1};
}

std::string metric_name(const std::string& id, const std::string& unit) {
  const std::string name = "inferbench_" + words(id);
  return unit.empty() || name.ends_with("_" + unit) ? name : name + "_" + unit;
}

OpenMetricsText::Family& OpenMetricsText::at(const std::string& name) {
  const auto found = index_.find(name);
  ensure(found != index_.end(), "a sample follows its family");
  return families_[found->second];
}

void OpenMetricsText::family(const std::string& name, const std::string& type,
                             const std::string& unit, const std::string& help) {
  if (!index_.emplace(name, families_.size()).second) return;
  std::string head = "# TYPE " + name + " " + type + "\n";
  if (!unit.empty()) head += "# UNIT " + name + " " + unit + "\n";
  head += "# HELP " + name + " " + escaped(help) + "\n";
  families_.push_back({name, std::move(head), ""});
}

void OpenMetricsText::add(const std::string& family, const std::string& suffix,
                          const MetricLabels& labels, double value) {
  Family& into = at(family);
  into.samples += family + suffix + labels_text(labels) + " " + number_text(value) + "\n";
}

std::string OpenMetricsText::str() const {
  std::string text;
  for (const Family& family : families_) {
    if (!family.samples.empty()) text += family.head + family.samples;
  }
  return text + "# EOF\n";
}

}  // namespace inferbench
