#include "harness/catalog/gpu_instances.hpp"

#include <gtest/gtest.h>

#include "harness/base/error.hpp"
#include "harness/catalog/catalog.hpp"

namespace inferbench {
namespace {

HardwareSpec split(const std::string& gpu, const std::string& text) {
  return instance_of(find_gpu(gpu), parse_gpu_sharing(text, "x"), "--instances");
}

// 7 x 1g.10gb: a seventh of the compute, an eighth of memory and bandwidth. 3 x 2g.20gb: 2/7, 2/8.
TEST(GpuInstances, MigSlicesComputeInSevenAndMemoryInEight) {
  const HardwareSpec whole = find_gpu("h100");
  const HardwareSpec seventh = split("h100", "7,mig"), third = split("h100", "3,mig");
  EXPECT_DOUBLE_EQ(seventh.peaks.at(DType::bf16) / whole.peaks.at(DType::bf16), 1.0 / 7);
  EXPECT_DOUBLE_EQ(seventh.memory / whole.memory, 1.0 / 8);
  EXPECT_DOUBLE_EQ(seventh.memory_bandwidth / whole.memory_bandwidth, 1.0 / 8);
  EXPECT_DOUBLE_EQ(third.peaks.at(DType::fp8) / whole.peaks.at(DType::fp8), 2.0 / 7);
  EXPECT_DOUBLE_EQ(third.memory / whole.memory, 2.0 / 8);
  EXPECT_EQ(seventh.instances_per_gpu, 7);
}

TEST(GpuInstances, SharingGivesEachAnEvenPart) {
  const HardwareSpec whole = find_gpu("l40s"), fifth = split("l40s", "5");
  EXPECT_DOUBLE_EQ(fifth.peaks.at(DType::bf16) / whole.peaks.at(DType::bf16), 0.2);
  EXPECT_DOUBLE_EQ(fifth.memory_bandwidth / whole.memory_bandwidth, 0.2);
  EXPECT_DOUBLE_EQ(fifth.pcie / whole.pcie, 0.2);
}

TEST(GpuInstances, WhatCannotBeSplitIsRefused) {
  for (const char* text : {"0", "65", "two", "2,mim", "2,"}) {
    EXPECT_THROW(parse_gpu_sharing(text, "--instances"), Error) << text;
  }
  EXPECT_THROW(split("h100", "5,mig"), Error);
  EXPECT_THROW(split("l40s", "2,mig"), Error);
}

}  // namespace
}  // namespace inferbench
