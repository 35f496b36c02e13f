#pragma once

// simt.cuh for the host: primitives of device.cuh, over the emulator. Fragments are laid out as in
// the PTX ISA, "Warp Level Matrix Instructions".

#include <bit>
#include <cmath>
#include <cstring>

#include "kernels/cuda/simt/emulator.hpp"

#define SIMT_KERNEL inline
#define SIMT_DEVICE inline
#define SIMT_BOTH inline
#define SIMT_LAUNCH_BOUNDS(threads, blocks)
#define SIMT_UNROLL

// CUDA's names for a thread's place; set at each of its turns.
extern thread_local inferbench::simt::Index threadIdx, blockIdx;
extern thread_local inferbench::simt::Extent blockDim, gridDim;

namespace inferbench::simt {

struct alignas(16) Words4 {
  uint32_t w[4];
};
struct alignas(8) Words2 {
  uint32_t w[2];
};

template <class T>
T& shared() {
  return *static_cast<T*>(emulated::shared_memory(sizeof(T)));
}

inline void barrier() {
  emulated::barrier();
}
inline void warp_barrier() {
  emulated::exchange("warp_barrier", nullptr, 0);
}
inline void named_barrier(int id, int count) {
  emulated::named_barrier(id, count, true);
}
inline void named_arrive(int id, int count) {
  emulated::named_barrier(id, count, false);
}

template <class T>
T shuffle(T value, int lane) {
  static_assert(sizeof(T) == 4 || sizeof(T) == 8);
  const std::byte* all = emulated::exchange("shuffle", &value, sizeof value);
  std::memcpy(&value, all + static_cast<std::size_t>(lane & 31) * 64, sizeof value);
  return value;
}
template <class T>
T shuffle_xor(T value, int mask) {
  return shuffle(value, static_cast<int>(emulated::lane()) ^ mask);
}
uint32_t ballot(bool value);

inline void copy_async16(void* to, const void* from, bool valid = true) {
  emulated::copy_async16(to, from, valid);
}
inline void copy_commit() {
  emulated::copy_commit();
}
template <int kOpen>
void copy_wait() {
  emulated::copy_wait(kOpen);
}

template <class Words>
Words load_words(const void* from) {
  emulated::require_aligned(from, sizeof(Words), "a load");
  Words words;
  std::memcpy(&words, from, sizeof words);
  return words;
}
inline Words4 load_once16(const void* from) {
  return load_words<Words4>(from);
}
inline Words4 load16(const void* from) {
  return load_words<Words4>(from);
}
inline Words2 load8(const void* from) {
  return load_words<Words2>(from);
}
inline void store16(void* to, const Words4& words) {
  emulated::require_aligned(to, sizeof words, "a store");
  std::memcpy(to, &words, sizeof words);
}
inline void store8(void* to, const Words2& words) {
  emulated::require_aligned(to, sizeof words, "a store");
  std::memcpy(to, &words, sizeof words);
}

void load_matrix4(uint32_t (&r)[4], const void* row);
void load_matrix4_transposed(uint32_t (&r)[4], const void* row);
void mma_bf16(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]);
void mma_s8(int32_t (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]);

inline float as_float(uint32_t bits) {
  return std::bit_cast<float>(bits);
}
inline uint32_t as_bits(float value) {
  return std::bit_cast<uint32_t>(value);
}
inline float exp2_fast(float x) {
  const float y = std::exp2(x);
  return y < 0x1p-126F ? 0.0F : y;
}
inline float reciprocal_sqrt(float x) {
  return 1.0F / std::sqrt(x);
}
inline float divide(float a, float b) {
  return a / b;
}
inline float exp_precise(float x) {
  return std::exp(x);
}

uint32_t pack_bf16(float low, float high);
uint32_t fma_bf16x2(uint32_t a, uint32_t b, uint32_t c);
inline uint32_t and_or(uint32_t a, uint32_t b, uint32_t c) {
  return (a & b) | c;
}
int32_t dot4(uint32_t a, uint32_t b, int32_t c);
uint32_t permute_bytes(uint32_t low, uint32_t high, uint32_t which);
inline int32_t round_to_int(float x) {
  return static_cast<int32_t>(std::nearbyint(x));
}

template <class T>
T atomic_add(T* to, T value) {
  const T before = *to;
  *to = before + value;
  return before;
}
inline unsigned atomic_add_ordered(unsigned* to, unsigned value) {
  return atomic_add(to, value);
}

}  // namespace inferbench::simt
