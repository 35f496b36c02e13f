#include "kernels/machine/memory_traffic.hpp"

namespace inferbench {
namespace {

constexpr std::size_t kStreams = 8;
constexpr std::size_t kLine = 8;  // doubles in a cache line

// A cache line as one value; the compiler splits it into the registers that there are.
using Line [[gnu::vector_size(64), gnu::may_alias]] = double;

[[gnu::always_inline]] inline const Line& line(const double* at) {
  return *reinterpret_cast<const Line*>(at);
}
[[gnu::always_inline]] inline Line& line(double* at) {
  return *reinterpret_cast<Line*>(at);
}

// Eight lines a step, so that eight sums hide the latency of additions: kParts streams, of each
// as many lines in a row as that makes. Inlined: it has the vectors of its caller.
template <std::size_t kParts>
[[gnu::always_inline]] inline double sum_of_streams(const double* a, std::size_t n) {
  constexpr std::size_t kLines = kStreams / kParts;
  const std::size_t part = n / kParts;
  Line sums[kStreams] = {};
  for (std::size_t i = 0; i < part; i += kLines * kLine) {
#pragma GCC unroll 8
    for (std::size_t s = 0; s < kStreams; ++s) {
      sums[s] += line(a + s / kLines * part + i + s % kLines * kLine);
    }
  }
  double total = 0;
  for (const Line& sum : sums) {
    for (std::size_t k = 0; k < kLine; ++k) total += sum[k];
  }
  return total;
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
  return sum_of_streams<kStreams>(a, n);
}
INFERBENCH_WIDEST double read_sum_1_stream(const double* a, std::size_t n) {
  return sum_of_streams<1>(a, n);
}
INFERBENCH_WIDEST double read_sum_2_streams(const double* a, std::size_t n) {
  return sum_of_streams<2>(a, n);
}
INFERBENCH_WIDEST double read_sum_4_streams(const double* a, std::size_t n) {
  return sum_of_streams<4>(a, n);
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
