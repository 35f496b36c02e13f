#pragma once

// hopper.cuh for GPUs of sm_90a. PTX ISA 8.x: "mbarrier", "cp.async.bulk.tensor", "wgmma".

#include "kernels/cuda/simt/wgmma_device.cuh"
#include "kernels/cuda/simt/wgmma_transposed_device.cuh"

#define SIMT_CLUSTER(blocks) __cluster_dims__(blocks, 1, 1)
#define SIMT_GRID_CONSTANT __grid_constant__

namespace inferbench::simt {

// Passes when `count` threads have arrived and all bytes that were expected. In shared memory.
struct Gate {
  uint64_t word;
};

// A matrix in global memory as tiles of it are copied; filled by the host as a CUtensorMap.
struct alignas(64) TensorMap {
  unsigned char words[128];
};

SIMT_DEVICE uint32_t shared_address(const void* at) {
  return static_cast<uint32_t>(__cvta_generic_to_shared(at));
}

SIMT_DEVICE void gate_open(Gate& gate, unsigned count) {
  asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(shared_address(&gate)), "r"(count));
}
// After gate_open, before others use the gates; a barrier follows.
SIMT_DEVICE void gates_ready() {
  asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
}

// Arrives, and expects `bytes` more.
SIMT_DEVICE void gate_expect(Gate& gate, unsigned bytes) {
  asm volatile(
      "mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(shared_address(&gate)),
      "r"(bytes)
      : "memory");
}
SIMT_DEVICE void gate_arrive(Gate& gate) {
  asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];" ::"r"(shared_address(&gate)) : "memory");
}
// At the same gate of block `rank` of the cluster.
SIMT_DEVICE void gate_arrive_at(Gate& gate, unsigned rank) {
  asm volatile(
      "{ .reg .b32 remote; mapa.shared::cluster.u32 remote, %0, %1;\n"
      "mbarrier.arrive.release.cluster.shared::cluster.b64 _, [remote]; }" ::"r"(
          shared_address(&gate)),
      "r"(rank)
      : "memory");
}
// At `gate` when all copies of copy_async16 of this thread so far have come.
SIMT_DEVICE void copies_arrive(Gate& gate) {
  asm volatile("cp.async.mbarrier.arrive.noinc.shared::cta.b64 [%0];" ::"r"(shared_address(&gate))
               : "memory");
}
// Before a thread with such copies under way returns.
SIMT_DEVICE void copies_end() {
  asm volatile("cp.async.wait_all;" ::: "memory");
}
// Until the phase of that parity has passed: the first one's is 0.
SIMT_DEVICE void gate_wait(Gate& gate, unsigned parity) {
  asm volatile(
      "{ .reg .pred passed;\n"
      "again: mbarrier.try_wait.parity.acquire.cluster.shared::cta.b64 passed, [%0], %1;\n"
      "@passed bra done;\n"
      "bra again;\n"
      "done: }" ::"r"(shared_address(&gate)),
      "r"(parity)
      : "memory");
}

SIMT_DEVICE void tensor_prefetch(const TensorMap& map) {
  asm volatile("prefetch.tensormap [%0];" ::"l"(&map) : "memory");
}

// The tile whose first element is column x of row y to shared memory, swizzled; zeros beyond the
// matrix. Called by one thread; `gate` gets the tile's bytes.
SIMT_DEVICE void tensor_load(void* to, const TensorMap& map, int x, int y, Gate& gate) {
  asm volatile(
      "cp.async.bulk.tensor.2d.shared::cluster.global.tile.mbarrier::complete_tx::bytes "
      "[%0], [%1, {%2, %3}], [%4];" ::"r"(shared_address(to)),
      "l"(&map), "r"(x), "r"(y), "r"(shared_address(&gate))
      : "memory");
}
// The same to the same place of all blocks of the cluster whose bit is set in `blocks`, and to
// their gates.
SIMT_DEVICE void tensor_load_to(void* to, const TensorMap& map, int x, int y, Gate& gate,
                                unsigned blocks) {
  asm volatile(
      "cp.async.bulk.tensor.2d.shared::cluster.global.tile.mbarrier::complete_tx::bytes"
      ".multicast::cluster [%0], [%1, {%2, %3}], [%4], %5;" ::"r"(shared_address(to)),
      "l"(&map), "r"(x), "r"(y), "r"(shared_address(&gate)),
      "h"(static_cast<unsigned short>(blocks))
      : "memory");
}

