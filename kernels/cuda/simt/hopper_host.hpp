#pragma once

// hopper.cuh for the host. Everything asynchronous happens as late as it may: tiles arrive when
// their gate is waited for, products read their operands when they are waited for.

#include "kernels/cuda/simt/host.hpp"

#define SIMT_CLUSTER(blocks)
#define SIMT_GRID_CONSTANT

namespace inferbench::simt {

struct Gate {
  uint64_t word;
};

// Rows of `row_bytes`, `pitch` bytes apart; tiles of `tile_rows` rows and 128 bytes.
struct TensorMap {
  const std::byte* base = nullptr;
  int64_t rows = 0, row_bytes = 0, pitch = 0;
  int element_bytes = 2, tile_rows = 0;
};

void gate_open(Gate& gate, unsigned count);
inline void gates_ready() {}
void gate_expect(Gate& gate, unsigned bytes);
void gate_arrive(Gate& gate);
void copies_arrive(Gate& gate);
inline void copies_end() {}
void gate_arrive_at(Gate& gate, unsigned rank);
void gate_wait(Gate& gate, unsigned parity);

inline void tensor_prefetch(const TensorMap&) {}
void tensor_load_to(void* to, const TensorMap& map, int x, int y, Gate& gate, unsigned blocks);
inline void tensor_load(void* to, const TensorMap& map, int x, int y, Gate& gate) {
  tensor_load_to(to, map, x, y, gate, 1U << emulated::cluster_rank());
}

inline unsigned cluster_rank() {
  return emulated::cluster_rank();
}
inline void cluster_barrier() {
  emulated::cluster_barrier();
}

uint64_t operand(const void* tile);
uint64_t transposed_operand(const void* tile, unsigned bytes);
inline uint64_t computed_here(uint64_t operand) {
  return operand;
}
inline void products_see_writes() {}
template <int kSums>
void products_hold(float (&)[kSums]) {}
template <std::size_t kSums>
void products_hold(int32_t (&)[kSums]) {}
inline void products_fence() {}
void products_commit();
void products_wait_for(int open);
template <int kOpen>
void products_wait() {
  products_wait_for(kOpen);
}

enum class ProductType { bf16, e4m3, s8 };
// `sums`: floats, int32 of s8.
void queue_product(ProductType type, void* sums, int columns, uint64_t a, uint64_t b,
                   bool accumulate);

template <std::size_t kSums>
void products_bf16(float (&d)[kSums], uint64_t a, uint64_t b, int accumulate) {
  queue_product(ProductType::bf16, d, kSums * 2, a, b, accumulate != 0);
}
template <std::size_t kSums>
void products_e4m3(float (&d)[kSums], uint64_t a, uint64_t b, int accumulate) {
  queue_product(ProductType::e4m3, d, kSums * 2, a, b, accumulate != 0);
}
template <std::size_t kSums>
void products_s8(int32_t (&d)[kSums], uint64_t a, uint64_t b, int accumulate) {
  queue_product(ProductType::s8, d, kSums * 2, a, b, accumulate != 0);
}

// `a`: this thread's part of it, or null: the descriptor is taken.
void queue_transposed_product(float* sums, int columns, const uint32_t* a, uint64_t a_descriptor,
                              uint64_t b, bool accumulate);

template <std::size_t kSums>
void products_bf16_transposed(float (&d)[kSums], const uint32_t (&a)[4], uint64_t b,
                              int accumulate) {
  queue_transposed_product(d, kSums * 2, a, 0, b, accumulate != 0);
}
template <std::size_t kSums>
void products_bf16_transposed(float (&d)[kSums], uint64_t a, uint64_t b, int accumulate) {
  queue_transposed_product(d, kSums * 2, nullptr, a, b, accumulate != 0);
}

template <int kRegisters>
void give_registers() {}
template <int kRegisters>
void take_registers() {}

}  // namespace inferbench::simt
