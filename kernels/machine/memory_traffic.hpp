#pragma once

#include <cstddef>

namespace inferbench {

// Eight streams side by side through arrays of `n` doubles, 64-byte aligned, with the widest loads
// the CPU has; n a multiple of kTrafficStep.
inline constexpr std::size_t kTrafficStep = 512;

double read_sum(const double* a, std::size_t n);
void copy_streams(double* to, const double* from, std::size_t n);
void triad_streams(double* a, const double* b, const double* c, double factor, std::size_t n);

}  // namespace inferbench
