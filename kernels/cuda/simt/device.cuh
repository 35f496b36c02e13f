#pragma once

// simt.cuh for GPUs of sm_80 and later. PTX ISA 8.x names the instructions.

#include <cuda_runtime.h>

#define SIMT_KERNEL __global__
#define SIMT_DEVICE __device__ __forceinline__
#define SIMT_BOTH __host__ __device__ __forceinline__
#define SIMT_LAUNCH_BOUNDS(threads, blocks) __launch_bounds__(threads, blocks)
#define SIMT_UNROLL _Pragma("unroll")

namespace inferbench::simt {

struct alignas(16) Words4 {
  uint32_t w[4];
};
struct alignas(8) Words2 {
  uint32_t w[2];
};

// The block's dynamic shared memory, as laid out by T; a launch gives sizeof(T).
template <class T>
SIMT_DEVICE T& shared() {
  extern __shared__ __align__(1024) unsigned char simt_shared[];
  return *reinterpret_cast<T*>(simt_shared);
}

SIMT_DEVICE void barrier() {
  __syncthreads();
}
SIMT_DEVICE void warp_barrier() {
  __syncwarp();
}

// Of `count` threads, a multiple of 32, that call it with the same `id` in [1, 15].
SIMT_DEVICE void named_barrier(int id, int count) {
  asm volatile("bar.sync %0, %1;" ::"r"(id), "r"(count) : "memory");
}

// As one of them, but goes on.
SIMT_DEVICE void named_arrive(int id, int count) {
  asm volatile("bar.arrive %0, %1;" ::"r"(id), "r"(count) : "memory");
}

template <class T>
SIMT_DEVICE T shuffle_xor(T value, int mask) {
  return __shfl_xor_sync(0xffffffffU, value, mask);
}
template <class T>
SIMT_DEVICE T shuffle(T value, int lane) {
  return __shfl_sync(0xffffffffU, value, lane);
}
SIMT_DEVICE uint32_t ballot(bool value) {
  return __ballot_sync(0xffffffffU, value);
}

// 16 bytes from global to shared memory, zeros where not `valid` (then `from` is not read). It has
// arrived for this thread after copy_wait, for others after a barrier, too.
SIMT_DEVICE void copy_async16(void* to, const void* from, bool valid = true) {
  const uint32_t address = static_cast<uint32_t>(__cvta_generic_to_shared(to));
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(address), "l"(from),
               "r"(valid ? 16 : 0)
               : "memory");
}
SIMT_DEVICE void copy_commit() {
  asm volatile("cp.async.commit_group;" ::: "memory");
}
// Until at most kOpen of the groups committed last are under way.
template <int kOpen>
SIMT_DEVICE void copy_wait() {
  asm volatile("cp.async.wait_group %0;" ::"n"(kOpen) : "memory");
}

// Global memory that is read once: not kept in L1.
SIMT_DEVICE Words4 load_once16(const void* from) {
  Words4 r;
  asm volatile("ld.global.nc.L1::no_allocate.v4.u32 {%0, %1, %2, %3}, [%4];"
               : "=r"(r.w[0]), "=r"(r.w[1]), "=r"(r.w[2]), "=r"(r.w[3])
               : "l"(from));
  return r;
}
SIMT_DEVICE Words4 load16(const void* from) {
  return *static_cast<const Words4*>(from);
}
SIMT_DEVICE Words2 load8(const void* from) {
  return *static_cast<const Words2*>(from);
}
SIMT_DEVICE void store16(void* to, const Words4& words) {
  *static_cast<Words4*>(to) = words;
}
SIMT_DEVICE void store8(void* to, const Words2& words) {
  *static_cast<Words2*>(to) = words;
}

