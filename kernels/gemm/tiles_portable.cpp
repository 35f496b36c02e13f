#include <algorithm>
#include <cstddef>
#include <cstring>
#include <utility>

#include "kernels/cpu/vector_portable.hpp"
#include "kernels/gemm/tiles.hpp"

// Tiles of four lanes in the compiler's own vectors, for any 64 bit processor.
namespace inferbench {
namespace {

using I = Vec::I;

INFERBENCH_INLINE I load_words(const std::byte* at) {
  I words;
  std::memcpy(&words, at, sizeof(words));
  return words;
}

struct NoTable {};

struct Fp32Code {
  static constexpr int kUnit = 1;
  static constexpr std::size_t kUnitBytes = 4;
  using Raw = Vec::F;
  using Table = NoTable;
  INFERBENCH_INLINE static Raw load(const std::byte* at) {
    return Vec::load(reinterpret_cast<const float*>(at));
  }
  template <int kStep>
  INFERBENCH_INLINE static Vec::F value(Raw raw, const Table&) {
    return raw;
  }
};

struct Bf16Code : Fp32Code {
  static constexpr std::size_t kUnitBytes = 2;
  INFERBENCH_INLINE static Raw load(const std::byte* at) {
    return Vec::load_bf16(reinterpret_cast<const std::uint16_t*>(at));
  }
};

struct Fp16Code : Fp32Code {
  static constexpr std::size_t kUnitBytes = 2;
  INFERBENCH_INLINE static Raw load(const std::byte* at) {
    return Vec::load_fp16(reinterpret_cast<const std::uint16_t*>(at));
  }
};

struct Int8Code : Fp32Code {
  static constexpr std::size_t kUnitBytes = 1;
  INFERBENCH_INLINE static Raw load(const std::byte* at) {
    return Vec::load_int8(reinterpret_cast<const std::uint8_t*>(at));
  }
};

// 2^-8 of the values; see the AVX-512 tiles.
struct E4m3Code : Fp32Code {
  static constexpr std::size_t kUnitBytes = 1;
  INFERBENCH_INLINE static Raw load(const std::byte* at) {
    return Vec::load_e4m3_raw(reinterpret_cast<const std::uint8_t*>(at));
  }
};

struct NibbleCode {
  static constexpr int kUnit = 8;
  static constexpr std::size_t kUnitBytes = 4;
  using Raw = I;
  using Table = NoTable;
  INFERBENCH_INLINE static Raw load(const std::byte* at) { return load_words(at); }
  template <int kStep>
  INFERBENCH_INLINE static I codes(Raw raw) {
    return (raw >> (kStep < 4 ? 8 * kStep : 8 * (kStep - 4) + 4)) & 15;
  }
};

struct E2m1Code : NibbleCode {
  template <int kStep>
  INFERBENCH_INLINE static Vec::F value(Raw raw, const Table&) {
    constexpr float kValues[16] = {0.0F,  0.5F,  1.0F,  1.5F,  2.0F,  3.0F,  4.0F,  6.0F,
                                   -0.0F, -0.5F, -1.0F, -1.5F, -2.0F, -3.0F, -4.0F, -6.0F};
    const I c = codes<kStep>(raw);
    return Vec::F{kValues[c[0]], kValues[c[1]], kValues[c[2]], kValues[c[3]]};
  }
};

struct Int4Code : NibbleCode {
  template <int kStep>
  INFERBENCH_INLINE static Vec::F value(Raw raw, const Table&) {
    return __builtin_convertvector(codes<kStep>(raw) - 8, Vec::F);
  }
};

struct Int2Code {
  static constexpr int kUnit = 16;
  static constexpr std::size_t kUnitBytes = 4;
  using Raw = I;
  using Table = NoTable;
  INFERBENCH_INLINE static Raw load(const std::byte* at) { return load_words(at); }
  template <int kStep>
  INFERBENCH_INLINE static Vec::F value(Raw raw, const Table&) {
    return __builtin_convertvector((raw >> (2 * kStep)) & 3, Vec::F) - 1.5F;
  }
};

struct Fp32Scale {
  static constexpr bool kGrouped = true;
  static constexpr std::size_t kBytes = 4;
  INFERBENCH_INLINE static Vec::F load(const std::byte* at) {
    return Vec::load(reinterpret_cast<const float*>(at));
  }
};

struct Fp16Scale {
  static constexpr bool kGrouped = true;
  static constexpr std::size_t kBytes = 2;
  INFERBENCH_INLINE static Vec::F load(const std::byte* at) {
    return Vec::load_fp16(reinterpret_cast<const std::uint16_t*>(at));
  }
};

struct E4m3Scale {
  static constexpr bool kGrouped = true;
  static constexpr std::size_t kBytes = 1;
  INFERBENCH_INLINE static Vec::F load(const std::byte* at) {
    return Vec::load_e4m3_raw(reinterpret_cast<const std::uint8_t*>(at));
  }
};

struct E8m0Scale {
  static constexpr bool kGrouped = true;
  static constexpr std::size_t kBytes = 1;
  INFERBENCH_INLINE static Vec::F load(const std::byte* at) {
    const auto exponent = [at](int i) { return std::to_integer<int>(at[i]) << 23; };
    const I bits = {exponent(0), exponent(1), exponent(2), exponent(3)};
    Vec::F scale;
    std::memcpy(&scale, &bits, sizeof(scale));
    return scale;
  }
};

// The activation at each lane's index.
struct Select {
  using Index = I;
  INFERBENCH_INLINE static Index load(const std::byte* at) { return load_words(at); }
  template <int kValue>
  INFERBENCH_INLINE static Index from(Index words) {
    return (words >> (2 * kValue)) & 3;
  }
  INFERBENCH_INLINE static const float* four(const float* in) { return in; }
  INFERBENCH_INLINE static Vec::F take(const float* four, Index at) {
    return Vec::F{four[at[0]], four[at[1]], four[at[2]], four[at[3]]};
  }
};

constexpr int panels_of(int) {
  return 1;
}

}  // namespace
}  // namespace inferbench

