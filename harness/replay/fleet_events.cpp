#include "harness/replay/fleet_events.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <utility>

#include "harness/base/error.hpp"
#include "workloads/text_values.hpp"

namespace inferbench {
namespace {

using Kind = FleetEvent::Kind;
constexpr std::int64_t kMostReplicas = 1'000'000;

constexpr std::array<std::pair<std::string_view, Kind>, 4> kKinds = {{
    {"fail", Kind::fail},
    {"drain", Kind::drain},
    {"recover", Kind::recover},
    {"scale_up", Kind::scale_up},
}};

// key=value pairs, each asked for once; what nobody asked for is refused.
class Fields {
 public:
  Fields(std::map<std::string, std::string> values, std::string place)
      : values_(std::move(values)), place_(std::move(place)) {}

  bool has(const std::string& key) {
    known_.insert(key);
    return values_.contains(key);
  }
  const std::string& text(const std::string& key) {
    if (!has(key)) throw Error(place_, key + " is missing", "expected " + key + "=VALUE");
    return values_.at(key);
  }
  std::string at(const std::string& key) const { return place_ + ": " + key; }
  std::int64_t count(const std::string& key, std::int64_t least) {
    const std::int64_t value = parse_count(text(key), at(key), least);
    if (value > kMostReplicas) {
      throw Error(at(key), std::to_string(value), "expected at most 1,000,000");
    }
    return value;
  }
  Duration duration(const std::string& key) { return parse_duration(text(key), at(key)); }

  void refuse_unknown() const {
    for (const auto& [key, value] : values_) {
      if (known_.contains(key)) continue;
      throw unknown_name(place_, "key", key, {known_.begin(), known_.end()});
    }
  }

 private:
  std::map<std::string, std::string> values_;
  std::string place_;
  std::set<std::string> known_;
};

// "replica=3" into the map; throws for anything else and for a key given twice.
void add_field(std::map<std::string, std::string>& fields, std::string_view text,
               const std::string& place) {
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos || equals == 0) {
    throw Error(place, "\"" + std::string(text) + "\" is no KEY=VALUE");
  }
  const std::string key(text.substr(0, equals));
  if (!fields.emplace(key, text.substr(equals + 1)).second) {
    throw Error(place, key + " is given twice");
  }
}

FleetEvent make_event(const std::string& name, Fields fields, const std::string& place) {
  const auto kind = std::find_if(kKinds.begin(), kKinds.end(),
                                 [&](const auto& known) { return known.first == name; });
  if (kind == kKinds.end()) {
    std::vector<std::string> names;
    names.reserve(kKinds.size());
    for (const auto& known : kKinds) names.emplace_back(known.first);
    throw unknown_name(place, "event", name, names);
  }
  FleetEvent event;
  event.kind = kind->second;
  event.at = Time(fields.duration("at"));
  if (event.kind == Kind::scale_up) {
    if (fields.has("replicas")) event.replicas = fields.count("replicas", 1);
  } else {
    event.replica = fields.count("replica", 0);
  }
  const bool starts = event.kind == Kind::scale_up || event.kind == Kind::recover;
  if (starts && fields.has("start")) event.start = fields.duration("start");
  if (fields.has("pool")) {
    const std::string& pool = fields.text("pool");
    if (pool != "prefill" && pool != "decode") {
      throw unknown_name(fields.at("pool"), "pool", pool, {"prefill", "decode"});
    }
    event.decode_pool = pool == "decode";
  }
  fields.refuse_unknown();
  return event;
}

std::string value_text(const nlohmann::json& value, const std::string& place) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number()) return value.dump();
  throw Error(place, value.dump() + " is no string and no number");
}

}  // namespace

FleetEvent parse_fleet_event(std::string_view text, const std::string& place) {
  const std::string where = place + " '" + std::string(text) + "'";
  std::istringstream words{std::string(text)};
  std::string name, word;
  words >> name;
  std::map<std::string, std::string> fields;
  while (words >> word) add_field(fields, word, where);
  return make_event(name, Fields(std::move(fields), where), where);
}

std::vector<FleetEvent> read_fleet_events(const std::string& path) {
  std::ifstream in(path);
  if (!in) throw Error(path, "cannot be read");
  const nlohmann::json document = nlohmann::json::parse(in, nullptr, false);
  if (!document.is_array()) {
    throw Error(path, "is no JSON array", "expected [{\"event\": \"fail\", ...}, ...]");
  }
  std::vector<FleetEvent> events;
  for (const nlohmann::json& entry : document) {
    const std::string place = path + ": event " + std::to_string(events.size() + 1);
    const std::string before_key = place + ": ";
    if (!entry.is_object()) throw Error(place, "is no JSON object");
    std::map<std::string, std::string> fields;
    for (const auto& [key, value] : entry.items()) {
      fields.emplace(key, value_text(value, before_key + key));
    }
    const auto name = fields.find("event");
    if (name == fields.end()) throw Error(place, "event is missing");
    const std::string kind = name->second;
    fields.erase(name);
    events.push_back(make_event(kind, Fields(std::move(fields), place), place));
  }
  return events;
}

AutoscalerOptions parse_autoscaler(std::string_view text, const std::string& place) {
  std::map<std::string, std::string> values;
  for (const std::string_view field : split_outside_parentheses(text, ',')) {
    add_field(values, field, place);
  }
  Fields fields(std::move(values), place);
  AutoscalerOptions options;
  if (fields.has("min")) options.least = fields.count("min", 1);
  options.most = fields.count("max", options.least);
  options.up = parse_positive(fields.text("up"), fields.at("up"));
  if (fields.has("down")) options.down = parse_positive(fields.text("down"), fields.at("down"));
  options.interval = fields.duration("interval");
  if (options.interval < Duration(std::chrono::milliseconds(1))) {
    throw Error(fields.at("interval"), "\"" + fields.text("interval") + "\" is too short",
                "at least 1ms", "10s is a common interval");
  }
  options.cool_down = fields.has("cooldown") ? fields.duration("cooldown") : options.interval;
  if (fields.has("start")) options.start = fields.duration("start");
  fields.refuse_unknown();
  if (options.down >= options.up) {
    throw Error(place, "down is not below up", "a queue cannot be too long and too short at once");
  }
  return options;
}

void check_events(std::span<const FleetEvent> events, std::size_t replicas, std::size_t decode) {
  for (const FleetEvent& event : events) {
    if (event.decode_pool && decode == 0) {
      throw Error("--event", "pool=decode", "there is no decode pool",
                  "--prefill-parallel and --decode-parallel make one");
    }
    const std::size_t there = event.decode_pool ? decode : replicas;
    if (event.kind == Kind::scale_up || static_cast<std::size_t>(event.replica) < there) continue;
    throw Error("--event", "replica=" + std::to_string(event.replica),
                "there are replicas 0 to " + std::to_string(there - 1),
                "those that a scale-up may start included");
  }
}

}  // namespace inferbench
