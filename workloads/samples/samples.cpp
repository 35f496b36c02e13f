#include "workloads/samples/samples.hpp"

#include "harness/base/embedded_file.hpp"
#include "harness/base/error.hpp"

namespace inferbench {

const std::vector<EmbeddedFile>& embedded_workload_samples();

namespace {

struct Title {
  std::string_view name, title;
};

constexpr Title kTitles[] = {
    {"chat-burst",
     "400 chat requests at 2.9/s in bursts (CV 2.5), lengths like Azure's chat trace"},
    {"long-context",
     "300 requests at 1/s over 24 documents of 4k to 65k tokens, 77 % shared prefix"},
};

std::string title_of(std::string_view name) {
  for (const Title& entry : kTitles) {
    if (entry.name == name) return std::string(entry.title);
  }
  return "bundled sample";
}

}  // namespace

const std::vector<WorkloadSample>& workload_samples() {
  static const std::vector<WorkloadSample> list = [] {
    std::vector<WorkloadSample> samples;
    for (const EmbeddedFile& file : embedded_workload_samples()) {
      const std::string_view name = file.name.substr(0, file.name.find('.'));
      samples.push_back({std::string(name), title_of(name), file.text});
    }
    return samples;
  }();
  return list;
}

const WorkloadSample& find_sample(std::string_view name) {
  std::vector<std::string> known;
  for (const WorkloadSample& sample : workload_samples()) {
    if (sample.name == name) return sample;
    known.push_back(sample.name);
  }
  throw unknown_name("--workload", "sample", name, known, "inferbench list workloads");
}

}  // namespace inferbench
