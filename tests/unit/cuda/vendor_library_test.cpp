#include "kernels/cuda/vendor_library.hpp"

#include <gtest/gtest.h>

#include <cstdlib>

namespace inferbench {
namespace {

class VendorLibraries : public ::testing::Test {
 protected:
  void TearDown() override {
    for (const char* name : {"INFERBENCH_CUPTI", "INFERBENCH_CUDA_LIBRARIES"}) unsetenv(name);
  }
  const VendorLibrary& cupti = vendor_library("CUPTI");
};

TEST_F(VendorLibraries, AreLookedForWhereTheEnvironmentSays) {
  setenv("INFERBENCH_CUPTI", "/somewhere/libcupti.so", 1);
  EXPECT_EQ(vendor_candidates(cupti), (std::vector<std::string>{"/somewhere/libcupti.so"}));
  setenv("INFERBENCH_CUPTI", "/usr:/tmp", 1);
  EXPECT_EQ(vendor_candidates(cupti),
            (std::vector<std::string>{"/usr/libcupti.so.13", "/tmp/libcupti.so.13"}));
}

TEST_F(VendorLibraries, FoldersOfTheEnvironmentComeBeforeTheLoaders) {
  setenv("INFERBENCH_CUDA_LIBRARIES", "/a:/b", 1);
  const std::vector<std::string> candidates = vendor_candidates(cupti);
  ASSERT_GE(candidates.size(), 3U);
  EXPECT_EQ(candidates[0], "/a/libcupti.so.13");
  EXPECT_EQ(candidates[1], "/b/libcupti.so.13");
  EXPECT_EQ(candidates[2], "libcupti.so.13");
}

// One that is hidden is missing with a way out, however many others there are.
TEST_F(VendorLibraries, ThatAreHiddenSayHowToNameThem) {
  setenv("INFERBENCH_CUPTI", "/no/such/folder/libcupti.so.13", 1);
  const LoadedLibrary loaded = load_vendor_library(cupti);
  EXPECT_EQ(loaded.handle, nullptr);
  EXPECT_EQ(loaded.reason, "libcupti.so.13 not found; INFERBENCH_CUPTI=FILE names it");
}

// A file that is no library is told apart from one that is not there.
TEST_F(VendorLibraries, ThatDoNotLoadSayWhy) {
  setenv("INFERBENCH_CUPTI", INFERBENCH_SOURCE_DIR "/README.md", 1);
  const LoadedLibrary loaded = load_vendor_library(cupti);
  EXPECT_EQ(loaded.handle, nullptr);
  EXPECT_NE(loaded.reason.find("README.md: "), std::string::npos) << loaded.reason;
}

}  // namespace
}  // namespace inferbench
