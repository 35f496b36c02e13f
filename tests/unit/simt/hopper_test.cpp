#include <gtest/gtest.h>

#include "kernels/cuda/simt/hopper.cuh"

namespace inferbench::simt {
namespace {

struct Shared {
  struct alignas(1024) Tile {
    std::uint8_t at[8][128];
  } tile;
  Gate gate;
};

// Byte c of row r is 16 r + c, modulo 256.
std::vector<std::byte> matrix(std::int64_t rows, std::int64_t columns) {
  std::vector<std::byte> bytes;
  for (std::int64_t r = 0; r < rows; ++r) {
    for (std::int64_t c = 0; c < columns; ++c) bytes.push_back(static_cast<std::byte>(16 * r + c));
  }
  return bytes;
}

TEST(Hopper, ATileArrivesSwizzledWhenItsGateIsWaitedFor) {
  const std::vector<std::byte> from = matrix(20, 200);
  const TensorMap map{.base = from.data(),
                      .rows = 20,
                      .row_bytes = 200,
                      .pitch = 200,
                      .element_bytes = 1,
                      .tile_rows = 8};
  const EmulationCounts counts = emulate({.block = {.x = 32}, .shared_bytes = sizeof(Shared)}, [&] {
    Shared& s = shared<Shared>();
    if (threadIdx.x == 0) gate_open(s.gate, 1);
    barrier();
    if (threadIdx.x == 0) {
      gate_expect(s.gate, sizeof s.tile);
      tensor_load(&s.tile, map, 100, 15, s.gate);
      EXPECT_EQ(s.tile.at[0][0], 0xff);  // on its way
    }
    gate_wait(s.gate, 0);
    // Eighth 3 of row 2: column 148 of row 17.
    EXPECT_EQ(s.tile.at[2][(3 ^ 2) * 16], (16 * 17 + 100 + 48) % 256);
    EXPECT_EQ(s.tile.at[4][(1 ^ 4) * 16 + 5], (16 * 19 + 100 + 21) % 256);
    EXPECT_EQ(s.tile.at[5][0], 0);           // row 20
    EXPECT_EQ(s.tile.at[0][6 * 16 + 4], 0);  // column 200
  });
  EXPECT_EQ(counts.tensor_copies, 1U);
}

TEST(Hopper, AGateOpensAgainForTheNextPhase) {
  std::vector<int> order;
  emulate({.block = {.x = 64}, .shared_bytes = sizeof(Shared)}, [&] {
    Shared& s = shared<Shared>();
    if (threadIdx.x == 0) gate_open(s.gate, 32);
    barrier();
    if (threadIdx.x < 32) {
      gate_wait(s.gate, 1);  // the phase before the first has passed
      warp_barrier();
      if (threadIdx.x == 0) order.push_back(1);
      gate_arrive(s.gate);
      barrier();  // or the waiters could miss a phase
      if (threadIdx.x == 0) order.push_back(3);
      gate_arrive(s.gate);
      return;
    }
    gate_wait(s.gate, 0);
    if (threadIdx.x == 32) order.push_back(2);
    barrier();
    gate_wait(s.gate, 1);
    if (threadIdx.x == 32) order.push_back(4);
  });
  EXPECT_EQ(order, (std::vector<int>{1, 2, 3, 4}));
}

TEST(Hopper, ATileForAllBlocksOfAClusterReachesTheirGates) {
  const std::vector<std::byte> from = matrix(8, 128);
  const TensorMap map{.base = from.data(),
                      .rows = 8,
                      .row_bytes = 128,
                      .pitch = 128,
                      .element_bytes = 1,
                      .tile_rows = 8};
  emulate({.grid = {.x = 4}, .block = {.x = 32}, .shared_bytes = sizeof(Shared), .cluster = 2},
          [&] {
            Shared& s = shared<Shared>();
            EXPECT_EQ(cluster_rank(), blockIdx.x % 2);
            if (threadIdx.x == 0) {
              gate_open(s.gate, 1);
              gate_expect(s.gate, sizeof s.tile);
            }
            cluster_barrier();
            if (cluster_rank() == 1 && threadIdx.x == 0)
              tensor_load_to(&s.tile, map, 0, 0, s.gate, 3);
            gate_wait(s.gate, 0);
            EXPECT_EQ(s.tile.at[1][16], 16);  // eighth 0 of row 1
            cluster_barrier();
          });
}

// b[k][n] = n - k in 16 rows of 128 columns, 64 of them per tile; a[m][k] = 1 at k = m % 16.
TEST(Hopper, ProductsReadRegistersAndOperandsAcrossTheirRowsWhenTheyAreWaitedFor) {
  struct Columns {
    struct alignas(1024) Tile {
      unsigned char bytes[16 * 128];
    } tile[2];
  };
  emulate({.block = {.x = 128}, .shared_bytes = sizeof(Columns)}, [&] {
    Columns& s = shared<Columns>();
    const unsigned g = threadIdx.x % 32 / 4, t = threadIdx.x % 4;
    float d[64];
    uint32_t a[4] = {};
    products_bf16_transposed(d, a, transposed_operand(&s, sizeof(Columns::Tile)), 0);
    products_commit();
    for (unsigned k = threadIdx.x / 8; k < 16; k += 16) {
      for (unsigned n = threadIdx.x % 8 * 16; n < threadIdx.x % 8 * 16 + 16; ++n) {
        const auto value =
            static_cast<uint16_t>(pack_bf16(static_cast<float>(n) - static_cast<float>(k), 0.0F));
        const unsigned chunk = n % 64 / 8 ^ k % 8;
        std::memcpy(s.tile[n / 64].bytes + k * 128 + chunk * 16 + n % 8 * 2, &value, 2);
      }
    }
    for (unsigned i = 0; i < 4; ++i) {
      const unsigned m = g + 8 * (i % 2), k = 2 * t + 8 * (i / 2);
      a[i] = pack_bf16(m == k ? 1.0F : 0.0F, m == k + 1 ? 1.0F : 0.0F);
    }
    barrier();
    products_wait<0>();
    for (unsigned i = 0; i < 64; ++i) {
      const unsigned m = g + 8 * (i % 4 / 2), n = i / 4 * 8 + 2 * t + i % 2;
      EXPECT_EQ(d[i], static_cast<float>(n) - static_cast<float>(m));
    }
  });
}

TEST(Hopper, WhoArrivesAtANamedBarrierGoesOn) {
  std::vector<int> order;
  emulate({.block = {.x = 64}}, [&] {
    if (threadIdx.x < 32) {
      named_barrier(1, 64);
      if (threadIdx.x == 0) order.push_back(2);
    } else {
      if (threadIdx.x == 32) order.push_back(1);
      named_arrive(1, 64);
    }
  });
  EXPECT_EQ(order, (std::vector<int>{1, 2}));
}

}  // namespace
}  // namespace inferbench::simt
