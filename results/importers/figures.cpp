#include "results/importers/figures.hpp"

#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "harness/base/error.hpp"
#include "results/json_numbers.hpp"

namespace inferbench {
namespace {

using Json = nlohmann::ordered_json;

const std::set<std::string>& times() {
  static const std::set<std::string> units = {"ns", "us", "ms", "s", "sec", "seconds"};
  return units;
}

}  // namespace

std::optional<double> number_in(const Json& value) {
  double number = 0;
  if (value.is_number()) {
    number = value.get<double>();
  } else if (value.is_string()) {
    const auto& text = value.get_ref<const std::string&>();
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  } else {
    return std::nullopt;
  }
  return std::isfinite(number) ? std::optional(number) : std::nullopt;
}

std::optional<Better> better_of_unit(const std::string& unit) {
  if (times().contains(unit)) return Better::lower;
  const std::size_t per = unit.find('/');
  if (per == std::string::npos) return std::nullopt;
  const std::string below = unit.substr(per + 1);
  if (times().contains(below.substr(0, below.find('/')))) return Better::higher;
  return unit.starts_with("J/") ? std::optional(Better::lower) : std::nullopt;
}

std::string unit_of_key(const std::string& key) {
  static constexpr const char* kUnits[] = {"tokens/s/GPU", "tokens/s", "requests/s", "operations/s",
                                           "GFLOP/s",      "GB/s",     "ns",         "us",
                                           "ms",           "s"};
  for (const char* unit : kUnits) {
    const std::string suffix = key_with_unit("", unit);
    if (key == suffix.substr(1) || key.ends_with(suffix)) return unit;
  }
  return "";
}

std::string member_text(const Json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || found->is_null()) return "";
  if (found->is_string()) return found->get<std::string>();
  Json value = *found;
  write_whole_numbers_as_integers(value);
  return value.dump();
}

void note_members(const Json& object, const std::vector<const char*>& keys,
                  const std::string& prefix, std::map<std::string, std::string>& into) {
  if (!object.is_object()) return;
  for (const char* key : keys) {
    const std::string text = member_text(object, key);
    if (!text.empty()) into[prefix + key] = text;
  }
}

void add_figure(StoredRun& run, const std::string& name, const std::string& unit, Better better,
                std::optional<double> value, const std::string& absent_because) {
  if (run.metrics.contains(name) || run.absent.contains(name)) {
    throw Error(run.place, "\"" + name + "\" appears twice", "each series once",
                "compare one run of each series");
  }
  if (value) {
    run.metrics[name] = {.unit = unit, .better = better, .value = *value};
  } else {
    run.absent[name] = absent_because;
  }
}

}  // namespace inferbench
