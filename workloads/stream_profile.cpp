#include "workloads/stream_profile.hpp"

#include <algorithm>
#include <map>

namespace inferbench {
namespace {

// Quantised clocks show few different gaps. Beyond this many they are not quantised.
constexpr std::size_t kMostGaps = 4096;

// Distances between neighbouring timestamps and how often each occurs.
class Gaps {
 public:
  void add(Duration gap) {
    if (overflow_) return;
    ++counts_[gap];
    ++total_;
    if (counts_.size() > kMostGaps) {
      overflow_ = true;
      counts_.clear();
    }
  }

  Duration median() const {
    std::uint64_t below = 0;
    for (const auto& [gap, count] : counts_) {
      below += count;
      if (2 * below >= total_) return gap;
    }
    return Duration(0);
  }

 private:
  std::map<Duration, std::uint64_t> counts_;
  std::uint64_t total_ = 0;
  bool overflow_ = false;
};

}  // namespace

double StreamProfile::rate() const {
  const double span = seconds(last - first).count();
  return span > 0 ? static_cast<double>(requests - 1) / span : 0;
}

StreamProfile profile(RequestStream& stream, Tokens output_cap) {
  StreamProfile result;
  Gaps gaps;
  Request request;
  std::uint32_t newest_session = 0;
  while (stream.next(request)) {
    if (result.requests == 0) {
      result.first = request.arrival;
      result.timestamps = 1;
    } else {
      if (request.arrival != result.last) {
        gaps.add(request.arrival - result.last);
        ++result.timestamps;
      }
      // Sessions are numbered by the row they first appear in, so a later one that is not new
      // belongs to a conversation. (Jitter and sorting come after or keep the numbers.)
      if (request.session.value <= newest_session) result.conversations = true;
    }
    newest_session = std::max(newest_session, request.session.value);
    result.last = request.arrival;
    result.longest_output = std::max(result.longest_output, request.output);
    if (output_cap.count() > 0 && request.output > output_cap) ++result.cut_outputs;
    ++result.requests;
  }
  if (result.timestamps >= 3 && result.requests >= 2 * result.timestamps) {
    result.quantum = gaps.median();
  }
  return result;
}

}  // namespace inferbench
