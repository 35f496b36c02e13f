#include "harness/claims/rows.hpp"

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>

#include "harness/base/embedded_file.hpp"
#include "harness/base/error.hpp"
#include "harness/catalog/json_object.hpp"

namespace inferbench {

const std::vector<EmbeddedFile>& scenario_files();  // generated

namespace {

constexpr std::string_view kExpected = "expected_labels";

std::string stem(std::string_view path) {
  const std::size_t slash = path.find_last_of('/');
  if (slash != std::string_view::npos) path.remove_prefix(slash + 1);
  if (path.ends_with(".json")) path.remove_suffix(5);
  return std::string(path);
}

std::size_t row_index(const std::string& row) {
  const auto& rows = claim_rows();
  const auto found = std::find(rows.begin(), rows.end(), row);
  if (found == rows.end()) {
    throw Error("tests/scenarios/" + row + ".json", "row \"" + row + "\" is not in the table",
                "rows are A1..A23, B1..B18, C1..C9, D1..D20");
  }
  return static_cast<std::size_t>(found - rows.begin());
}

std::string upper_row(const std::string& name) {
  std::string text = name;
  if (!text.empty()) {
    text[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[0])));
  }
  return text;
}

std::vector<Scenario> read_all() {
  std::vector<Scenario> all;
  for (const EmbeddedFile& file : scenario_files()) {
    const std::string name = stem(file.name);
    if (name != kExpected) all.push_back(read_scenario(name, std::string(file.text)));
  }
  std::sort(all.begin(), all.end(), [](const Scenario& a, const Scenario& b) {
    const std::size_t row_a = row_index(a.row), row_b = row_index(b.row);
    return row_a != row_b ? row_a < row_b : a.name < b.name;
  });
  return all;
}

}  // namespace

const std::vector<std::string>& claim_rows() {
  static const std::vector<std::string> rows = [] {
    std::vector<std::string> names;
    for (const auto& [letter, count] : {std::pair{'A', 23}, {'B', 18}, {'C', 9}, {'D', 20}}) {
      for (int i = 1; i <= count; ++i) names.push_back(letter + std::to_string(i));
    }
    return names;
  }();
  return rows;
}

const std::vector<Scenario>& scenarios() {
  static const std::vector<Scenario> all = read_all();
  return all;
}

std::vector<Scenario> select_scenarios(const std::vector<std::string>& names) {
  if (names.empty()) return scenarios();
  std::vector<Scenario> chosen;
  for (const std::string& given : names) {
    const std::string wanted = upper_row(given);
    std::vector<std::string> known;
    const std::size_t before = chosen.size();
    for (const Scenario& scenario : scenarios()) {
      if (scenario.name == wanted || scenario.row == wanted) chosen.push_back(scenario);
      known.push_back(scenario.name);
    }
    if (chosen.size() == before) {
      throw unknown_name("--id", "claim", given, known, "inferbench claims");
    }
  }
  return chosen;
}

const std::map<std::string, std::string>& expected_labels() {
  static const std::map<std::string, std::string> labels = [] {
    for (const EmbeddedFile& file : scenario_files()) {
      if (stem(file.name) != kExpected) continue;
      const auto json = parse_json(std::string(file.text), "tests/scenarios/expected_labels.json");
      return json.get<std::map<std::string, std::string>>();
    }
    return std::map<std::string, std::string>{};
  }();
  return labels;
}

}  // namespace inferbench
