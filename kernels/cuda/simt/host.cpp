#include "kernels/cuda/simt/simt.cuh"

namespace inferbench::simt {
namespace {

constexpr std::size_t kSlot = 64;  // bytes of a lane in an exchange

template <class T>
T brought(const std::byte* all, unsigned lane, std::size_t index) {
  T value;
  std::memcpy(&value, all + lane * kSlot + index * sizeof(T), sizeof value);
  return value;
}

float bf16(uint32_t word, unsigned half) {
  return half == 0 ? bf16_low(word) : bf16_high(word);
}
int32_t int8(uint32_t word, unsigned byte) {
  return static_cast<int8_t>(word >> (8 * byte));
}

uint32_t round_to_bf16(float value) {
  const uint32_t bits = as_bits(value);
  if (std::isnan(value)) return 0x7fffU;
  return (bits + 0x7fffU + ((bits >> 16) & 1U)) >> 16;
}

const std::byte* matrix_row(const std::byte* all, unsigned matrix, unsigned row) {
  return brought<const std::byte*>(all, matrix * 8 + row, 0);
}

// Rows of 16 bytes that fall on the same banks are read one after the other.
std::uint64_t conflicts(const std::byte* all, unsigned matrix) {
  std::uint64_t worst = 0;
  std::uint64_t passes[8] = {};
  for (unsigned row = 0; row < 8; ++row) {
    const auto address = reinterpret_cast<std::uintptr_t>(matrix_row(all, matrix, row));
    worst = std::max(worst, ++passes[(address / 16) % 8]);
  }
  return worst - 1;
}

const std::byte* exchange_rows(const void* row) {
  emulated::require_aligned(row, 16, "a row of load_matrix4");
  const std::byte* all =
      emulated::exchange("load_matrix4", static_cast<const void*>(&row), sizeof row);
  if (emulated::lane() == 0) {
    ++emulated::counts().matrix_loads;
    for (unsigned m = 0; m < 4; ++m) emulated::counts().matrix_conflicts += conflicts(all, m);
  }
  return all;
}

struct Fragments {
  uint32_t a[4], b[2];
};

// Of a product whose operand words hold `kPerWord` elements.
template <unsigned kPerWord, class D, class Element>
void multiply(D (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2], const char* what,
              Element element) {
  Fragments mine;
  std::memcpy(mine.a, a, sizeof mine.a);
  std::memcpy(mine.b, b, sizeof mine.b);
  const std::byte* all = emulated::exchange(what, &mine, sizeof mine);
  if (emulated::lane() == 0) ++emulated::counts().tensor_operations;
  const unsigned g = emulated::lane() / 4, t = emulated::lane() % 4;
  for (unsigned i = 0; i < 4; ++i) {
    const unsigned row = g, lower = i / 2, column = 2 * t + i % 2;
    D sum = 0;
    for (unsigned k = 0; k < 8 * kPerWord; ++k) {
      const unsigned half = k / (4 * kPerWord), owner = k % (4 * kPerWord) / kPerWord;
      const auto of_a = brought<Fragments>(all, row * 4 + owner, 0);
      const auto of_b = brought<Fragments>(all, column * 4 + owner, 0);
      sum += static_cast<D>(element(of_a.a[lower + 2 * half], k % kPerWord)) *
             static_cast<D>(element(of_b.b[half], k % kPerWord));
    }
    d[i] += sum;
  }
}

}  // namespace

uint32_t ballot(bool value) {
  const uint32_t mine = value ? 1 : 0;
  const std::byte* all = emulated::exchange("ballot", &mine, sizeof mine);
  uint32_t bits = 0;
  for (unsigned lane = 0; lane < 32; ++lane) bits |= brought<uint32_t>(all, lane, 0) << lane;
  return bits;
}

void load_matrix4(uint32_t (&r)[4], const void* row) {
  const std::byte* all = exchange_rows(row);
  const unsigned lane = emulated::lane();
  for (unsigned m = 0; m < 4; ++m) {
    std::memcpy(&r[m], matrix_row(all, m, lane / 4) + std::size_t{4} * (lane % 4), 4);
  }
}

void load_matrix4_transposed(uint32_t (&r)[4], const void* row) {
  const std::byte* all = exchange_rows(row);
  const unsigned lane = emulated::lane();
  for (unsigned m = 0; m < 4; ++m) {
    uint16_t pair[2];
    for (unsigned i = 0; i < 2; ++i) {
      std::memcpy(&pair[i], matrix_row(all, m, 2 * (lane % 4) + i) + std::size_t{2} * (lane / 4),
                  2);
    }
    r[m] = pair[0] | static_cast<uint32_t>(pair[1]) << 16;
  }
}

void mma_bf16(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
  multiply<2>(d, a, b, "mma_bf16", bf16);
}

void mma_s8(int32_t (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
  multiply<4>(d, a, b, "mma_s8", int8);
}

uint32_t pack_bf16(float low, float high) {
  return round_to_bf16(low) | round_to_bf16(high) << 16;
}

uint32_t fma_bf16x2(uint32_t a, uint32_t b, uint32_t c) {
  // A product of two bf16 is exact in fp32; double keeps the sum's rounding single.
  const auto one = [](float x, float y, float z) {
    return static_cast<float>(static_cast<double>(x) * y + z);
  };
  return pack_bf16(one(bf16_low(a), bf16_low(b), bf16_low(c)),
                   one(bf16_high(a), bf16_high(b), bf16_high(c)));
}

int32_t dot4(uint32_t a, uint32_t b, int32_t c) {
  for (unsigned i = 0; i < 4; ++i) c += int8(a, i) * int8(b, i);
  return c;
}

uint32_t permute_bytes(uint32_t low, uint32_t high, uint32_t which) {
  const std::uint64_t bytes = static_cast<std::uint64_t>(high) << 32 | low;
  uint32_t result = 0;
  for (unsigned i = 0; i < 4; ++i) {
    const unsigned from = (which >> (4 * i)) & 7U;
    result |= static_cast<uint32_t>((bytes >> (8 * from)) & 0xffU) << (8 * i);
  }
  return result;
}

}  // namespace inferbench::simt
