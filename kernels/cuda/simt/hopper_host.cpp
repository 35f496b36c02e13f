#include <array>

#include "harness/base/error.hpp"
#include "kernels/cuda/simt/hopper.cuh"

namespace inferbench::simt {
namespace {

// A gate's word: arrivals a phase takes, arrivals still missing, bytes still missing, parity.
struct GateState {
  std::uint64_t count : 15, missing : 15, parity : 1;
  std::int64_t bytes : 33;
};
static_assert(sizeof(GateState) == sizeof(Gate));

template <class Change>
void change(Gate& gate, Change of) {
  GateState state;
  std::memcpy(&state, &gate, sizeof state);
  of(state);
  if (state.missing == 0 && state.bytes == 0) {
    state.missing = state.count;
    state.parity = state.parity == 0 ? 1 : 0;
  }
  std::memcpy(&gate, &state, sizeof state);
  emulated::progress();
}

void arrive(GateState& state) {
  if (state.missing == 0) throw Failure("more threads arrive at a gate than it was opened for");
  state.missing = (state.missing - 1) & 0x7fffU;
}

std::size_t offset_in_block(const void* at) {
  return static_cast<std::size_t>(static_cast<const std::byte*>(at) -
                                  emulated::shared_memory_of(emulated::cluster_rank()));
}

std::byte* of_block(const void* at, unsigned rank) {
  return emulated::shared_memory_of(rank) + offset_in_block(at);
}

void copy_tile(std::byte* to, const TensorMap& map, std::int64_t x, std::int64_t y) {
  for (std::int64_t r = 0; r < map.tile_rows; ++r) {
    for (std::int64_t byte = 0; byte < 128; ++byte) {
      const std::int64_t column = x * map.element_bytes + byte, eighth = byte / 16 ^ (r % 8);
      const bool inside = y + r < map.rows && column < map.row_bytes;
      to[r * 128 + eighth * 16 + byte % 16] =
          inside ? map.base[(y + r) * map.pitch + column] : std::byte{0};
    }
  }
}

// Byte `byte` of row `row` of an operand, as the hardware finds it from a descriptor.
const std::byte* operand_byte(std::uint64_t descriptor, std::int64_t row, std::int64_t byte) {
  const std::uint64_t start = (descriptor & 0x3fffU) << 4;
  const std::uint64_t stride = (descriptor >> 32 & 0x3fffU) << 4;
  const std::uint64_t linear = start + static_cast<std::uint64_t>(row / 8) * stride +
                               static_cast<std::uint64_t>(row % 8 * 128 + byte);
  const std::uint64_t swizzled = linear ^ ((linear >> 7 & 7U) << 4);
  return emulated::shared_memory_of(emulated::cluster_rank()) + swizzled;
}

float float_at(ProductType type, std::uint64_t descriptor, std::int64_t row, std::int64_t k) {
  if (type == ProductType::e4m3) {
    return e4m3_value(static_cast<std::uint32_t>(*operand_byte(descriptor, row, k)));
  }
  std::uint16_t bits;
  std::memcpy(&bits, operand_byte(descriptor, row, 2 * k), sizeof bits);
  return bf16_low(bits);
}

std::int32_t int_at(std::uint64_t descriptor, std::int64_t row, std::int64_t k) {
  return static_cast<std::int8_t>(*operand_byte(descriptor, row, k));
}

// Element `column` of row `k` of an operand that is read across its rows.
float transposed_at(std::uint64_t descriptor, std::int64_t k, std::int64_t column) {
  const std::uint64_t start = (descriptor & 0x3fffU) << 4;
  const std::uint64_t further = (descriptor >> 16 & 0x3fffU) << 4;
  const std::uint64_t stride = (descriptor >> 32 & 0x3fffU) << 4;
  const std::uint64_t linear = start + static_cast<std::uint64_t>(column / 64) * further +
                               static_cast<std::uint64_t>(k / 8) * stride +
                               static_cast<std::uint64_t>(k % 8 * 128 + column % 64 * 2);
  std::uint16_t bits;
  std::memcpy(
      &bits,
      emulated::shared_memory_of(emulated::cluster_rank()) + (linear ^ ((linear >> 7 & 7U) << 4)),
      sizeof bits);
  return bf16_low(bits);
}

// Rows g and g + 8 of a, 16 elements each. A thread holds elements 2 t, 2 t + 1, 2 t + 8 and
// 2 t + 9 of both; the four of a row know the rest.
struct Rows {
  float at[2][16];
};
Rows rows_of(const std::array<const std::uint32_t*, 4>& lanes) {
  Rows rows;
  for (unsigned t = 0; t < 4; ++t) {
    for (unsigned i = 0; i < 4; ++i) {
      const std::uint32_t word = lanes[t][i];
      rows.at[i % 2][2 * t + 8 * (i / 2)] = bf16_low(word);
      rows.at[i % 2][2 * t + 8 * (i / 2) + 1] = bf16_high(word);
    }
  }
  return rows;
}

template <class Sum, class At>
void multiply(Sum* sums, int columns, std::int64_t warp_row, std::int64_t lane, std::int64_t depth,
              bool accumulate, At at) {
  for (std::int64_t s = 0; s < columns / 2; ++s) {
    const std::int64_t row = warp_row + lane / 4 + 8 * (s % 4 / 2);
    const std::int64_t column = s / 4 * 8 + 2 * (lane % 4) + s % 2;
    Sum sum = 0;
    for (std::int64_t k = 0; k < depth; ++k) sum += at(0, row, k) * at(1, column, k);
    sums[s] = accumulate ? sums[s] + sum : sum;
  }
}

}  // namespace

void gate_open(Gate& gate, unsigned count) {
  emulated::require_aligned(&gate, 8, "a gate");
  const GateState state{
      .count = count & 0x7fffU, .missing = count & 0x7fffU, .parity = 0, .bytes = 0};
  std::memcpy(&gate, &state, sizeof state);
}

void gate_expect(Gate& gate, unsigned bytes) {
  change(gate, [&](GateState& state) {
    state.bytes += bytes;
    arrive(state);
  });
}

void gate_arrive(Gate& gate) {
  change(gate, arrive);
}

void copies_arrive(Gate& gate) {
  emulated::send_copies(&gate, [&gate] { change(gate, arrive); });
}

void gate_arrive_at(Gate& gate, unsigned rank) {
  change(*reinterpret_cast<Gate*>(of_block(&gate, rank)), arrive);
}

void gate_wait(Gate& gate, unsigned parity) {
  emulated::wait_until("a gate", [&] {
    emulated::deliver(&gate);
    GateState state;
    std::memcpy(&state, &gate, sizeof state);
    return state.parity != parity;
  });
}

void tensor_load_to(void* to, const TensorMap& map, int x, int y, Gate& gate, unsigned blocks) {
  emulated::require_aligned(to, 1024, "a tile");
  ++emulated::counts().tensor_copies;
  for (unsigned rank = 0; blocks >> rank != 0; ++rank) {
    if ((blocks >> rank & 1U) == 0) continue;
    std::byte* const place = of_block(to, rank);
    auto* const its_gate = reinterpret_cast<Gate*>(of_block(&gate, rank));
    emulated::send(its_gate, [=, &map] {
      copy_tile(place, map, x, y);
      change(*its_gate, [&](GateState& state) { state.bytes -= map.tile_rows * 128; });
    });
  }
}

uint64_t operand(const void* tile) {
  emulated::require_aligned(tile, 1024, "an operand");
  return std::uint64_t{offset_in_block(tile) >> 4} | std::uint64_t{1} << 16 |
         std::uint64_t{64} << 32 | std::uint64_t{1} << 62;
}

void queue_product(ProductType type, void* sums, int columns, uint64_t a, uint64_t b,
                   bool accumulate) {
  const std::int64_t warp_row = emulated::thread() / 32 % 4 * 16, lane = emulated::lane();
  if (emulated::thread() % 128 == 0) ++emulated::counts().tensor_operations;
  emulated::queue_product([=] {
    if (type == ProductType::s8) {
      multiply(static_cast<std::int32_t*>(sums), columns, warp_row, lane, 32, accumulate,
               [&](int of, std::int64_t row, std::int64_t k) {
                 return int_at(of == 0 ? a : b, row, k);
               });
      return;
    }
    multiply(static_cast<float*>(sums), columns, warp_row, lane,
             type == ProductType::bf16 ? 16 : 32, accumulate,
             [&](int of, std::int64_t row, std::int64_t k) {
               return float_at(type, of == 0 ? a : b, row, k);
             });
  });
}

uint64_t transposed_operand(const void* tile, unsigned bytes) {
  emulated::require_aligned(tile, 1024, "an operand");
  return std::uint64_t{offset_in_block(tile) >> 4} | std::uint64_t{bytes >> 4} << 16 |
         std::uint64_t{64} << 32 | std::uint64_t{1} << 62;
}

void queue_transposed_product(float* sums, int columns, const uint32_t* a, uint64_t a_descriptor,
                              uint64_t b, bool accumulate) {
  const std::int64_t lane = emulated::lane(), row = emulated::thread() / 32 % 4 * 16 + lane / 4;
  if (emulated::thread() % 128 == 0) ++emulated::counts().tensor_operations;
  // Registers, too, are read late: what four lanes hold then is a row.
  std::array<const std::uint32_t*, 4> of_row{};
  if (a != nullptr) {
    const std::byte* all = emulated::exchange("products_bf16_transposed", &a, sizeof a);
    for (std::size_t t = 0; t < 4; ++t) {
      std::memcpy(&of_row[t], all + (static_cast<std::size_t>(lane / 4 * 4) + t) * 64, sizeof a);
    }
  }
  emulated::queue_product([=, registers = a != nullptr] {
    Rows rows = registers ? rows_of(of_row) : Rows{};
    for (std::int64_t k = 0; !registers && k < 32; ++k) {
      rows.at[k / 16][k % 16] = float_at(ProductType::bf16, a_descriptor, row + k / 16 * 8, k % 16);
    }
    for (std::int64_t pair = 0; pair < columns / 4; ++pair) {
      const std::int64_t column = pair / 2 * 8 + 2 * (lane % 4) + pair % 2;
      float of_two[2] = {0, 0};
      for (std::int64_t k = 0; k < 16; ++k) {
        const float value = transposed_at(b, k, column);
        for (int h = 0; h < 2; ++h) of_two[h] += rows.at[h][k] * value;
      }
      for (int h = 0; h < 2; ++h) {
        float& sum = sums[pair / 2 * 4 + 2 * h + pair % 2];
        sum = accumulate ? sum + of_two[h] : of_two[h];
      }
    }
  });
}

void products_commit() {
  emulated::commit_products();
}

void products_wait_for(int open) {
  emulated::wait_for_products(open);
}

}  // namespace inferbench::simt
