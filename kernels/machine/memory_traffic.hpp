#pragma once

#include <cstddef>

namespace inferbench {

// Eight streams side by side through `n` doubles each loop; n a multiple of kTrafficStep. With the
// widest loads the CPU has; arrays 64-byte aligned.
inline constexpr std::size_t kTrafficStep = 8 * 64;

double read_sum(const double* a, std::size_t n);
void copy_streams(double* to, const double* from, std::size_t n);
void triad_streams(double* a, const double* b, const double* c, double factor, std::size_t n);

}  // namespace inferbench
