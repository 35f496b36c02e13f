#include "kernels/machine/memory_traffic.hpp"

namespace inferbench {
namespace {

constexpr std::size_t kStreams = 8;
constexpr std::size_t kLine = 8;  // doubles in a cache line

// A cache line as one value; the compiler splits it into the registers that there are.
using Line [[gnu::vector_size(64), gnu::may_alias]] = double;

const Line& line(const double* at) {
  return *reinterpret_cast<const Line*>(at);
}
Line& line(double* at) {
  return *reinterpret_cast<Line*>(at);
}

}  // namespace

// target_clones: the loader chooses the widest version that the CPU runs.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define INFERBENCH_WIDEST \
  __attribute__((target_clones("default", "arch=x86-64-v3", "arch=x86-64-v4")))
#else
#define INFERBENCH_WIDEST
#endif

INFERBENCH_WIDEST double read_sum(const double* a, std::size_t n) {
  const std::size_t part = n / kStreams;
  Line sums[kStreams] = {};
  for (std::size_t i = 0; i < part; i += kLine) {
#pragma GCC unroll 8
    for (std::size_t s = 0; s < kStreams; ++s) {
      sums[s] += line(a + s * part + i);
    }
  }
  double total = 0;
  for (const Line& stream : sums) {
    for (std::size_t k = 0; k < kLine; ++k) total += stream[k];
  }
  return total;
}

INFERBENCH_WIDEST void copy_streams(double* __restrict to, const double* __restrict from,
                                    std::size_t n) {
  const std::size_t part = n / kStreams;
  for (std::size_t i = 0; i < part; i += kLine) {
#pragma GCC unroll 8
    for (std::size_t s = 0; s < kStreams; ++s) {
      const std::size_t at = s * part + i;
      line(to + at) = line(from + at);
    }
  }
}

INFERBENCH_WIDEST void triad_streams(double* __restrict a, const double* __restrict b,
                                     const double* __restrict c, double factor, std::size_t n) {
  const std::size_t part = n / kStreams;
  for (std::size_t i = 0; i < part; i += kLine) {
#pragma GCC unroll 8
    for (std::size_t s = 0; s < kStreams; ++s) {
      const std::size_t at = s * part + i;
      line(a + at) = line(b + at) + factor * line(c + at);
    }
  }
}

}  // namespace inferbench
