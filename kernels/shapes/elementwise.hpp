#pragma once

#include "kernels/shapes/work.hpp"

namespace inferbench {

// A pass over `elements` that reads `reads` and writes `writes` arrays of that size: norms,
// residual additions, activations, rotary embedding, copies.
struct ElementwiseShape {
  double elements = 0;
  double reads = 1, writes = 1;
  double bytes_per_element = 2;
  double flops_per_element = 1;
};

inline Work work(const ElementwiseShape& s) {
  return {.flops = Flops(s.elements * s.flops_per_element),
          .read = Bytes(s.elements * s.reads * s.bytes_per_element),
          .written = Bytes(s.elements * s.writes * s.bytes_per_element)};
}

}  // namespace inferbench
