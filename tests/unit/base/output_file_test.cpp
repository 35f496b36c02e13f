#include "harness/base/output_file.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

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

TEST(OutputFile, IsOneOutputsAlone) {
  const std::string path = scratch("twice.json");
  {
    const OutputFile first(path);
    EXPECT_THROW(OutputFile("/" + path), Error);  // by another name
  }
  const OutputFile again(path);
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

// A pipe stays a pipe, and so does a device; /dev/full has room for nothing.
TEST(OutputFile, WritesDevicesAndPipesWhereTheyAre) {
  const std::string path = scratch("pipe");
  std::filesystem::remove(path);
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  const int reader = ::open(path.c_str(), O_RDONLY | O_NONBLOCK);
  ASSERT_GE(reader, 0);
  OutputFile file(path);
  file.write("{}");
  file.commit();
  EXPECT_TRUE(std::filesystem::is_fifo(path));
  char got[3] = {};
  EXPECT_EQ(::read(reader, got, 2), 2);
  EXPECT_STREQ(got, "{}");
  ::close(reader);
  std::filesystem::remove(path);

  if (!std::filesystem::is_character_file("/dev/full")) GTEST_SKIP() << "no /dev/full";
  std::filesystem::create_symlink("/dev/full", path);
  OutputFile full(path);
  full.write("{}");
  EXPECT_THROW(full.commit(), Failure);
  EXPECT_TRUE(std::filesystem::is_symlink(path));
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace inferbench
