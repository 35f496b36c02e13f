#include "kernels/cuda/module/trace_decode.hpp"

#include <dlfcn.h>
#include <gtest/gtest.h>

#include <cstring>

#include "kernels/cuda/vendor_library.hpp"

namespace inferbench_cuda {
namespace {

// A buffer as CUPTI fills it: records of different sizes one after the other.
class HandMadeBuffer {
 public:
  void external(std::uint64_t id, std::uint32_t correlation) {
    CUpti_ActivityExternalCorrelation record = {};
    record.kind = CUPTI_ACTIVITY_KIND_EXTERNAL_CORRELATION;
    record.externalKind = CUPTI_EXTERNAL_CORRELATION_KIND_CUSTOM0;
    record.externalId = id;
    record.correlationId = correlation;
    append(record);
  }
  void kernel(const char* name, std::uint32_t correlation, std::uint64_t start, std::uint64_t end) {
    KernelRecord record = {};
    record.kind = CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL;
    record.name = name;
    record.correlationId = correlation;
    record.start = start, record.end = end;
    record.gridX = 132, record.gridY = record.gridZ = 1;
    record.blockX = 256, record.blockY = record.blockZ = 1;
    record.registersPerThread = 96;
    record.staticSharedMemory = 1024, record.dynamicSharedMemory = 4096;
    append(record);
  }
  void memset(std::uint32_t correlation, std::uint64_t start, std::uint64_t end) {
    MemsetRecord record = {};
    record.kind = CUPTI_ACTIVITY_KIND_MEMSET;
    record.correlationId = correlation;
    record.start = start, record.end = end;
    append(record);
  }
  std::uint8_t* data() { return reinterpret_cast<std::uint8_t*>(words_.data()); }
  std::size_t bytes() const { return words_.size() * 8; }

