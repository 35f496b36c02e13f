#pragma once

#include <cstdint>
#include <string>

#include "harness/base/text_table.hpp"

namespace inferbench {

// "1,048,576"
inline std::string count_text(std::uint64_t value) {
  return with_commas(static_cast<long long>(value));
}

}  // namespace inferbench
