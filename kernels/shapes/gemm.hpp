#pragma once

#include "harness/base/units.hpp"
#include "kernels/shapes/work.hpp"

namespace inferbench {

// out[m, n] = in[m, k] * weights[k, n], or `count` such products with weights of their own (a
// grouped GEMM). Dimensions are real: a cost model works with expected rows per expert.
struct GemmShape {
  double m = 0, n = 0, k = 0;
  double count = 1;

  double in_bytes = 2;      // per element of the activations read
  double weight_bytes = 2;  // per element of the weights, block scales included
  double out_bytes = 2;     // per element of the result
  double density = 1;       // share of the weights that is not zero: 0.5 in 2:4 sparsity
};

// Dense-equivalent FLOPs, 2mnk whatever the density, so that speeds of sparse and dense products
// compare as times do; bytes of each operand once.
Work work(const GemmShape& shape);

// FLOPs that are left of them without the zeros: 2mnk times the density.
Flops nonzero_flops(const GemmShape& shape);

// Bytes per element of a 2:4 sparse matrix, of which every second element is stored with the 2 bits
// that say where it stands.
double sparse24_bytes(double element_bytes);

// Rows or columns that a kernel computes when it works in tiles: rounded up to a multiple of
// `tile`. Below one tile kernels switch to narrower ones, so the true size stands.
double tiled(double size, double tile);

// FLOPs that a tiled kernel spends, padding included. A tile of 0 or 1 means none.
Flops tiled_flops(const GemmShape& shape, double tile_m, double tile_n);

}  // namespace inferbench
