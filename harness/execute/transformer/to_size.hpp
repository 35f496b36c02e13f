#pragma once

#include <cstddef>
#include <cstdint>

namespace inferbench {

// A count of elements or an index, for containers.
inline std::size_t to_size(std::int64_t count) {
  return static_cast<std::size_t>(count);
}

}  // namespace inferbench
