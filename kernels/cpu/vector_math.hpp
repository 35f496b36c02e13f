#pragma once

// After vector_avx2.hpp or vector_avx512.hpp, whose Vec and INFERBENCH_TARGET it uses.

namespace inferbench {
namespace {

// exp(x) for x <= 88; below -87 it is 0, minus infinity included. Within 2 units in the last place.
//
// Source: Cephes expf (Moshier): reduction by ln 2 in two parts, a polynomial of degree 5.
INFERBENCH_TARGET INFERBENCH_INLINE Vec::F exp(Vec::F x) {
  const Vec::F least = Vec::set1(-87.0F);
  const Vec::F bounded = Vec::max(x, least);
  const Vec::F n = Vec::round(Vec::mul(bounded, Vec::set1(1.44269504088896341F)));
  Vec::F r = Vec::fma(n, Vec::set1(-0.693359375F), bounded);
  r = Vec::fma(n, Vec::set1(2.12194440e-4F), r);
  Vec::F y = Vec::set1(1.9875691500e-4F);
  y = Vec::fma(y, r, Vec::set1(1.3981999507e-3F));
  y = Vec::fma(y, r, Vec::set1(8.3334519073e-3F));
  y = Vec::fma(y, r, Vec::set1(4.1665795894e-2F));
  y = Vec::fma(y, r, Vec::set1(1.6666665459e-1F));
  y = Vec::fma(y, r, Vec::set1(5.0000001201e-1F));
  y = Vec::add(Vec::fma(y, Vec::mul(r, r), r), Vec::set1(1.0F));
  return Vec::keep_from(Vec::scale_by_power(y, n), x, least);
}

}  // namespace
}  // namespace inferbench
