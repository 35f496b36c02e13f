#pragma once

#include <concepts>

namespace inferbench {

// A count, in a formula.
template <std::integral T>
constexpr double real(T count) {
  return static_cast<double>(count);
}

}  // namespace inferbench
