#pragma once

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <utility>
#include <vector>

// What the Trace Event Format asks of a file, checked without the code that wrote it.
namespace inferbench::testing_support {

class TraceChecker {
 public:
  explicit TraceChecker(const std::string& path) : TraceChecker(read(path)) {}

  // Every problem, one line each; a sound file has none.
  const std::vector<std::string>& problems() const { return problems_; }
  std::size_t count(const std::string& phase) const {
    const auto found = phases_.find(phase);
    return found == phases_.end() ? 0 : found->second;
  }
  std::size_t slices(const std::string& name) const {
    const auto found = slice_names_.find(name);
    return found == slice_names_.end() ? 0 : found->second;
  }
  const nlohmann::json& events() const { return events_; }

 private:
  struct Slice {
    std::int64_t begin, end;
    std::size_t at;
  };
  struct Flow {
    std::int64_t begin = -1, end = -1;
    std::vector<std::int64_t> steps;
  };

  static nlohmann::json read(const std::string& path) {
    std::ifstream in(path);
    return nlohmann::json::parse(in);
  }

  explicit TraceChecker(const nlohmann::json& file) : events_(file.at("traceEvents")) {
    for (std::size_t i = 0; i < events_.size(); ++i) check_event(events_[i], i);
    for (auto& [lane, slices] : lanes_) check_nesting(lane, slices);
    for (const auto& [id, flow] : flows_) check_flow(id, flow);
  }

  void problem(std::size_t event, const std::string& what) {
    problems_.push_back("event " + std::to_string(event) + ": " + what);
  }

  // Microseconds with three decimals are whole nanoseconds.
  static std::int64_t ns(const nlohmann::json& microseconds) {
    return static_cast<std::int64_t>(microseconds.get<double>() * 1000 + 0.5);
  }

  void check_event(const nlohmann::json& event, std::size_t at) {
    for (const char* key : {"ph", "name", "pid", "tid"}) {
      if (!event.contains(key)) return problem(at, std::string("lacks ") + key);
    }
    const std::string phase = event["ph"];
    ++phases_[phase];
    if (phase == "M") {
      if (!event.contains("args") || !event["args"].contains("name")) problem(at, "names nothing");
      return;
    }
    if (!event.contains("ts") || event["ts"] < 0) return problem(at, "has no time");
    const auto lane = std::pair(event["pid"].get<int>(), event["tid"].get<int>());
    const std::int64_t time = ns(event["ts"]);
    if (phase == "X") {
      if (!event.contains("dur") || event["dur"] < 0) return problem(at, "has no duration");
      lanes_[lane].push_back({time, time + ns(event["dur"]), at});
      ++slice_names_[event["name"]];
    } else if (phase == "C") {
      for (const auto& value : event.at("args")) {
        if (!value.is_number() || value < 0) problem(at, "counts below 0");
      }
    } else if (phase == "s" || phase == "t" || phase == "f") {
      check_binding(event, at, lane, time);
    } else {
      problem(at, "has an unknown phase " + phase);
    }
  }

  // A flow's event lies in a slice of its lane that stands before it in the file.
  void check_binding(const nlohmann::json& event, std::size_t at, std::pair<int, int> lane,
                     std::int64_t time) {
    if (!event.contains("id") || !event.contains("cat")) return problem(at, "flows nowhere");
    const auto& slices = lanes_[lane];
    if (std::none_of(slices.begin(), slices.end(), [&](const Slice& slice) {
          return slice.begin <= time && time <= slice.end;
        })) {
      problem(at, "binds to no slice");
    }
    Flow& flow = flows_[event["id"]];
    if (event["ph"] == "s") {
      if (flow.begin >= 0) problem(at, "begins a flow twice");
      flow.begin = time;
    } else if (event["ph"] == "f") {
      if (flow.end >= 0) problem(at, "ends a flow twice");
      if (event.value("bp", "") != "e") problem(at, "binds its end to the slice that follows");
      flow.end = time;
    } else {
      flow.steps.push_back(time);
    }
  }

  void check_nesting(std::pair<int, int> lane, std::vector<Slice>& slices) {
    std::sort(slices.begin(), slices.end(), [](const Slice& a, const Slice& b) {
      return a.begin != b.begin ? a.begin < b.begin : a.end > b.end;
    });
    std::vector<Slice> open;
    for (const Slice& slice : slices) {
      while (!open.empty() && open.back().end <= slice.begin) open.pop_back();
      if (!open.empty() && slice.end > open.back().end) {
        problem(slice.at, "crosses event " + std::to_string(open.back().at) + " in lane " +
                              std::to_string(lane.first) + "/" + std::to_string(lane.second));
      }
      open.push_back(slice);
    }
  }

  void check_flow(std::int64_t id, const Flow& flow) {
    const std::string name = "flow " + std::to_string(id);
    if (flow.begin < 0) problems_.push_back(name + " does not begin");
    if (flow.end < 0) problems_.push_back(name + " does not end");
    for (const std::int64_t step : flow.steps) {
      if (step < flow.begin || step > flow.end) problems_.push_back(name + " leaves its time");
    }
  }

  nlohmann::json events_;
  std::vector<std::string> problems_;
  std::map<std::string, std::size_t> phases_, slice_names_;
  std::map<std::pair<int, int>, std::vector<Slice>> lanes_;
  std::map<std::int64_t, Flow> flows_;
};

}  // namespace inferbench::testing_support
