#include "harness/metrics/itl.hpp"

#include "harness/metrics/durations.hpp"

namespace inferbench {

void append_gaps(const RequestRecord& record, std::vector<double>& gaps) {
  const std::vector<Time> times = record.token_times.to_vector();
  std::size_t begin = 0;  // of the chunk before
  while (begin < times.size()) {
    std::size_t end = begin;
    while (end < times.size() && times[end] == times[begin]) ++end;
    const double gap = begin == 0 ? 0 : milliseconds(times[begin] - times[begin - 1]);
    const std::size_t samples = begin == 0 ? end - 1 : end - begin;
    const double share = gap / static_cast<double>(end - begin);
    gaps.insert(gaps.end(), samples, share);
    begin = end;
  }
}

}  // namespace inferbench
