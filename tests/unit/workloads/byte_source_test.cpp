#include "workloads/traces/byte_source.hpp"

#include <zlib.h>

#include <filesystem>
#include <fstream>

#include "tests/unit/workloads/stream_support.hpp"
#include "workloads/load.hpp"
#include "workloads/traces/line_reader.hpp"
#include "workloads/traces/readers.hpp"

namespace inferbench {
namespace {

namespace fs = std::filesystem;

class ByteSourceTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(::testing::TempDir()) /
              (std::string("byte_source_") +
               ::testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::string write(const std::string& name, const std::string& bytes) const {
    const std::string path = (folder_ / name).string();
    std::ofstream(path, std::ios::binary) << bytes;
    return path;
  }
  std::string write_gzip(const std::string& name, const std::string& text) const {
    const std::string path = (folder_ / name).string();
    gzFile file = gzopen(path.c_str(), "wb");
    gzwrite(file, text.data(), static_cast<unsigned>(text.size()));
    gzclose(file);
    return path;
  }
  fs::path folder_;
};

// Digits that gzip cannot shrink to nothing, so that a cut falls inside the data.
std::string azure_rows(int rows) {
  std::string text = "TIMESTAMP,ContextTokens,GeneratedTokens\n";
  for (int i = 0; i < rows; ++i) {
    text += "2023-11-16 18:" + std::to_string(10 + i / 60 % 50) + ":" +
            std::to_string(10 + i % 50) + "," + std::to_string(1 + i * 7919 % 5000) + "," +
            std::to_string(1 + i * 104729 % 900) + "\n";
  }
  return text;
}

TEST_F(ByteSourceTest, GzipIsKnownByContentNotByName) {
  const std::string text = azure_rows(3000);
  const std::string plain = write("plain.gz", text), gzip = write_gzip("gzip.csv", text);
  EXPECT_EQ(read_all(*open_file(plain)), text);
  EXPECT_EQ(read_all(*open_file(gzip)), text);
}

TEST_F(ByteSourceTest, ATruncatedGzipIsAnErrorHoweverItIsCut) {
  const std::string gzip = read_all(*open_file(write_gzip("whole.gz", azure_rows(3000))));
  std::string bytes;
  {
    std::ifstream in((folder_ / "whole.gz").string(), std::ios::binary);
    bytes.assign(std::istreambuf_iterator<char>(in), {});
  }
  for (const std::size_t cut : {std::size_t{5}, bytes.size() / 2, bytes.size() - 4}) {
    const std::string path = write("cut.gz", bytes.substr(0, cut));
    expect_parts(error_of([&] { read_all(*open_file(path)); }), {"cut.gz", "gzip"});
    // Skipping invalid rows does not skip damage, and does not hang on it.
    WorkloadOptions options;
    options.skip_invalid = true;
    options.sort = true;
    EXPECT_THROW(load_workload("azure:" + path, options), Error);
  }
}

TEST_F(ByteSourceTest, DamagedGzipIsAnError) {
  std::string path = write_gzip("whole.gz", azure_rows(3000));
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(200);
  file.write("damage", 6);
  file.close();
  expect_parts(error_of([&] { read_all(*open_file(path)); }), {"gzip data is damaged"});
}

TEST_F(ByteSourceTest, PlacesThatAreNoFilesAreRefused) {
  expect_parts(error_of([&] { open_file((folder_ / "none").string()); }), {"cannot be read"});
  expect_parts(error_of([&] { open_file(folder_.string()); }), {"is a folder"});
  EXPECT_EQ(read_all(*open_file(write("empty", ""))), "");
  EXPECT_EQ(read_all(*open_file(write("one", "x"))), "x");
}

TEST(LineReader, LinesOfEveryKindOfEnd) {
  LineReader lines(
      trace_text("\xEF\xBB\xBF"
                 "a\r\n\r\n \nb\n\nc"));
  std::string_view line;
  ASSERT_TRUE(lines.next(line));
  EXPECT_EQ(line, "a");
  EXPECT_EQ(lines.line_number(), 1U);
  ASSERT_TRUE(lines.next(line));
  EXPECT_EQ(line, "b");
  EXPECT_EQ(lines.line_number(), 4U);
  EXPECT_TRUE(lines.terminated());
  ASSERT_TRUE(lines.next(line));
  EXPECT_EQ(line, "c");
  EXPECT_FALSE(lines.terminated());
  EXPECT_EQ(lines.place(), "trace:6");
  EXPECT_FALSE(lines.next(line));
}

TEST(LineReader, LinesAcrossAndBeyondTheBuffer) {
  std::string text;
  std::vector<std::size_t> sizes;
  for (const std::size_t size : {1UL, 262'143UL, 262'144UL, 262'145UL, 5UL, 1'000'000UL, 2UL}) {
    sizes.push_back(size);
    text += std::string(size, static_cast<char>('a' + sizes.size())) + "\n";
  }
  LineReader lines(trace_text(text));
  std::string_view line;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    ASSERT_TRUE(lines.next(line));
    EXPECT_EQ(line, std::string(sizes[i], static_cast<char>('a' + i + 1)));
  }
  EXPECT_FALSE(lines.next(line));
}

}  // namespace
}  // namespace inferbench
