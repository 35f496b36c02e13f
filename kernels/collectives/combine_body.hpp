// One body for each instruction set: the file that includes this defines Floats and Ints, vectors
// with loads and stores of each type, and INFERBENCH_TARGET.

namespace inferbench {
namespace {

struct Sum {
  template <class V>
  INFERBENCH_TARGET INFERBENCH_INLINE static typename V::Value of(typename V::Value a,
                                                                  typename V::Value b) {
    return V::add(a, b);
  }
  INFERBENCH_INLINE static float one(float a, float b) { return a + b; }
  INFERBENCH_INLINE static std::int32_t one(std::int32_t a, std::int32_t b) {
    return static_cast<std::int32_t>(static_cast<std::uint32_t>(a) + static_cast<std::uint32_t>(b));
  }
};

struct Max {
  template <class V>
  INFERBENCH_TARGET INFERBENCH_INLINE static typename V::Value of(typename V::Value a,
                                                                  typename V::Value b) {
    return V::max(a, b);
  }
  template <class T>
  INFERBENCH_INLINE static T one(T a, T b) {
    return a > b ? a : b;
  }
};

struct Min {
  template <class V>
  INFERBENCH_TARGET INFERBENCH_INLINE static typename V::Value of(typename V::Value a,
                                                                  typename V::Value b) {
    return V::min(a, b);
  }
  template <class T>
  INFERBENCH_INLINE static T one(T a, T b) {
    return a < b ? a : b;
  }
};

// Elements [from, count), one at a time.
template <class V, class Op>
INFERBENCH_INLINE void combine_rest(std::byte* out, const std::byte* const* in, std::size_t sources,
                                    std::size_t from, std::size_t count, float divisor) {
  using T = typename V::Element;
  for (std::size_t i = from; i < count; ++i) {
    auto sum = V::widen(reinterpret_cast<const T*>(in[0])[i]);
    for (std::size_t s = 1; s < sources; ++s) {
      sum = Op::one(sum, V::widen(reinterpret_cast<const T*>(in[s])[i]));
    }
    reinterpret_cast<T*>(out)[i] = V::narrow(V::divide_one(sum, divisor));
  }
}

template <class V, class Op>
INFERBENCH_TARGET void combine_body(std::byte* out, const std::byte* const* in, std::size_t sources,
                                    std::size_t count, float divisor) {
  using T = typename V::Element;
  constexpr std::size_t kStep = 4 * V::kLanes;
  std::size_t i = 0;
  for (; i + kStep <= count; i += kStep) {
    typename V::Value sums[4];
    INFERBENCH_UNROLL
    for (std::size_t u = 0; u < 4; ++u) {
      sums[u] = V::load(reinterpret_cast<const T*>(in[0]) + i + u * V::kLanes);
    }
    for (std::size_t s = 1; s < sources; ++s) {
      const T* source = reinterpret_cast<const T*>(in[s]) + i;
      INFERBENCH_UNROLL
      for (std::size_t u = 0; u < 4; ++u) {
        sums[u] = Op::template of<V>(sums[u], V::load(source + u * V::kLanes));
      }
    }
    if (divisor != 1) {
      INFERBENCH_UNROLL
      for (std::size_t u = 0; u < 4; ++u) sums[u] = V::divide(sums[u], divisor);
    }
    INFERBENCH_UNROLL
    for (std::size_t u = 0; u < 4; ++u) {
      V::store(reinterpret_cast<T*>(out) + i + u * V::kLanes, sums[u]);
    }
  }
  combine_rest<V, Op>(out, in, sources, i, count, divisor);
}

template <class V>
CombineKernel pick_reduction(Reduction reduction) {
  switch (reduction) {
    case Reduction::max:
      return combine_body<V, Max>;
    case Reduction::min:
      return combine_body<V, Min>;
    case Reduction::sum:
    case Reduction::average:
      break;
  }
  return combine_body<V, Sum>;
}

CombineKernel pick_kernel(ElementType type, Reduction reduction) {
  switch (type) {
    case ElementType::int32:
      return pick_reduction<Int32>(reduction);
    case ElementType::bf16:
      return pick_reduction<Bf16>(reduction);
    case ElementType::fp16:
      return pick_reduction<Half>(reduction);
    case ElementType::fp32:
    case ElementType::bytes:
      break;
  }
  return pick_reduction<Fp32>(reduction);
}

}  // namespace
}  // namespace inferbench
