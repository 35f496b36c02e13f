#include <gtest/gtest.h>

#include <array>
#include <numeric>
#include <vector>

#include "harness/base/error.hpp"
#include "kernels/cuda/simt/simt.cuh"

namespace inferbench::simt {
namespace {

constexpr std::array kOrders = {TurnOrder::forward, TurnOrder::backward, TurnOrder::shuffled};

std::string failure(const EmulationOptions& options, const std::function<void()>& kernel) {
  try {
    emulate(options, kernel);
  } catch (const Failure& f) {
    return f.what();
  }
  return "none";
}

TEST(Emulator, EveryThreadOfEveryBlockRunsOnceAtItsPlace) {
  std::vector<int> seen(2 * 3 * 64);
  emulate({.grid = {.x = 3, .y = 2}, .block = {.x = 32, .y = 2}}, [&] {
    EXPECT_EQ(gridDim.x, 3U);
    EXPECT_EQ(blockDim.y, 2U);
    ++seen[(blockIdx.y * 3 + blockIdx.x) * 64 + threadIdx.y * 32 + threadIdx.x];
  });
  EXPECT_EQ(seen, std::vector<int>(2 * 3 * 64, 1));
}

struct Reversal {
  int values[64];
};

TEST(Emulator, ABarrierLetsThreadsSeeWhatOthersWrote) {
  for (const TurnOrder order : kOrders) {
    std::vector<int> out(64);
    const EmulationCounts counts =
        emulate({.block = {.x = 64}, .shared_bytes = sizeof(Reversal), .order = order}, [&] {
          Reversal& s = shared<Reversal>();
          s.values[threadIdx.x] = static_cast<int>(threadIdx.x);
          barrier();
          out[threadIdx.x] = s.values[63 - threadIdx.x];
        });
    for (int i = 0; i < 64; ++i) EXPECT_EQ(out[static_cast<std::size_t>(i)], 63 - i);
    EXPECT_EQ(counts.barriers, 1U);
  }
}

TEST(Emulator, AMissingBarrierShowsInSomeOrder) {
  const auto reversed = [](TurnOrder order) {
    std::vector<int> out(64);
    emulate({.block = {.x = 64}, .shared_bytes = sizeof(Reversal), .order = order}, [&] {
      Reversal& s = shared<Reversal>();
      s.values[threadIdx.x] = static_cast<int>(threadIdx.x);
      out[threadIdx.x] = s.values[63 - threadIdx.x];
    });
    return out;
  };
  EXPECT_NE(reversed(TurnOrder::forward), reversed(TurnOrder::backward));
}

TEST(Emulator, SharedMemoryBeginsAsNaNInEveryBlock) {
  emulate({.grid = {.x = 2}, .block = {.x = 32}, .shared_bytes = 128}, [&] {
    float* words = static_cast<float*>(emulated::shared_memory(128));
    EXPECT_TRUE(std::isnan(words[threadIdx.x]));
    words[threadIdx.x] = 0;
  });
}

TEST(Emulator, LanesExchangeWhatTheyHold) {
  for (const TurnOrder order : kOrders) {
    emulate({.block = {.x = 96}, .order = order}, [&] {
      const int me = static_cast<int>(threadIdx.x);
      // Twice in a row: who is quick does not overwrite what others have not read.
      EXPECT_EQ(shuffle_xor(me, 5), me ^ 5);
      EXPECT_EQ(shuffle(me * 10, 7), (me / 32 * 32 + 7) * 10);
      float sum = static_cast<float>(me);
      for (int mask = 16; mask > 0; mask /= 2) sum += shuffle_xor(sum, mask);
      const int base = me / 32 * 32;
      EXPECT_EQ(sum, static_cast<float>(32 * base + 496));
      EXPECT_EQ(ballot(me % 2 == 0), 0x55555555U);
    });
  }
}

TEST(Emulator, SomeWarpsMeetAtANamedBarrier) {
  for (const TurnOrder order : kOrders) {
    int produced = 0, seen = -1;
    emulate({.block = {.x = 96}, .order = order}, [&] {
      if (threadIdx.x >= 64) return;
      if (threadIdx.x == 5) produced = 42;
      named_barrier(1, 64);
      if (threadIdx.x == 40) seen = produced;
    });
    EXPECT_EQ(seen, 42);
  }
}

TEST(Emulator, ABarrierThatNotAllReachIsAnError) {
  EXPECT_NE(failure({.block = {.x = 64}},
                    [] {
                      if (threadIdx.x < 32) {
                        barrier();
                      } else {
                        named_barrier(2, 64);
                      }
                    })
                .find("cannot go on"),
            std::string::npos);
}

TEST(Emulator, AThreadThatHasReturnedHoldsNobodyUp) {
  emulate({.block = {.x = 64}}, [] {
    if (threadIdx.x >= 32) return;
    barrier();
  });
}

TEST(Emulator, LanesInDifferentPrimitivesAreAnError) {
  EXPECT_NE(failure({.block = {.x = 32}},
                    [] {
                      if (threadIdx.x < 16) {
                        shuffle(1, 0);
                      } else {
                        ballot(true);
                      }
                    })
                .find("different primitives"),
            std::string::npos);
}

TEST(Emulator, ALaneThatIsMissingIsAnError) {
  EXPECT_NE(failure({.block = {.x = 32}},
                    [] {
                      if (threadIdx.x < 31) shuffle(1, 0);
                    })
                .find("cannot go on"),
            std::string::npos);
}

TEST(Emulator, MoreSharedMemoryThanTheLaunchGaveIsAnError) {
  EXPECT_NE(failure({.block = {.x = 32}, .shared_bytes = 8}, [] { shared<Reversal>(); })
                .find("256 bytes of shared memory of 8"),
            std::string::npos);
}

struct alignas(16) Staged {
  std::uint32_t words[2][4];
};

TEST(Emulator, AnAsynchronousCopyArrivesWhenItIsWaitedForAndNoEarlier) {
  alignas(16) const std::uint32_t from[8] = {1, 2, 3, 4, 5, 6, 7, 8};
  emulate({.block = {.x = 32}, .shared_bytes = sizeof(Staged)}, [&] {
    Staged& s = shared<Staged>();
    if (threadIdx.x != 0) return;
    copy_async16(s.words[0], from);
    copy_commit();
    copy_async16(s.words[1], from + 4);
    copy_commit();
    EXPECT_EQ(s.words[0][0], 0xffffffffU);
    copy_wait<1>();
    EXPECT_EQ(s.words[0][3], 4U);
    EXPECT_EQ(s.words[1][0], 0xffffffffU);
    copy_wait<0>();
    EXPECT_EQ(s.words[1][0], 5U);
    copy_async16(s.words[1], nullptr, false);
    copy_commit();
    copy_wait<0>();
    EXPECT_EQ(s.words[1][3], 0U);
  });
}

TEST(Emulator, AnAddressThatIsNotAlignedIsAnError) {
  alignas(16) const std::uint32_t from[8] = {};
  EXPECT_NE(failure({.block = {.x = 32}}, [&] { load16(from + 1); }).find("not aligned to 16"),
            std::string::npos);
}

// Row r, column c holds 16 r + c.
struct alignas(16) Matrix {
  std::uint16_t at[16][16];
};

TEST(Emulator, MatricesAreSpreadOverLanesAsMmaTakesThem) {
  emulate({.block = {.x = 32}, .shared_bytes = sizeof(Matrix)}, [&] {
    Matrix& m = shared<Matrix>();
    const unsigned lane = threadIdx.x;
    for (unsigned i = lane; i < 256; i += 32) m.at[i / 16][i % 16] = static_cast<uint16_t>(i);
    warp_barrier();
    uint32_t r[4];
    load_matrix4(r, &m.at[lane % 16][lane / 16 * 8]);
    const unsigned g = lane / 4, t = lane % 4;
    const auto pair = [](unsigned row, unsigned column) {
      return (16 * row + column) | (16 * row + column + 1) << 16;
    };
    EXPECT_EQ(r[0], pair(g, 2 * t));
    EXPECT_EQ(r[1], pair(g + 8, 2 * t));
    EXPECT_EQ(r[2], pair(g, 2 * t + 8));
    EXPECT_EQ(r[3], pair(g + 8, 2 * t + 8));
    load_matrix4_transposed(r, &m.at[lane % 16][lane / 16 * 8]);
    EXPECT_EQ(r[0], (16 * (2 * t) + g) | (16 * (2 * t + 1) + g) << 16);
    EXPECT_EQ(r[3], (16 * (2 * t + 8) + g + 8) | (16 * (2 * t + 9) + g + 8) << 16);
  });
}

TEST(Emulator, RowsOfAMatrixOnTheSameBanksAreCounted) {
  struct alignas(16) Rows {
    std::uint16_t at[32][64];
  };
  const auto conflicts = [](bool swizzled) {
    return emulate({.block = {.x = 32}, .shared_bytes = sizeof(Rows)},
                   [&] {
                     Rows& m = shared<Rows>();
                     const unsigned lane = threadIdx.x;
                     uint32_t r[4];
                     load_matrix4(r, &m.at[lane][swizzled ? lane % 8 * 8 : 0]);
                   })
        .matrix_conflicts;
  };
  EXPECT_EQ(conflicts(false), 4U * 7U);  // rows of 128 bytes begin on the same bank
  EXPECT_EQ(conflicts(true), 0U);
}

TEST(Emulator, TensorCoresMultiply) {
  // a[i][k] = i + k, b[k][j] = k - j: whole numbers that bf16 holds.
  emulate({.block = {.x = 32}}, [&] {
    const unsigned g = threadIdx.x / 4, t = threadIdx.x % 4;
    const auto a_at = [](unsigned i, unsigned k) { return static_cast<float>(i + k); };
    const auto b_at = [](unsigned k, unsigned j) {
      return static_cast<float>(k) - static_cast<float>(j);
    };
    uint32_t a[4], b[2];
    for (unsigned i = 0; i < 4; ++i) {
      const unsigned row = g + 8 * (i % 2), column = 2 * t + 8 * (i / 2);
      a[i] = pack_bf16(a_at(row, column), a_at(row, column + 1));
    }
    for (unsigned i = 0; i < 2; ++i) {
      b[i] = pack_bf16(b_at(2 * t + 8 * i, g), b_at(2 * t + 8 * i + 1, g));
    }
    float d[4] = {1, 1, 1, 1};
    mma_bf16(d, a, b);
    for (unsigned i = 0; i < 4; ++i) {
      float expected = 1;
      for (unsigned k = 0; k < 16; ++k) {
        expected += a_at(g + 8 * (i / 2), k) * b_at(k, 2 * t + i % 2);
      }
      EXPECT_EQ(d[i], expected);
    }
  });
}

TEST(Emulator, TensorCoresMultiplyBytes) {
  const auto word = [](const auto& at, unsigned row, unsigned column, bool down) {
    uint32_t w = 0;
    for (unsigned i = 0; i < 4; ++i) {
      const int value = down ? at(row + i, column) : at(row, column + i);
      w |= (static_cast<uint32_t>(value) & 0xffU) << (8 * i);
    }
    return w;
  };
  emulate({.block = {.x = 32}}, [&] {
    const unsigned g = threadIdx.x / 4, t = threadIdx.x % 4;
    const auto a_at = [](unsigned i, unsigned k) { return static_cast<int>(i * 7 + k) - 70; };
    const auto b_at = [](unsigned k, unsigned j) { return static_cast<int>(k * 3) - int(j) * 15; };
    uint32_t a[4], b[2];
    for (unsigned i = 0; i < 4; ++i)
      a[i] = word(a_at, g + 8 * (i % 2), 4 * t + 16 * (i / 2), false);
    for (unsigned i = 0; i < 2; ++i) b[i] = word(b_at, 4 * t + 16 * i, g, true);
    int32_t d[4] = {};
    mma_s8(d, a, b);
    for (unsigned i = 0; i < 4; ++i) {
      int expected = 0;
      for (unsigned k = 0; k < 32; ++k) {
        expected += a_at(g + 8 * (i / 2), k) * b_at(k, 2 * t + i % 2);
      }
      EXPECT_EQ(d[i], expected);
    }
  });
}

TEST(SimtNumbers, AreThoseOfTheFormats) {
  EXPECT_EQ(bf16_low(0x3f804000U), 2.0F);
  EXPECT_EQ(bf16_high(0x3f804000U), 1.0F);
  EXPECT_EQ(fp16_value(0x3c00U), 1.0F);
  EXPECT_EQ(fp16_value(0xc500U), -5.0F);
  EXPECT_EQ(fp16_value(0x0001U), 0x1p-24F);  // the smallest of all
  EXPECT_EQ(fp16_value(0), 0.0F);
  EXPECT_EQ(e4m3_value(0x38U), 1.0F);
  EXPECT_EQ(e4m3_value(0xfeU), -448.0F);
  EXPECT_EQ(e4m3_value(0x01U), 0x1p-9F);
  EXPECT_EQ(pack_bf16(1.0F, -2.0F), 0xc0003f80U);
  // Halfway between two bf16: to the even one.
  EXPECT_EQ(pack_bf16(as_float(0x3f808000U), as_float(0x3f818000U)), 0x3f823f80U);
  // 128 + 11 less 136, as nibbles become weights.
  EXPECT_EQ(bf16_low(fma_bf16x2(0x430b430bU, 0x3f803f80U, 0xc308c308U)), 3.0F);
  EXPECT_EQ(permute_bytes(0x33221100U, 0x77665544U, 0x7140U), 0x77114400U);
  EXPECT_EQ(dot4(0x01ff02feU, 0x02020202U, 10), 10);
}

}  // namespace
}  // namespace inferbench::simt
