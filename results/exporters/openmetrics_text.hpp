#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace inferbench {

using MetricLabels = std::vector<std::pair<std::string, std::string>>;  // in the order written

// A unit of ours in OpenMetrics' terms: what a name ends with and what values are multiplied by.
// "ms" is {"seconds", 1e-3}, "tokens/s/GPU" {"tokens_per_second_per_gpu", 1}, "%" {"ratio", 0.01};
// a unit of its own otherwise, none for "" and "1".
struct BaseUnit {
  std::string name;
  double factor = 1;
};
BaseUnit base_unit(const std::string& unit);

// "ttft" in "seconds" is "inferbench_ttft_seconds"; an id that ends with its unit is left alone.
std::string metric_name(const std::string& id, const std::string& unit);

// Text of OpenMetrics 1.0.0, family after family in the order in which they were first named.
class OpenMetricsText {
 public:
  // `type`: "gauge" or "summary". A family that exists keeps its type and help.
  void family(const std::string& name, const std::string& type, const std::string& unit,
              const std::string& help);
  // A sample of that family, `suffix` ("_sum") behind its name. Labels without value are left out.
  void add(const std::string& family, const std::string& suffix, const MetricLabels& labels,
           double value);
  std::string str() const;  // with "# EOF"

 private:
  struct Family {
    std::string name, head, samples;
  };
  Family& at(const std::string& name);

  std::vector<Family> families_;
  std::map<std::string, std::size_t> index_;
};

}  // namespace inferbench
