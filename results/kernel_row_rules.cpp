#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "results/kernel_rows.hpp"

namespace inferbench {
namespace {

using nlohmann::json;

class RowRules {
 public:
  RowRules(const json& row, std::string pointer) : row_(row), pointer_(std::move(pointer)) {}

  std::vector<Violation> check() {
    if (row_["status"] == "timed") {
      check_timed();
    } else {
      check_untimed();
    }
    check_ratios();
    return std::move(found_);
  }

 private:
  void add(const std::string& below, const std::string& problem) {
    found_.push_back({pointer_ + below, problem});
  }

  void check_timed() {
    if (!row_.contains("timing")) return add("", "is timed without a \"timing\"");
    if (row_.contains("check") && row_["check"]["pass"] == false) {
      add("/check/pass", "is false: a kernel that fails its check is not timed");
    }
    const json& timing = row_["timing"];
    const double median = timing["median_ns"];
    if (timing["low_ns"] > median || timing["high_ns"] < median) {
      add("/timing/median_ns", "lies outside its interval");
    }
    check_samples(timing, median);
    check_rate("gflop_per_s", "flops", median);
    if (row_.contains("read_bytes") && row_.contains("written_bytes")) {
      expect_rate("gb_per_s",
                  row_["read_bytes"].get<double>() + row_["written_bytes"].get<double>(), median);
    }
  }

  void check_samples(const json& timing, double median) {
    const std::string own = timing["clock"].get<std::string>() + "_ns";
    const json& samples = timing.contains(own) ? timing[own] : timing["wall_ns"];
    if (samples.empty()) return add("/timing", "has no sample of the clock it names");
    const auto [least, most] = std::minmax_element(samples.begin(), samples.end());
    if (median < least->get<double>() || median > most->get<double>()) {
      add("/timing/median_ns", "lies outside the samples");
    }
  }

  void check_rate(const char* rate, const char* work, double median) {
    if (row_.contains(work)) expect_rate(rate, row_[work].get<double>(), median);
  }

  void expect_rate(const char* rate, double work, double median) {
    if (!row_.contains(rate) || median <= 0) return;
    const double found = row_[rate], expected = work / median;
    if (std::abs(found - expected) > 1e-6 * std::max(found, expected)) {
      add("/" + std::string(rate),
          json(found).dump() + " is not work over the median, " + json(expected).dump());
    }
  }

  void check_untimed() {
    if (!row_.contains("reason")) add("/reason", "is missing: a row that was not timed says why");
    for (const char* key : {"timing", "gflop_per_s", "gb_per_s", "roof"}) {
      if (row_.contains(key)) add("/" + std::string(key), "belongs to rows that were timed");
    }
  }

  // The three numbers of a ratio are there or say why not, and stand in order.
  void check_ratios() {
    for (std::size_t i = 0; i < row_["ratios"].size(); ++i) {
      const json& ratio = row_["ratios"][i];
      const std::string below = "/ratios/" + std::to_string(i) + "/";
      const json absent = ratio.value("absent", json::object());
      for (const char* key : {"speedup", "low", "high"}) {
        if (ratio.contains(key) || absent.contains(key)) continue;
        add(below + key, "is missing, and \"absent\" does not say why");
      }
      const auto above = [&](const char* less, const char* more) {
        return ratio.contains(less) && ratio.contains(more) && ratio[less] > ratio[more];
      };
      if (above("low", "speedup") || above("speedup", "high")) {
        add(below + "speedup", "lies outside its interval");
      }
    }
  }

  const json& row_;
  std::string pointer_;
  std::vector<Violation> found_;
};

}  // namespace

std::vector<Violation> kernel_row_violations(const json& rows) {
  std::vector<Violation> all;
  std::set<std::string> ids;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::string pointer = "/rows/" + std::to_string(i);
    const std::string id = rows[i]["id"];
    if (!ids.insert(id).second) all.push_back({pointer + "/id", "\"" + id + "\" appears twice"});
    for (Violation& violation : RowRules(rows[i], pointer).check()) {
      all.push_back(std::move(violation));
    }
  }
  return all;
}

}  // namespace inferbench
