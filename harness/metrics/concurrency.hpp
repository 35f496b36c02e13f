#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "harness/replay/request_record.hpp"

namespace inferbench {

// How many requests were open over time, by an exact sweep over their due and ending times.
// Rejected requests were never served and do not count.
class Concurrency {
 public:
  explicit Concurrency(std::span<const RequestRecord> records);

  std::int64_t peak() const { return peak_; }
  // Time-weighted mean over [begin, end); 0 when the stretch is empty.
  double mean(Time begin, Time end) const;
  // Time with at least one open request.
  Duration active() const { return active_; }

 private:
  struct Level {
    Time from{};
    std::int64_t open = 0;
    double request_ns = 0;  // integral of `open` up to `from`
  };

  double request_ns_until(Time time) const;

  std::vector<Level> levels_;  // ascending; each holds until the next
  std::int64_t peak_ = 0;
  Duration active_{};
};

}  // namespace inferbench
