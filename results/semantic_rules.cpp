#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "results/json_numbers.hpp"
#include "results/kernel_rows.hpp"
#include "results/run_result.hpp"
#include "results/validate.hpp"

namespace inferbench {
namespace {

using nlohmann::json;

class Rules {
 public:
  explicit Rules(const json& document) : document_(document) {}

  std::vector<Violation> check() {
    check_kind();
    check_validity();
    check_method();
    check_provenance();
    if (document_.contains("summary")) check_summary(document_["summary"]);
    if (document_.contains("rows")) {
      for (Violation& violation : kernel_row_violations(document_["rows"])) {
        found_.push_back(std::move(violation));
      }
    }
    return std::move(found_);
  }

 private:
  void add(const std::string& pointer, const std::string& problem) {
    found_.push_back({pointer, problem});
  }

  // Integers above 2^53 are strings; a string that is no integer counts as wrong here.
  std::uint64_t count(const json& value, const std::string& pointer) {
    try {
      return read_unsigned(value);
    } catch (const std::invalid_argument& error) {
      add(pointer, error.what());
      return 0;
    }
  }

  void check_kind() {
    const std::string kind = document_["kind"];
    if (kind == "replay" && !document_.contains("summary")) add("", "a replay has a \"summary\"");
    if (kind == "kernels" && !document_.contains("rows")) add("", "kernels have \"rows\"");
    if (kind == "sweep" && !document_.contains("points")) add("", "a sweep has \"points\"");
  }

  void check_validity() {
    const json& validity = document_["validity"];
    bool invalidated = false;
    for (const json& reason : validity["reasons"]) invalidated |= reason["invalidates"].get<bool>();
    if (validity["valid"] == invalidated) {
      add("/validity/valid", invalidated ? "is true although a reason invalidates the run"
                                         : "is false although no reason invalidates the run");
    }
  }

  void check_method() {
    if (document_["method"] != name(Method::modelled)) return;
    if (document_["not_measured"].empty()) {
      add("/not_measured", "a modelled result names what was not measured");
    }
    for (const char* part : {"configuration", "summary", "points", "findings"}) {
      if (document_.contains(part)) find_measured_claims(document_[part], "/" + std::string(part));
    }
  }

  void find_measured_claims(const json& value, const std::string& pointer) {
    if (!value.is_structured()) return;
    for (const auto& [key, member] : value.items()) {
      const std::string here = (json::json_pointer(pointer) / key).to_string();
      const bool claims = member.is_string() && key == "method" &&
                          member.get_ref<const std::string&>().starts_with("measured");
      if (claims || (value.is_object() && key.starts_with("measured_"))) {
        add(here, "a modelled result cannot hold measured numbers");
      }
      find_measured_claims(member, here);
    }
  }

  void check_provenance() {
    const json& provenance = document_["provenance"];
    const std::string started = provenance["started_utc"], finished = provenance["finished_utc"];
    // RFC 3339 in UTC with equal precision sorts as text.
    if (finished < started) {
      add("/provenance/finished_utc", finished + " is before the start, " + started);
    }
  }

  void check_summary(const json& summary) {
    check_outcomes(summary["outcomes"]);
    for (const auto& [key, metric] : summary["distributions"].items()) {
      check_distribution(metric, "/summary/distributions/" + key);
    }
    for (const auto& [key, metric] : summary["scalars"].items()) {
      check_scalar(metric, "/summary/scalars/" + key);
    }
    check_windows(summary);
    check_slo(summary["slo"]);
    if (summary.contains("latency_parts")) check_latency_parts(summary["latency_parts"]);
  }

  // Sums of doubles: equal to some nanoseconds.
  void check_latency_parts(const json& latencies) {
    for (std::size_t i = 0; i < latencies.size(); ++i) {
      const std::string pointer = "/summary/latency_parts/" + std::to_string(i);
      const double mean = latencies[i]["mean_ms"];
      double sum = 0;
      for (const json& part : latencies[i]["parts_ms"]) sum += part.get<double>();
      if (std::abs(sum - mean) > 1e-9 * mean + 1e-6) {
        add(pointer + "/parts_ms", "parts add up to " + std::to_string(sum) + " ms, the mean is " +
                                       std::to_string(mean) + " ms");
      }
      if (latencies[i]["prefill_ms"].get<double>() > sum + 1e-6) {
        add(pointer + "/prefill_ms", "is more than the parts it is within");
      }
    }
  }

