#pragma once

#include <cstdint>

namespace inferbench {

inline constexpr std::int64_t kMostGpus = 1 << 20;  // of one configuration

}  // namespace inferbench
