#include "kernels/collectives/combine.hpp"

#include <cstring>

#include "harness/base/error.hpp"
#include "kernels/collectives/combine_elements.hpp"

#define INFERBENCH_TARGET
namespace inferbench {
namespace {

// Vectors of one.
template <class E, class V>
struct Single : E {
  using Value = V;
  static constexpr std::size_t kLanes = 1;
  static Value load(const typename E::Element* p) { return E::widen(*p); }
  static void store(typename E::Element* p, Value x) { *p = E::narrow(x); }
  static Value add(Value a, Value b);
  static Value max(Value a, Value b) { return a > b ? a : b; }
  static Value min(Value a, Value b) { return a < b ? a : b; }
  static Value divide(Value a, float divisor) { return E::divide_one(a, divisor); }
};
using Fp32 = Single<Fp32Element, float>;
using Bf16 = Single<Bf16Element, float>;
using Half = Single<Fp16Element, float>;
using Int32 = Single<Int32Element, std::int32_t>;

}  // namespace
}  // namespace inferbench

// After the types that it uses.
#include "kernels/collectives/combine_body.hpp"

namespace inferbench {
namespace {

template <class E, class V>
V Single<E, V>::add(V a, V b) {
  return Sum::one(a, b);
}

CombineKernel kernel_for(const Combination& how, Isa isa) {
  if (isa >= Isa::avx512) return combine_kernel_avx512(how.type, how.reduction);
  if (isa >= Isa::avx2) return combine_kernel_avx2(how.type, how.reduction);
  return combine_kernel_portable(how.type, how.reduction);
}

}  // namespace

CombineKernel combine_kernel_portable(ElementType type, Reduction reduction) {
  return pick_kernel(type, reduction);
}

void combine(std::byte* out, std::span<const std::byte* const> in, std::size_t count,
             const Combination& how, Isa isa) {
  ensure(!in.empty() && how.type != ElementType::bytes, "numbers of one rank at least");
  kernel_for(how, isa)(out, in.data(), in.size(), count, static_cast<float>(how.divisor));
}

void copy_past_caches(std::byte* to, const std::byte* from, std::size_t bytes, Isa isa) {
  if (isa >= Isa::avx512) return copy_past_caches_avx512(to, from, bytes);
  if (isa >= Isa::avx2) return copy_past_caches_avx2(to, from, bytes);
  std::memcpy(to, from, bytes);
}

}  // namespace inferbench