// Four 8 x 8 matrices of 16-bit elements; lane l names row l % 8 of matrix l / 8 (16 bytes). Lane l
// gets of each matrix the elements 2 (l % 4) and the next of row l / 4; transposed: of column l
// / 4.
SIMT_DEVICE void load_matrix4(uint32_t (&r)[4], const void* row) {
  const uint32_t address = static_cast<uint32_t>(__cvta_generic_to_shared(row));
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"(address)
               : "memory");
}
SIMT_DEVICE void load_matrix4_transposed(uint32_t (&r)[4], const void* row) {
  const uint32_t address = static_cast<uint32_t>(__cvta_generic_to_shared(row));
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"(address)
               : "memory");
}

// d += a * b: a 16 x 16, b 16 x 8 of bf16, d fp32. With g = lane / 4, t = lane % 4:
//   a: rows g, g + 8, g, g + 8; columns 2t, 2t, 2t + 8, 2t + 8 and the next of each
//   b: rows 2t, 2t + 8 and the next of each; column g
//   d: rows g, g, g + 8, g + 8; columns 2t, 2t + 1, 2t, 2t + 1
SIMT_DEVICE void mma_bf16(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
  asm volatile(
      "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, "
      "{%8, %9}, {%0, %1, %2, %3};"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

// d += a * b: a 16 x 32, b 32 x 8 of int8, d int32. As above, with four elements a register:
//   a: columns 4t, 4t, 4t + 16, 4t + 16 and the next three; b: rows 4t, 4t + 16 and the next three
SIMT_DEVICE void mma_s8(int32_t (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
  asm volatile(
      "mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, "
      "{%8, %9}, {%0, %1, %2, %3};"
      : "+r"(d[0]), "+r"(d[1]), "+r"(d[2]), "+r"(d[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

SIMT_DEVICE float as_float(uint32_t bits) {
  return __uint_as_float(bits);
}
SIMT_DEVICE uint32_t as_bits(float value) {
  return __float_as_uint(value);
}

// 2^x; an error of 2 ulp, denormal results are 0.
SIMT_DEVICE float exp2_fast(float x) {
  float y;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
}
SIMT_DEVICE float reciprocal_sqrt(float x) {
  return rsqrtf(x);
}
SIMT_DEVICE float divide(float a, float b) {
  return __fdividef(a, b);
}
SIMT_DEVICE float exp_precise(float x) {
  return expf(x);
}

// Two fp32 to two bf16, rounded to nearest even; `low` in the low half.
SIMT_DEVICE uint32_t pack_bf16(float low, float high) {
  uint32_t r;
  asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(r) : "f"(high), "f"(low));
  return r;
}
// a * b + c of two bf16 each, rounded once.
SIMT_DEVICE uint32_t fma_bf16x2(uint32_t a, uint32_t b, uint32_t c) {
  uint32_t r;
  asm("fma.rn.bf16x2 %0, %1, %2, %3;" : "=r"(r) : "r"(a), "r"(b), "r"(c));
  return r;
}
// (a & b) | c in one instruction.
SIMT_DEVICE uint32_t and_or(uint32_t a, uint32_t b, uint32_t c) {
  uint32_t r;
  asm("lop3.b32 %0, %1, %2, %3, 0xEA;" : "=r"(r) : "r"(a), "r"(b), "r"(c));
  return r;
}
// Four products of signed bytes, added to c.
SIMT_DEVICE int32_t dot4(uint32_t a, uint32_t b, int32_t c) {
  return __dp4a(static_cast<int>(a), static_cast<int>(b), c);
}
// Bytes of the eight of (high, low) that the four low hexadecimal digits of `which` name.
SIMT_DEVICE uint32_t permute_bytes(uint32_t low, uint32_t high, uint32_t which) {
  return __byte_perm(low, high, which);
}
SIMT_DEVICE int32_t round_to_int(float x) {
  return __float2int_rn(x);
}

template <class T>
SIMT_DEVICE T atomic_add(T* to, T value) {
  return atomicAdd(to, value);
}
// As atomic_add; what this thread wrote before is seen by who reads what that one wrote after.
SIMT_DEVICE unsigned atomic_add_ordered(unsigned* to, unsigned value) {
  __threadfence();
  const unsigned before = atomicAdd(to, value);
  __threadfence();
  return before;
}

}  // namespace inferbench::simt
