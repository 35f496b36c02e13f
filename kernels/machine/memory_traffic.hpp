#pragma once

#include <cstddef>

namespace inferbench {

// Eight streams side by side through arrays of `n` doubles, 64-byte aligned, with the widest loads
// the CPU has; n a multiple of kTrafficStep.
inline constexpr std::size_t kTrafficStep = 512;

double read_sum(const double* a, std::size_t n);

// The same in fewer streams of longer strides: which is fastest depends on the prefetcher.
double read_sum_1_stream(const double* a, std::size_t n);
double read_sum_2_streams(const double* a, std::size_t n);
double read_sum_4_streams(const double* a, std::size_t n);

void copy_streams(double* to, const double* from, std::size_t n);
void triad_streams(double* a, const double* b, const double* c, double factor, std::size_t n);

}  // namespace inferbench