 private:
  template <class Record>
  void append(const Record& record) {
    static_assert(sizeof(Record) % 8 == 0);
    const std::size_t at = words_.size();
    words_.resize(at + sizeof(Record) / 8);
    std::memcpy(words_.data() + at, &record, sizeof record);
  }
  std::vector<std::uint64_t> words_;
};

// Reads what HandMadeBuffer writes, as cuptiActivityGetNextRecord does.
CUptiResult next_by_hand(std::uint8_t* buffer, std::size_t bytes, CUpti_Activity** record) {
  std::size_t at = 0;
  if (*record != nullptr) {
    at = static_cast<std::size_t>(reinterpret_cast<std::uint8_t*>(*record) - buffer);
    switch ((*record)->kind) {
      case CUPTI_ACTIVITY_KIND_EXTERNAL_CORRELATION:
        at += sizeof(CUpti_ActivityExternalCorrelation);
        break;
      case CUPTI_ACTIVITY_KIND_MEMSET:
        at += sizeof(MemsetRecord);
        break;
      default:
        at += sizeof(KernelRecord);
    }
  }
  if (at >= bytes) return CUPTI_ERROR_MAX_LIMIT_REACHED;
  *record = reinterpret_cast<CUpti_Activity*>(buffer + at);
  return CUPTI_SUCCESS;
}

// A range launches two kernels, as a product split over k does; a flush before it belongs to none.
TEST(TraceDecoder, GivesKernelsTheIdOfTheirRange) {
  HandMadeBuffer buffer;
  buffer.memset(10, 1000, 1500);
  buffer.external(7, 11);
  buffer.external(7, 12);
  buffer.kernel("_ZN15inferbench_cuda4gemmEv", 11, 2000, 5000);
  buffer.kernel("_ZN15inferbench_cuda6reduceEv", 12, 5100, 5600);
  TraceDecoder decoder(next_by_hand);
  decoder.read(buffer.data(), buffer.bytes());
  std::vector<InferbenchCudaRecord> records = decoder.take();
  ASSERT_EQ(records.size(), 2U);
  EXPECT_EQ(records[0].id, 7U);
  EXPECT_STREQ(records[0].name, "gemm");
  EXPECT_EQ(records[0].start, 2000U);
  EXPECT_EQ(records[0].end, 5000U);
  EXPECT_EQ(records[0].registers, 96);
  EXPECT_EQ(records[0].shared_bytes, 5120);
  EXPECT_EQ(records[0].grid[0], 132);
  EXPECT_STREQ(records[1].name, "reduce");
  // The memset waits once for a range that may still be told of, and then belongs to none.
  records = decoder.take();
  ASSERT_EQ(records.size(), 1U);
  EXPECT_EQ(records[0].id, 0U);
  EXPECT_STREQ(records[0].name, "memset");
  EXPECT_TRUE(decoder.take().empty());
}

TEST(TraceDecoder, FindsARangeThatIsToldOfInALaterBuffer) {
  HandMadeBuffer first, second;
  first.kernel("k", 3, 100, 200);
  second.external(42, 3);
  TraceDecoder decoder(next_by_hand);
  decoder.read(first.data(), first.bytes());
  EXPECT_TRUE(decoder.take().empty());
  decoder.read(second.data(), second.bytes());
  const auto records = decoder.take();
  ASSERT_EQ(records.size(), 1U);
  EXPECT_EQ(records[0].id, 42U);
}

// The kernels of a graph's launch all have the correlation of that launch.
TEST(TraceDecoder, GivesAllKernelsOfAGraphItsId) {
  HandMadeBuffer buffer;
  buffer.external(5, 77);
  for (std::uint64_t i = 0; i < 3; ++i) buffer.kernel("node", 77, 1000 + 10 * i, 1009 + 10 * i);
  TraceDecoder decoder(next_by_hand);
  decoder.read(buffer.data(), buffer.bytes());
  const auto records = decoder.take();
  ASSERT_EQ(records.size(), 3U);
  for (const InferbenchCudaRecord& record : records) EXPECT_EQ(record.id, 5U);
}

// Without room on the device CUPTI hands out records without times, or that end before they start.
TEST(TraceDecoder, CountsRecordsThatCannotBe) {
  HandMadeBuffer buffer;
  buffer.kernel("no_times", 1, 0, 0);
  buffer.kernel("backwards", 2, 500, 400);
  buffer.kernel("nothing", 3, 500, 500);
  buffer.kernel("good", 4, 500, 600);
  TraceDecoder decoder(next_by_hand);
  decoder.read(buffer.data(), buffer.bytes());
  decoder.take();
  EXPECT_EQ(decoder.take().size(), 1U);
  EXPECT_EQ(decoder.records(), 1U);
  EXPECT_EQ(decoder.invalid(), 3U);
}

// CUPTI itself walks the same buffer in the same way; it needs no driver for that.
TEST(TraceDecoder, ReadsABufferAsCuptiDoes) {
  const auto cupti = inferbench::load_vendor_library(inferbench::vendor_library("CUPTI"));
  if (cupti.handle == nullptr) GTEST_SKIP() << cupti.reason;
  const auto next = reinterpret_cast<decltype(&cuptiActivityGetNextRecord)>(
      dlsym(cupti.handle, "cuptiActivityGetNextRecord"));
  ASSERT_NE(next, nullptr);
  HandMadeBuffer buffer;
  buffer.external(9, 21);
  buffer.kernel("walked", 21, 1000, 3000);
  buffer.memset(22, 4000, 4100);
  TraceDecoder decoder(next);
  decoder.read(buffer.data(), buffer.bytes());
  const auto records = decoder.take();
  ASSERT_EQ(records.size(), 1U);
  EXPECT_EQ(records[0].id, 9U);
  EXPECT_STREQ(records[0].name, "walked");
  EXPECT_EQ(decoder.records(), 2U);
}

}  // namespace
}  // namespace inferbench_cuda
