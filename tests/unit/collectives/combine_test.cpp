#include "kernels/collectives/combine.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <limits>
#include <vector>

#include "harness/base/random.hpp"
#include "kernels/cpu/convert.hpp"

namespace inferbench {
namespace {

template <class T>
std::vector<T> combined(const std::vector<std::vector<T>>& in, const Combination& how, Isa isa) {
  std::vector<const std::byte*> terms;
  for (const auto& one : in) terms.push_back(reinterpret_cast<const std::byte*>(one.data()));
  std::vector<T> out(in[0].size());
  combine(reinterpret_cast<std::byte*>(out.data()), terms, out.size(), how, isa);
  return out;
}

TEST(Combine, WorksElementByElement) {
  const std::vector<std::vector<std::int32_t>> in = {{1, -7, 5}, {2, -2, 5}, {4, 0, 6}};
  const auto with = [&](Reduction reduction, int divisor) {
    return combined(in, {ElementType::int32, reduction, divisor}, Isa::portable);
  };
  EXPECT_EQ(with(Reduction::sum, 1), (std::vector<std::int32_t>{7, -9, 16}));
  EXPECT_EQ(with(Reduction::max, 1), (std::vector<std::int32_t>{4, 0, 6}));
  EXPECT_EQ(with(Reduction::min, 1), (std::vector<std::int32_t>{1, -7, 5}));
  EXPECT_EQ(with(Reduction::average, 3), (std::vector<std::int32_t>{2, -3, 5}));  // towards zero
}

TEST(Combine, IntegersWrapAround) {
  const std::int32_t most = std::numeric_limits<std::int32_t>::max();
  const std::vector<std::vector<std::int32_t>> in(2, std::vector<std::int32_t>(70, most));
  EXPECT_EQ(combined(in, {ElementType::int32, Reduction::sum, 1}, best_isa()),
            std::vector<std::int32_t>(70, -2));
}

// 256 + 1 + 1 = 258 is a bf16 number; 257 is not and would round to 256, twice.
TEST(Combine, NarrowFloatsAreRoundedOnce) {
  const std::vector<std::vector<std::uint16_t>> in = {
      std::vector<std::uint16_t>(65, float_to_bf16(256)),
      std::vector<std::uint16_t>(65, float_to_bf16(1)),
      std::vector<std::uint16_t>(65, float_to_bf16(1))};
  for (const Isa isa : {Isa::portable, best_isa()}) {
    EXPECT_EQ(combined(in, {ElementType::bf16, Reduction::sum, 1}, isa),
              std::vector<std::uint16_t>(65, float_to_bf16(258)));
  }
}

// Any bit patterns: denormals, infinities and NaNs among them.
template <class T>
void expect_equal_bits(ElementType type, bool (*is_nan)(T)) {
  RandomStream random = Random(7).stream("combine");
  std::vector<std::vector<T>> in(3, std::vector<T>(1003));
  for (auto& one : in) {
    for (T& x : one) {
      const std::uint64_t bits = random.bits();
      std::memcpy(&x, &bits, sizeof x);
    }
  }
  for (const Reduction reduction : reductions()) {
    const Combination how{type, reduction, reduction == Reduction::average ? 3 : 1};
    const std::vector<T> portable = combined(in, how, Isa::portable);
    for (const Isa isa : {Isa::avx2, Isa::avx512}) {
      if (!supports(isa).ok) continue;
      const std::vector<T> own = combined(in, how, isa);
      for (std::size_t i = 0; i < own.size(); ++i) {
        // Which of two NaNs an addition returns is up to the compiler.
        if (is_nan(portable[i]) && is_nan(own[i])) continue;
        EXPECT_EQ(std::memcmp(&own[i], &portable[i], sizeof(T)), 0)
            << name(type) << " " << name(reduction) << " " << name(isa) << " at " << i;
      }
    }
  }
}

TEST(Combine, EveryInstructionSetGivesTheSameBits) {
  expect_equal_bits<float>(ElementType::fp32, [](float x) { return x != x; });
  expect_equal_bits<std::int32_t>(ElementType::int32, [](std::int32_t) { return false; });
  expect_equal_bits<std::uint16_t>(
      ElementType::bf16, [](std::uint16_t x) { return bf16_to_float(x) != bf16_to_float(x); });
  expect_equal_bits<std::uint16_t>(
      ElementType::fp16, [](std::uint16_t x) { return fp16_to_float(x) != fp16_to_float(x); });
}

TEST(CopyPastCaches, CopiesExactlyWhatItWasAskedTo) {
  for (const Isa isa : {Isa::portable, Isa::avx2, Isa::avx512}) {
    if (!supports(isa).ok) continue;
    for (const std::size_t bytes : {0U, 1U, 63U, 64U, 65U, 1000U}) {
      for (std::size_t shift = 0; shift < 3; ++shift) {
        std::vector<std::byte> from(bytes + 8), to(bytes + 8, std::byte{1});
        for (std::size_t i = 0; i < from.size(); ++i) from[i] = static_cast<std::byte>(i * 7 + 3);
        copy_past_caches(to.data() + shift, from.data() + 1, bytes, isa);
        for (std::size_t i = 0; i < to.size(); ++i) {
          const bool inside = i >= shift && i < shift + bytes;
          ASSERT_EQ(to[i], inside ? from[i - shift + 1] : std::byte{1}) << bytes << " at " << i;
        }
      }
    }
  }
}

}  // namespace
}  // namespace inferbench
