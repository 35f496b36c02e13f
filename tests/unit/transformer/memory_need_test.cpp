#include "harness/execute/transformer/memory_need.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "decoder_support.hpp"
#include "harness/base/error.hpp"

namespace inferbench {
namespace {

// TinyLlama: 22 layers of 2048 * (2048 + 2 * 256 + 2048 + 3 * 5632) elements, and a head of 32,000
// * 2048: 1,034,420,224 in all. A KV block: 2 * 22 layers * 4 heads * 16 tokens * 64 elements.
TEST(MemoryNeed, AddsUpByHand) {
  const DecoderShape shape = decoder_shape(find_model("tinyllama-1.1b"));
  const MemoryNeed need = memory_need(shape, decoder_format("bf16"), KvType::bf16, 1000, 2048);
  EXPECT_NEAR(need.weights.count(), 1.05 * 1034420224.0 * 2, 1.0);
  EXPECT_EQ(need.table.count(), 32000.0 * 2048 * 2);
  EXPECT_EQ(need.kv.count(), 1000.0 * 2 * 22 * 4 * 16 * 64 * 2);
}

TEST(MemoryNeed, TooLargeAModelIsRefusedWithTheNumber) {
  const DecoderShape shape = decoder_shape(find_model("llama-3-70b"));
  // 69.5 G elements of weights without the table, 2 bytes and 5 % each: 146 GB; 2.1 GB of table.
  const MemoryNeed need = memory_need(shape, decoder_format("bf16"), KvType::bf16, 512, 2048);
  try {
    check_memory("llama-3-70b", need, Bytes(24e9));
    FAIL();
  } catch (const Error& error) {
    const std::string text = error.what();
    EXPECT_NE(text.find("llama-3-70b: executing it takes 152 GB: 146 GB of weights, 2.10 GB"),
              std::string::npos)
        << text;
    EXPECT_NE(text.find("90 % of the 24.0 GB"), std::string::npos) << text;
  }
  EXPECT_NO_THROW(check_memory("llama-3-70b", need, Bytes(300e9)));
  EXPECT_NO_THROW(check_memory("llama-3-70b", need, Bytes(0)));
}

// A folder with the files that Linux would show.
std::string host(const std::string& name, const std::string& limit, const std::string& used) {
  const std::filesystem::path root = std::filesystem::path(::testing::TempDir()) / name;
  std::filesystem::create_directories(root / "proc");
  std::filesystem::create_directories(root / "sys/fs/cgroup");
  std::ofstream(root / "proc/meminfo") << "MemTotal:  4000 kB\nMemFree:  10 kB\n"
                                          "MemAvailable:   3000 kB\nHugePages_Total: 7\n";
  if (!limit.empty()) std::ofstream(root / "sys/fs/cgroup/memory.max") << limit << "\n";
  if (!used.empty()) std::ofstream(root / "sys/fs/cgroup/memory.current") << used << "\n";
  return root.string();
}

TEST(MemoryNeed, AvailableIsTheHostsOrWhatTheControlGroupHasLeft) {
  EXPECT_EQ(available_memory(host("none", "", "")), Bytes(3000.0 * 1024));
  EXPECT_EQ(available_memory(host("unlimited", "max", "100")), Bytes(3000.0 * 1024));
  EXPECT_EQ(available_memory(host("wide", "900000000", "100")), Bytes(3000.0 * 1024));
  EXPECT_EQ(available_memory(host("narrow", "1000000", "400000")), Bytes(600000));
  EXPECT_EQ(available_memory("/no/such/folder"), Bytes(0));
}

}  // namespace
}  // namespace inferbench
