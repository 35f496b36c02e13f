#include "kernels/shapes/gemm.hpp"

#include <cmath>

namespace inferbench {

Work work(const GemmShape& s) {
  return {.flops = Flops(2.0 * s.m * s.n * s.k * s.count),
          .read = Bytes(s.count * (s.m * s.k * s.in_bytes + s.k * s.n * s.weight_bytes)),
          .written = Bytes(s.count * s.m * s.n * s.out_bytes)};
}

Flops nonzero_flops(const GemmShape& s) {
  return work(s).flops * s.density;
}

double sparse24_bytes(double element_bytes) {
  return 0.5 * (element_bytes + 0.25);
}

double tiled(double size, double tile) {
  if (tile <= 1 || size < tile) return size;
  return std::ceil(size / tile) * tile;
}

Flops tiled_flops(const GemmShape& s, double tile_m, double tile_n) {
  return Flops(2.0 * tiled(s.m, tile_m) * tiled(s.n, tile_n) * s.k * s.count);
}

}  // namespace inferbench
