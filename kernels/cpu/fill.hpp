#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kernels/cpu/kernel.hpp"

namespace inferbench {

// Fills a row-major matrix [rows, columns] for `fill`; `stddev` scales the normal fills. Outlier
// channels are columns. The stream is named, so operands of one case differ.
void fill_matrix(std::span<float> matrix, std::int64_t columns, Fill fill, double stddev,
                 std::uint64_t seed, const char* stream);

// Whether Fill::outliers makes this column one.
bool is_outlier_column(std::int64_t column);

// At most `most` of n indices, ascending: all of them, or the first, the last and others drawn at
// random between.
std::vector<std::size_t> spread_indices(std::size_t n, std::size_t most, std::uint64_t seed);

}  // namespace inferbench
