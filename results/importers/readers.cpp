#include "results/importers/readers.hpp"

namespace inferbench {

const std::vector<FileReader>& file_readers() {
  static const std::vector<FileReader> readers = {
      kGoogleBenchmarkReader, kNvbenchReader,      kVllmReader,    kAiperfReader,
      kInferencexReader,      kGithubActionReader, kBencherReader, kOpenMetricsReader};
  return readers;
}

}  // namespace inferbench
