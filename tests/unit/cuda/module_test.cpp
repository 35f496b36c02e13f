#include "kernels/cuda/module.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <set>
#include <string>

#include "kernels/cuda/calls.h"
#include "kernels/cuda/load_module.hpp"

namespace inferbench {
namespace {

std::string test_module(const std::string& name) {
  return std::string(INFERBENCH_TEST_MODULES) + "/" + name + ".so";
}

std::string output_of(const std::string& command) {
  std::string out;
  std::array<char, 4096> part{};
  FILE* pipe = popen((command + " 2>/dev/null").c_str(), "r");
  while (pipe != nullptr && fgets(part.data(), part.size(), pipe) != nullptr) out += part.data();
  if (pipe != nullptr) pclose(pipe);
  return out;
}

std::string binary(const std::string& name) {
  return std::string(INFERBENCH_BINARY_DIR) + "/bin/" + name;
}

TEST(CudaModule, ThatIsNotThereIsNamed) {
  const CudaModule module = load_cuda_module("/no/such/libinferbench_cuda.so");
  EXPECT_FALSE(module);
  EXPECT_NE(module.reason.find("/no/such/libinferbench_cuda.so was not built"), std::string::npos);
}

TEST(CudaModule, OfAnotherVersionIsRefused) {
  const CudaModule module = load_cuda_module(test_module("inferbench_cuda_other_version"));
  EXPECT_FALSE(module);
  EXPECT_NE(module.reason.find("another version of inferbench (99, this is "), std::string::npos)
      << module.reason;
}

TEST(CudaModule, WithoutATableIsRefused) {
  const CudaModule module = load_cuda_module(test_module("inferbench_cuda_no_module"));
  EXPECT_FALSE(module);
  EXPECT_NE(module.reason.find("is no CUDA module"), std::string::npos) << module.reason;
}

// The program starts where neither toolkit nor driver is installed.
TEST(CudaModule, LeavesTheProgramWithoutCuda) {
  const std::string needed = output_of("ldd " + binary("inferbench"));
  ASSERT_NE(needed.find("libc.so"), std::string::npos);
  for (const char* library : {"cuda", "cublas", "cudnn", "nccl", "cupti", "nvidia"}) {
    EXPECT_EQ(needed.find(library), std::string::npos) << library;
  }
  EXPECT_EQ(
      output_of("nm -D --undefined-only " + binary("inferbench") + " | grep -E ' (cu|nccl)[A-Z]'"),
      "");
}

#ifdef INFERBENCH_HAS_CUDA

const InferbenchCudaTable& table() {
  static const CudaModule module = load_cuda_module(binary("libinferbench_cuda.so"));
  EXPECT_TRUE(module) << module.reason;
  return *module.table;
}

TEST(CudaModule, NeedsNoLibraryOfNvidiasToLoad) {
  const std::string needed = output_of("readelf -d " + binary("libinferbench_cuda.so"));
  ASSERT_NE(needed.find("libc.so"), std::string::npos);
  for (const char* word : {"libcuda", "libcublas", "libcudnn", "libnccl", "libcupti", "RUNPATH"}) {
    EXPECT_EQ(needed.find(word), std::string::npos) << word;
  }
  EXPECT_EQ(output_of("nm -D --defined-only " + binary("libinferbench_cuda.so") + " | wc -l"),
            "1\n");
}

// With a driver: devices. Without: none, and why.
TEST(CudaModule, AnswersWithoutADriver) {
  InferbenchCudaProbe probe = {};
  table().probe(&probe);
  EXPECT_GE(probe.runtime_version, 13000);
  EXPECT_EQ(probe.devices == 0, probe.reason[0] != '\0');
  if (probe.driver_version == 0) {
    EXPECT_STREQ(probe.reason, "no NVIDIA driver on this machine");
    void* memory = nullptr;
    EXPECT_NE(table().allocate(&memory, 16), 0);
    EXPECT_NE(std::string(table().message()).find("allocating device memory: cudaError"),
              std::string::npos);
  }
}

TEST(CudaModule, KernelsHaveNamesOfTheirOwnAndSayWhatTheyRefuse) {
  std::set<std::string> names;
  for (int i = 0; i < table().kernel_count; ++i) {
    const InferbenchCudaKernel& kernel = table().kernels[i];
    EXPECT_TRUE(names.insert(kernel.name).second) << kernel.name;
    EXPECT_GE(kernel.least_sm, 80);
    EXPECT_NE(kernel.refuses, nullptr);
    EXPECT_NE(kernel.workspace_bytes, nullptr);
    EXPECT_NE(kernel.launch, nullptr);
    if (std::string(kernel.name) != "rmsnorm") continue;
    InferbenchCudaRows rows = {};
    rows.rows = 3, rows.columns = 4095;
    EXPECT_STREQ(kernel.refuses(&rows), "needs columns that are a multiple of 8");
    rows.columns = 4096;
    EXPECT_EQ(kernel.refuses(&rows), nullptr);
  }
  EXPECT_TRUE(names.contains("read"));
  EXPECT_TRUE(names.contains("rmsnorm"));
}

TEST(CudaModule, RefusesToTraceBeforeItWasClaimed) {
  EXPECT_NE(table().trace_start(), 0);
  EXPECT_NE(std::string(table().message()).find("not claimed"), std::string::npos);
}

#endif

}  // namespace
}  // namespace inferbench
