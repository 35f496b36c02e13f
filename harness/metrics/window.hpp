#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "harness/metrics/concurrency.hpp"
#include "harness/replay/request_record.hpp"

namespace inferbench {

// A stretch of the run, closed at both ends; `duration` is what rates divide by, which is less than
// end - begin where idle time does not count.
struct Stretch {
  Time begin{}, end{};
  Duration duration{};

  bool contains(Time time) const { return begin <= time && time <= end; }
};

inline constexpr std::string_view kFullWindow =
    "from the first request due to the last one ended; ramp-up and drain included";
inline constexpr std::string_view kActiveWindow = "the full window less the time without requests";
inline constexpr std::string_view kSteadyWindow =
    "longest stretch with concurrency >= 0.9 x target, averaged over 1 % of the run; the target is "
    "the closed loop's users, else the run's median; found when it has 20 % of the run and 10 "
    "completions";

// Rejected requests were never served and do not stretch the run, unless there is nothing else.
Stretch full_window(std::span<const RequestRecord> records);
Stretch active_window(const Stretch& full, const Concurrency& concurrency);
std::optional<Stretch> steady_window(std::span<const RequestRecord> records, const Stretch& full,
                                     const Concurrency& concurrency,
                                     std::optional<std::int64_t> target);

}  // namespace inferbench
