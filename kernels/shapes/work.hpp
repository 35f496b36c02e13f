#pragma once

#include "harness/base/units.hpp"

namespace inferbench {

// What one operation costs any machine: arithmetic, and memory traffic when every operand is moved
// once (the compulsory traffic; caches can save no more, bad tiling can only add).
struct Work {
  Flops flops{};  // a multiply-add counts as two
  Bytes read{}, written{};

  Bytes bytes() const { return read + written; }

  // FLOP per byte moved: left of a machine's ridge (peak / bandwidth) it is memory bound.
  double intensity() const { return bytes().count() > 0 ? flops.count() / bytes().count() : 0; }

  Work& operator+=(const Work& o) {
    flops += o.flops, read += o.read, written += o.written;
    return *this;
  }
  friend Work operator+(Work a, const Work& b) { return a += b; }
  friend Work operator*(const Work& a, double k) {
    return {a.flops * k, a.read * k, a.written * k};
  }
};

}  // namespace inferbench
