#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kernels/cpu/kernel.hpp"
#include "kernels/quant/quantise.hpp"

namespace inferbench {

// What a format does to the product: users pick one by speed and error.
struct GemmErrorRow {
  std::string format;
  Fill fill = Fill::normal;
  double weight_bits = 0;   // per element, block scales included
  QuantisationError error;  // of outputs against the fp64 product of inputs not yet rounded
};

// Every gemm format on normal inputs and on activations with outlier channels (one of 64 is 20
// times as large): out[m, n] of k terms each, variance 1 without outliers. Outputs are the
// reference's, so errors are those of the format and not of a kernel.
std::vector<GemmErrorRow> gemm_errors(std::int64_t m = 8, std::int64_t n = 64,
                                      std::int64_t k = 4096, std::uint64_t seed = 1);

}  // namespace inferbench
