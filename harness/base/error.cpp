#include "harness/base/error.hpp"

#include <algorithm>
#include <cctype>
#include <numeric>

namespace inferbench {
namespace {

std::string compose(const std::string& place, const std::string& problem, const std::string& rule,
                    const std::string& way_out) {
  std::string text = place.empty() ? problem : place + ": " + problem;
  if (!rule.empty()) text += "; " + rule;
  if (!way_out.empty()) text += "\n       " + way_out;
  return text;
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substitute = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, substitute});
    }
  }
  return row[b.size()];
}

}  // namespace

Error::Error(std::string place, std::string problem, std::string rule, std::string way_out)
    : std::runtime_error(compose(place, problem, rule, way_out)),
      place_(std::move(place)),
      problem_(std::move(problem)),
      rule_(std::move(rule)),
      way_out_(std::move(way_out)) {}

std::vector<std::string> nearest_names(std::string_view name, const std::vector<std::string>& known,
                                       std::size_t limit) {
  const std::string wanted = lower(name);
  std::vector<std::pair<std::size_t, std::string>> ranked;
  for (const std::string& candidate : known) {
    const std::string have = lower(candidate);
    // A name that contains what was typed is nearer than any misspelling.
    const bool contains = !wanted.empty() && have.find(wanted) != std::string::npos;
    const std::size_t distance = contains ? 0 : edit_distance(wanted, have);
    if (distance <= std::max<std::size_t>(2, wanted.size() / 2)) {
      ranked.emplace_back(distance, candidate);
    }
  }
  std::stable_sort(ranked.begin(), ranked.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<std::string> names;
  for (auto& [distance, candidate] : ranked) {
    if (names.size() == limit) break;
    names.push_back(std::move(candidate));
  }
  return names;
}

Error unknown_name(std::string place, std::string_view kind, std::string_view name,
                   const std::vector<std::string>& known, std::string_view list_command) {
  std::string rule;
  const auto near = nearest_names(name, known);
  if (!near.empty()) {
    rule = "did you mean ";
    for (std::size_t i = 0; i < near.size(); ++i) {
      rule += (i == 0 ? "" : i + 1 == near.size() ? " or " : ", ") + near[i];
    }
    rule += "?";
  } else if (known.size() <= 12) {
    rule = "known: ";
    for (std::size_t i = 0; i < known.size(); ++i) rule += (i == 0 ? "" : ", ") + known[i];
  }
  std::string way_out;
  if (!list_command.empty()) way_out = "`" + std::string(list_command) + "` shows all";
  return Error(std::move(place), "unknown " + std::string(kind) + " \"" + std::string(name) + "\"",
               rule, way_out);
}

}  // namespace inferbench
