#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kernels/cpu/kernel.hpp"
#include "kernels/quant/quantise.hpp"

namespace inferbench {

// What one quantiser does to one kind of matrix.
struct QuantErrorRow {
  std::string format;  // of block_formats(), and int4-gG-zp with zero points
  Fill fill = Fill::normal;
  double bits = 0;            // per element, scales included
  QuantisationError error;    // mean square, largest, SQNR, relative to variance 1 of the inputs
  double inlier_sqnr_db = 0;  // without the outlier channels, which dominate signal power
};

// Every quantiser on near-normal inputs of variance 1 and on the same with outlier channels (one of
// 64 is 20 times as large), [rows, k] each.
std::vector<QuantErrorRow> quantisation_errors(std::int64_t rows = 256, std::int64_t k = 4096,
                                               std::uint64_t seed = 1);

}  // namespace inferbench
