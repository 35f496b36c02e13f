#include "harness/base/output_file.hpp"

#include <gtest/gtest.h>

#include <filesystem>

#include "harness/base/error.hpp"

namespace inferbench {
namespace {

std::string scratch(const std::string& name) {
  return ::testing::TempDir() + "output_file_" + name;
}

TEST(OutputFile, AppearsOnlyWhenCommitted) {
  const std::string path = scratch("commit.json");
  std::filesystem::remove(path);
  {
    OutputFile file(path);
    file.write("{}");
    EXPECT_FALSE(std::filesystem::exists(path));
    file.commit();
  }
  EXPECT_EQ(read_file(path), "{}");
}

TEST(OutputFile, LeavesTheOlderFileAloneWhenTheRunDies) {
  const std::string path = scratch("older.json");
  {
    OutputFile first(path);
    first.write("first");
    first.commit();
  }
  try {
    OutputFile second(path);
    second.write("half");
    throw std::runtime_error("the run died");
  } catch (const std::runtime_error&) {
  }
  EXPECT_EQ(read_file(path), "first");
}

TEST(OutputFile, RefusesAnUnwritablePlaceBeforeTheRun) {
  EXPECT_THROW(OutputFile("/no/such/folder/result.json"), Error);
  EXPECT_THROW(OutputFile(::testing::TempDir()), Error);
}

}  // namespace
}  // namespace inferbench
