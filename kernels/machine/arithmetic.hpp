#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/cpu/features.hpp"

namespace inferbench {

// Loops of independent multiply-adds; each returns something of its result, so that none is
// optimised away. One iteration has as many operations as the constant beside it says.
struct ArithmeticLoop {
  const char* name;
  const char* what;
  const char* unit;
  Isa needs;
  double operations;  // of one iteration
  double (*run)(std::int64_t iterations);
};

// In the order they are shown.
const ArithmeticLoop* arithmetic_loops(std::size_t& count);

}  // namespace inferbench