  void check_outcomes(const json& outcomes) {
    const std::string pointer = "/summary/outcomes";
    std::uint64_t sum = 0;
    for (const char* part : {"completed", "rejected", "cancelled", "failed", "unfinished"}) {
      if (outcomes.contains(part)) sum += count(outcomes[part], pointer + "/" + part);
    }
    const std::uint64_t requests = count(outcomes["requests"], pointer + "/requests");
    if (sum != requests) {
      add(pointer,
          "completed + rejected + cancelled + failed + unfinished = " + std::to_string(sum) +
              " differs from requests = " + std::to_string(requests));
    }
    if (!document_.contains("records")) return;
    const std::uint64_t records = count(document_["records"]["requests"], "/records/requests");
    if (records != requests) {
      add("/records/requests",
          std::to_string(records) + " records for " + std::to_string(requests) + " requests");
    }
  }

  void check_distribution(const json& metric, const std::string& pointer) {
    const std::uint64_t samples = count(metric["count"], pointer + "/count");
    if (samples == 0 && metric.contains("mean")) add(pointer + "/mean", "has a value of 0 samples");
    if (metric.contains("stddev") && metric["stddev"] < 0.0) {
      add(pointer + "/stddev", "is negative");
    }
    check_order(metric, pointer);
    check_mean(metric, pointer);
  }

  // min <= percentiles, in their order, <= max
  void check_order(const json& metric, const std::string& pointer) {
    std::vector<std::pair<double, std::pair<std::string, double>>> steps;
    if (metric.contains("min")) steps.push_back({-1, {"/min", metric["min"].get<double>()}});
    for (const auto& [key, value] : metric["percentiles"].items()) {
      if (key == "absent") continue;
      const double percentile = json::parse(key.substr(1)).get<double>();
      steps.push_back({percentile, {"/percentiles/" + key, value.get<double>()}});
    }
    if (metric.contains("max")) steps.push_back({101, {"/max", metric["max"].get<double>()}});
    std::sort(steps.begin(), steps.end());
    for (std::size_t i = 1; i < steps.size(); ++i) {
      const auto& [below, at] = std::pair(steps[i - 1].second, steps[i].second);
      if (at.second < below.second) {
        add(pointer + at.first, json(at.second).dump() + " is less than " + below.first.substr(1) +
                                    " = " + json(below.second).dump());
      }
    }
  }

  void check_mean(const json& metric, const std::string& pointer) {
    if (!metric.contains("mean") || !metric.contains("min") || !metric.contains("max")) return;
    const double mean = metric["mean"], low = metric["min"], high = metric["max"];
    // A mean of equal samples may miss them by a rounding error.
    const double slack = 1e-9 * std::max(std::abs(low), std::abs(high));
    if (mean < low - slack || mean > high + slack) {
      add(pointer + "/mean", json(mean).dump() + " lies outside [min, max]");
    }
  }

  void check_scalar(const json& metric, const std::string& pointer) {
    const bool absent = metric.contains("absent") && metric["absent"].contains("value");
    if (metric.contains("value") == absent) {
      add(pointer, absent ? "has both a value and a reason for its absence"
                          : "has neither a value nor a reason for its absence");
    }
  }

  void check_windows(const json& summary) {
    bool any_found = false, headline_found = false;
    std::size_t index = 0;
    for (const json& window : summary["windows"]) {
      const std::string pointer = "/summary/windows/" + std::to_string(index++);
      const bool found = window["found"];
      any_found |= found;
      headline_found |= found && window["name"] == summary["headline_window"];
      check_window(window, pointer, found);
      check_rates(window["rates"], pointer + "/rates/", found);
    }
    // A run in which nothing happened has no window at all.
    if (any_found && !headline_found) {
      add("/summary/headline_window", "names no window that was found");
    }
  }

  void check_rates(const json& rates, const std::string& below, bool found) {
    for (const auto& [key, metric] : rates.items()) {
      check_scalar(metric, below + key);
      if (!found && metric.contains("value")) {
        add(below + key, "has a value in a window that was not found");
      }
    }
  }

  void check_window(const json& window, const std::string& pointer, bool found) {
    if (found != (window.contains("begin_ns") && window.contains("end_ns"))) {
      add(pointer, "has \"begin_ns\" and \"end_ns\" exactly when it was found");
      return;
    }
    if (!found) return;
    try {
      if (read_signed(window["end_ns"]) < read_signed(window["begin_ns"])) {
        add(pointer + "/end_ns", "is before begin_ns");
      }
    } catch (const std::invalid_argument& error) {
      add(pointer, error.what());
    }
  }

  void check_slo(const json& slos) {
    for (std::size_t i = 0; i < slos.size(); ++i) {
      if (slos[i]["met"] == true && !slos[i].contains("attained")) {
        add("/summary/slo/" + std::to_string(i) + "/met", "is true without an attained value");
      }
    }
  }

  const json& document_;
  std::vector<Violation> found_;
};

}  // namespace

std::vector<Violation> semantic_violations(const json& document) {
  return Rules(document).check();
}

}  // namespace inferbench