#include "kernels/gemm/coded_tiles.hpp"
#include "kernels/gemm/sparse_tiles.hpp"

namespace inferbench {
namespace {

constexpr int kRows = 4;  // eight sums of four lanes

// One group of k of int4 weights as w4a16 packs them, less their zero points.
template <int kTileRows>
void int4_group(const TileCall& t, std::int64_t from, std::int64_t size, const I (&zero)[2],
                Vec::F (&sum)[kTileRows][2]) {
  constexpr int kShift[8] = {0, 8, 16, 24, 4, 12, 20, 28};
  for (std::int64_t k = from; k < from + size; k += 8) {
    const std::byte* words = t.weights + k / 2 * kWidth;
    const I raw[2] = {load_words(words), load_words(words + 4 * kLanes)};
    INFERBENCH_UNROLL
    for (int step = 0; step < 8; ++step) {
      Vec::F w[2];
      for (int v = 0; v < 2; ++v) {
        w[v] = __builtin_convertvector(((raw[v] >> kShift[step]) & 15) - zero[v], Vec::F);
      }
      INFERBENCH_UNROLL
      for (int r = 0; r < kTileRows; ++r) {
        const auto* in =
            reinterpret_cast<const float*>(t.in + static_cast<std::size_t>(r) * t.in_stride);
        const Vec::F a = Vec::set1(in[k + step]);
        sum[r][0] = Vec::fma(a, w[0], sum[r][0]);
        sum[r][1] = Vec::fma(a, w[1], sum[r][1]);
      }
    }
  }
}

template <int kTileRows>
void int4_tile(const TileCall& t) {
  for (std::int64_t from = 0, g = 0; from < t.k; from += t.group, ++g) {
    const std::int8_t* zeros = t.zeros + g * kWidth;
    const I zero[2] = {I{zeros[0], zeros[1], zeros[2], zeros[3]},
                       I{zeros[4], zeros[5], zeros[6], zeros[7]}};
    Vec::F sum[kTileRows][2] = {};
    int4_group<kTileRows>(t, from, std::min<std::int64_t>(t.group, t.k - from), zero, sum);
    for (int r = 0; r < kTileRows; ++r) {
      for (int v = 0; v < 2; ++v) {
        const Vec::F scale = Vec::load_fp16(t.scales + g * kWidth + v * kLanes);
        float* out = t.out + r * t.out_stride + v * kLanes;
        const Vec::F before = t.accumulate || g > 0 ? Vec::load(out) : Vec::zero();
        Vec::store(out, Vec::fma(scale, sum[r][v], before));
      }
    }
  }
}

template <std::size_t... kIndex>
TileSet make_int4(std::index_sequence<kIndex...>) {
  TileSet set{.width = kWidth, .unit = 8, .most_rows = kRows};
  ((set.panels[kIndex + 1] = 1), ...);
  ((set.wide[kIndex + 1] = int4_tile<kIndex + 1>), ...);
  set.one = set.wide;
  return set;
}

}  // namespace

const TileSet& tiles_float_portable(GemmFormat::Weights weights) {
  constexpr auto kIndex = std::make_index_sequence<kRows>();
  static const TileSet f32 = make_coded<Fp32Code, Unscaled, panels_of>(kIndex),
                       bf16 = make_coded<Bf16Code, Unscaled, panels_of>(kIndex),
                       f16 = make_coded<Fp16Code, Unscaled, panels_of>(kIndex),
                       i8 = make_coded<Int8Code, Unscaled, panels_of>(kIndex);
  return pick_float(weights, f32, bf16, f16, i8);
}

const TileSet& tiles_int4_portable() {
  static const TileSet set = make_int4(std::make_index_sequence<kRows>());
  return set;
}

const TileSet& tiles_coded_portable(const BlockFormat& format) {
  return coded_tiles<panels_of, kRows>(format);
}

const TileSet& tiles_sparse24_portable(bool bf16) {
  return sparse_tiles<panels_of, kRows>(bf16);
}

}  // namespace inferbench