SIMT_DEVICE unsigned cluster_rank() {
  unsigned rank;
  asm("mov.u32 %0, %%cluster_ctarank;" : "=r"(rank));
  return rank;
}
SIMT_DEVICE void cluster_barrier() {
  asm volatile(
      "barrier.cluster.arrive.release;\n"
      "barrier.cluster.wait.acquire;" ::
          : "memory");
}

// A tile as an operand: its rows of 128 bytes lie in groups of eight, 1024 bytes apart. Steps of k
// inside it add their bytes / 16 to the result.
SIMT_DEVICE uint64_t operand(const void* tile) {
  return uint64_t{(shared_address(tile) & 0x3ffffU) >> 4} | uint64_t{1} << 16 | uint64_t{64} << 32 |
         uint64_t{1} << 62;
}

// A tile that is read across its rows: its depth runs down them, eight rows 1024 bytes apart. Its
// first 64 columns of 16 bits; further ones lie `bytes` on. Steps of 16 rows add 128 to the result.
SIMT_DEVICE uint64_t transposed_operand(const void* tile, unsigned bytes) {
  return uint64_t{(shared_address(tile) & 0x3ffffU) >> 4} | uint64_t{bytes >> 4} << 16 |
         uint64_t{64} << 32 | uint64_t{1} << 62;
}

// Steps inside it are computed where they are used: for the compiler, which would rather keep those
// of a whole loop in registers.
SIMT_DEVICE uint64_t computed_here(uint64_t operand) {
  asm volatile("" : "+l"(operand));
  return operand;
}

// Products see what threads have written to shared memory, those that began after: between the
// writing and the products, on either side of the gate or barrier that orders them.
SIMT_DEVICE void products_see_writes() {
  asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
}

// Sums are not touched before here, and what was done to them is done: for the compiler, which does
// not know that products write them later.
template <int kSums>
SIMT_DEVICE void products_hold(float (&d)[kSums]) {
  SIMT_UNROLL
  for (int i = 0; i < kSums; ++i) asm volatile("" : "+f"(d[i])::"memory");
}
template <int kSums>
SIMT_DEVICE void products_hold(int32_t (&d)[kSums]) {
  SIMT_UNROLL
  for (int i = 0; i < kSums; ++i) asm volatile("" : "+r"(d[i])::"memory");
}

// Before the first product whose sums threads have written themselves.
SIMT_DEVICE void products_fence() {
  asm volatile("wgmma.fence.sync.aligned;" ::: "memory");
}
SIMT_DEVICE void products_commit() {
  asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory");
}
// Until at most kOpen groups are under way; only then sums are what they should be, and operands
// may be overwritten.
template <int kOpen>
SIMT_DEVICE void products_wait() {
  asm volatile("wgmma.wait_group.sync.aligned %0;" ::"n"(kOpen) : "memory");
}

// Registers of each thread of four warps, from what the kernel was compiled with.
template <int kRegisters>
SIMT_DEVICE void give_registers() {
  asm volatile("setmaxnreg.dec.sync.aligned.u32 %0;" ::"n"(kRegisters));
}
template <int kRegisters>
SIMT_DEVICE void take_registers() {
  asm volatile("setmaxnreg.inc.sync.aligned.u32 %0;" ::"n"(kRegisters));
}

}  // namespace inferbench::simt
