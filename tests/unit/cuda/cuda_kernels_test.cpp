#include <gtest/gtest.h>

#include <cstdlib>
#include <set>
#include <string>

#include "kernels/cuda/bind/session.hpp"
#include "kernels/cuda/load_module.hpp"
#include "kernels/registry.hpp"

namespace inferbench {
namespace {

// The module lies beside the program, not beside this test.
const bool kModuleNamed = [] {
  setenv("INFERBENCH_CUDA_MODULE", INFERBENCH_BINARY_DIR "/bin/libinferbench_cuda.so", 0);
  return true;
}();

using Sizes = std::map<std::string, std::int64_t>;

// Emulated blocks run one thread after the other.
bool emulated() {
  return std::string(CudaSession::open().device().name) == "emulated GPU";
}

std::vector<Sizes> smallest_of(const std::string& op) {
  if (op == "gemm") return {{{"m", 3}, {"n", 130}, {"k", 128}}};
  Sizes heads = {{"requests", 2}, {"context", 40}, {"q_heads", 4}, {"kv_heads", 2}};
  if (op == "paged_decode") return {heads};
  heads["tokens"] = 5;
  if (op == "prefill_attention") return {heads};
  return {{}};  // not emulated
}

// Small and odd sizes of each op, so that every edge of a tile is met.
std::vector<Sizes> sizes_of(const std::string& op) {
  if (emulated()) return smallest_of(op);
  if (op == "gemm") {
    return {{{"m", 1}, {"n", 256}, {"k", 512}},    {{"m", 7}, {"n", 384}, {"k", 1024}},
            {{"m", 16}, {"n", 4096}, {"k", 4096}}, {{"m", 33}, {"n", 128}, {"k", 2048}},
            {{"m", 64}, {"n", 1000}, {"k", 896}},  {{"m", 65}, {"n", 512}, {"k", 640}}};
  }
  if (op == "paged_decode") {
    return {{{"requests", 1}, {"context", 1000}, {"q_heads", 8}, {"kv_heads", 1}},
            {{"requests", 5}, {"context", 333}, {"q_heads", 32}, {"kv_heads", 8}, {"ragged", 1}},
            {{"requests", 3}, {"context", 0}, {"q_heads", 4}, {"kv_heads", 4}}};
  }
  if (op == "prefill_attention") {
    return {{{"requests", 1}, {"tokens", 127}, {"q_heads", 8}, {"kv_heads", 2}},
            {{"requests", 2}, {"tokens", 65}, {"context", 200}, {"q_heads", 4}, {"kv_heads", 4}}};
  }
  if (op == "rope") return {{{"rows", 5}, {"columns", 128}}, {{"rows", 33}, {"columns", 4096}}};
  if (implementations_of(op, Device::cuda).front()->name == "cuda_rows") {
    return {{{"rows", 1}, {"columns", 8}},
            {{"rows", 37}, {"columns", 4096}},
            {{"rows", 3}, {"columns", 28672}}};
  }
  return {{}};
}

std::set<std::string> ops_on_gpus() {
  std::set<std::string> ops;
  for (const Implementation& i : implementations(Device::cuda)) ops.insert(i.op);
  return ops;
}

class CudaKernels : public ::testing::TestWithParam<std::string> {};

TEST_P(CudaKernels, AgreeWithTheReference) {
  if (!cuda_unusable().empty()) GTEST_SKIP() << cuda_unusable();
  for (const Implementation* i : implementations_of(GetParam(), Device::cuda)) {
    for (const std::string& format : i->formats) {
      for (const Sizes& sizes : sizes_of(GetParam())) {
        const KernelCase c = make_case(GetParam(), format, sizes, 7);
        std::string text = i->name + " " + format;
        for (const auto& [axis, size] : sizes) text += " " + axis + "=" + std::to_string(size);
        const Support support = supports(*i, c);
        if (!support.ok) {
          std::printf("skip: %s: %s\n", text.c_str(), support.reason.c_str());
          continue;
        }
        const auto problem = kernel_op(c.op).problem(c);
        problem->round_for_device();
        const auto kernel = i->bind(*problem, 1);
        const Check checked = check(*kernel, problem->oracle(2048), i->relative_error);
        EXPECT_TRUE(checked.pass) << text << ": " << checked.reason;
        // The same again: workspaces are as a run found them.
        const Check again = check(*kernel, problem->oracle(2048), i->relative_error);
        EXPECT_TRUE(again.pass) << text << ", second run: " << again.reason;
      }
    }
  }
}
INSTANTIATE_TEST_SUITE_P(Ops, CudaKernels, ::testing::ValuesIn(ops_on_gpus()),
                         [](const auto& op) { return op.param; });

// What the registry says of a GPU is true without one: names and formats exist, and each says why
// it cannot run.
TEST(CudaImplementations, SayWhyTheyCannotRunHere) {
  for (const Implementation& i : implementations(Device::cuda)) {
    EXPECT_EQ(i.device, Device::cuda) << i.name;
    ASSERT_NE(i.available, nullptr) << i.name;
    const Support support = supports(i, make_case(i.op, i.formats.front(), {}));
    EXPECT_EQ(support.ok, support.reason.empty()) << i.op << " " << i.name;
    EXPECT_TRUE(cuda_unusable().empty() || !support.ok) << i.op << " " << i.name;
  }
}

TEST(CudaImplementations, AreNotTakenForThoseOfTheCpu) {
  for (const Implementation& i : implementations()) EXPECT_EQ(i.device, Device::cpu) << i.name;
}

}  // namespace
}  // namespace inferbench
