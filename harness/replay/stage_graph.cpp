#include "harness/replay/stage_graph.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>

#include "harness/base/error.hpp"
#include "harness/catalog/json_object.hpp"
#include "workloads/text_values.hpp"

namespace inferbench {
namespace {

constexpr const char* kStagesPage = "docs/fleet.md";

struct Listed {
  Stage stage;
  std::vector<std::string> after;
};

// "lognormal(20ms,0.5)" without the name and the parentheses; nullopt: another name.
std::optional<std::string_view> arguments(std::string_view text, std::string_view name) {
  if (!text.starts_with(name) || !text.ends_with(')')) return std::nullopt;
  text.remove_prefix(name.size());
  if (!text.starts_with('(')) return std::nullopt;
  return text.substr(1, text.size() - 2);
}

StageLatency parse_latency(std::string_view text, const std::string& place) {
  if (const auto mean = arguments(text, "exponential")) {
    return {.kind = StageLatency::Kind::exponential, .mean = parse_duration(*mean, place)};
  }
  if (const auto both = arguments(text, "lognormal")) {
    const auto parts = split_outside_parentheses(*both, ',');
    if (parts.size() != 2) throw Error(place, "expected lognormal(MEDIAN,SIGMA)");
    return {.kind = StageLatency::Kind::lognormal,
            .mean = parse_duration(parts[0], place),
            .sigma = parse_positive(parts[1], place)};
  }
  return {.mean = parse_duration(text, place)};
}

Listed read_stage(const nlohmann::json& row, const std::string& place) {
  const JsonObject entry(row, place, kStagesPage);
  Listed listed;
  Stage& stage = listed.stage;
  stage.name = entry.text("name");
  stage.model = stage.name == "model";
  listed.after = entry.texts("after");
  if (stage.model) {
    if (entry.has("latency") || entry.has("concurrency")) {
      entry.refuse("name", "is the model", "its latency and concurrency are the deployment's");
    }
  } else {
    stage.latency = parse_latency(entry.text("latency"), place + ": latency of " + stage.name);
    stage.concurrency = entry.integer("concurrency", 0);
    if (stage.concurrency < 0) entry.refuse("concurrency", "is negative", "0 means no limit");
  }
  entry.refuse_unknown();
  return listed;
}

std::size_t index_of(const std::vector<Listed>& listed, const std::string& name,
                     const std::string& place) {
  for (std::size_t i = 0; i < listed.size(); ++i) {
    if (listed[i].stage.name == name) return i;
  }
  std::vector<std::string> names;
  names.reserve(listed.size());
  for (const Listed& stage : listed) names.push_back(stage.stage.name);
  throw unknown_name(place, "stage", name, names);
}

void refuse_twice(const std::vector<Listed>& listed, const std::string& place) {
  for (std::size_t i = 0; i < listed.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (listed[i].stage.name == listed[j].stage.name) {
        throw Error(place, "stage " + listed[i].stage.name + " stands there twice");
      }
    }
  }
}

}  // namespace

Duration StageLatency::sample(RandomStream random) const {
  const auto median = static_cast<double>(mean.count());
  switch (kind) {
    case Kind::exponential:
      return Duration(std::llround(random.exponential(median)));
    case Kind::lognormal:
      return Duration(std::llround(median * random.lognormal(0, sigma)));
    case Kind::fixed:
      break;
  }
  return mean;
}

Duration StageGraph::critical_path() const {
  std::vector<Duration> ends;
  Duration longest{};
  for (const Stage& stage : stages) {
    Duration start{};
    for (const std::size_t before : stage.after) start = std::max(start, ends[before]);
    // The mean of a lognormal distribution is exp(sigma^2 / 2) times its median.
    const double mean = static_cast<double>(stage.latency.mean.count()) *
                        std::exp(stage.latency.sigma * stage.latency.sigma / 2);
    ends.push_back(start + Duration(std::llround(mean)));
    longest = std::max(longest, ends.back());
  }
  return longest;
}

StageGraph parse_stage_graph(const nlohmann::json& json, const std::string& place) {
  const JsonObject document(json, place, kStagesPage);
  std::vector<Listed> listed;
  for (const nlohmann::json& row : document.array("stages")) {
    listed.push_back(read_stage(row, place + ": stage " + std::to_string(listed.size() + 1)));
  }
  document.refuse_unknown();
  refuse_twice(listed, place);
  std::vector<std::vector<std::size_t>> after(listed.size());
  for (std::size_t i = 0; i < listed.size(); ++i) {
    for (const std::string& name : listed[i].after) {
      after[i].push_back(index_of(listed, name, place + ": after of " + listed[i].stage.name));
    }
  }
  // Stage by stage, the first in the file whose needs are met; what never is lies on or behind a
  // cycle.
  StageGraph graph;
  std::vector<std::size_t> place_of(listed.size(), listed.size());
  while (graph.stages.size() < listed.size()) {
    std::size_t next = 0;
    const auto ready = [&](std::size_t i) {
      return place_of[i] == listed.size() &&
             std::all_of(after[i].begin(), after[i].end(),
                         [&](std::size_t before) { return place_of[before] < listed.size(); });
    };
    while (next < listed.size() && !ready(next)) ++next;
    if (next == listed.size()) {
      std::string names;
      for (std::size_t i = 0; i < listed.size(); ++i) {
        if (place_of[i] == listed.size())
          names += (names.empty() ? "" : ", ") + listed[i].stage.name;
      }
      throw Error(place, "stages wait for each other: " + names, "a pipeline has no cycle",
                  "remove one of their \"after\"");
    }
    place_of[next] = graph.stages.size();
    Stage stage = listed[next].stage;
    for (const std::size_t before : after[next]) stage.after.push_back(place_of[before]);
    if (stage.model) graph.model = graph.stages.size();
    graph.stages.push_back(std::move(stage));
  }
  if (graph.stages.empty() || !graph.stages[graph.model].model) {
    throw Error(place, "has no stage \"model\"", "one stage is the language model",
                R"(add {"name": "model", "after": [...]})");
  }
  return graph;
}

StageGraph read_stage_graph(const std::string& path) {
  std::ifstream in(path);
  if (!in) throw Error(path, "cannot be read");
  const std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  return parse_stage_graph(parse_json(text, path), path);
}

}  // namespace inferbench
