#include "kernels/cuda/bind/gemm.hpp"

#include "kernels/cuda/bind/bound_kernel.hpp"
#include "kernels/cuda/calls.h"
#include "kernels/cuda/gemm/stored_weights.hpp"
#include "kernels/gemm/problem.hpp"

namespace inferbench {
namespace {

// A kernel of the module, and how the activations reach it.
struct Product {
  const char* kernel;
  int format;             // InferbenchCudaGemmFormat
  const char* quantise;   // the kernel that makes codes of bf16 activations first; null: none
  double relative_error;  // 0: the CPU's tolerance
  const char *name, *summary;
};

// Sums of int8 are exact, and only their scaling rounds, in another order than the CPU's. e4m3 is
// added up with fewer bits by the tensor cores of Hopper (DeepSeek-V3, arXiv 2412.19437, 3.3.2),
// and a code in a thousand falls on the other side of a tie.
constexpr Product kProducts[] = {
    {"wide_bf16", INFERBENCH_CUDA_BF16, nullptr, 0, "wide", "Hopper: wgmma, for many tokens"},
    {"skinny_bf16", INFERBENCH_CUDA_BF16, nullptr, 0, "skinny", "mma.sync, for few tokens"},
    {"skinny_w8a16", INFERBENCH_CUDA_W8A16, nullptr, 0, "skinny", "mma.sync, for few tokens"},
    {"skinny_w4a16", INFERBENCH_CUDA_W4A16, nullptr, 0, "skinny", "mma.sync, for few tokens"},
    {"wide_int8", INFERBENCH_CUDA_W8A8, "quant_int8", 1e-6, "wide",
     "Hopper: tokens quantised, then wgmma"},
    {"wide_e4m3", INFERBENCH_CUDA_FP8, "quant_fp8", 1e-2, "wide",
     "Hopper: tokens quantised, then wgmma"},
};

enum : std::size_t { kWideBf16, kSkinnyBf16, kSkinnyW8a16, kSkinnyW4a16, kWideInt8, kWideE4m3 };

InferbenchCudaGemm gemm_sizes(const KernelCase& c, const Product& product) {
  InferbenchCudaGemm call = {};
  call.m = c.at("m");
  call.n = c.at("n");
  call.k = c.at("k");
  call.format = product.format;
  call.group = gemm_format(c.format).group;
  return call;
}

InferbenchCudaRows row_sizes(const KernelCase& c) {
  InferbenchCudaRows rows = {};
  rows.rows = c.at("m");
  rows.columns = c.at("k");
  rows.bf16 = 1;
  return rows;
}

class CudaGemm final : public CudaBoundKernel {
 public:
  CudaGemm(const GemmProblem& p, const Product& product)
      : CudaBoundKernel(p.outputs()),
        kernel_(cuda_kernel(product.kernel)),
        call_(gemm_sizes(p.shape(), product)),
        rows_(row_sizes(p.shape())) {
    const StoredWeights stored = stored_weights(product.kernel, p.weights);
    weights_ = DeviceMemory::of(stored.weights);
    scale_ = DeviceMemory::of(stored.scale);
    zero_ = DeviceMemory::of(stored.zero);
    activations_ = DeviceMemory::of(p.in16);
    call_.in = activations_.data();
    call_.weights = weights_.data();
    call_.scale = stored.scale.empty() ? nullptr : scale_.data();
    call_.zero = stored.zero.empty() ? nullptr : zero_.data();
    call_.out = out_.as<float>();
    if (product.quantise != nullptr) quantise_with(product.quantise);
    workspace_ = DeviceMemory::zeros(kernel_.workspace_bytes(&call_));
    call_.workspace = workspace_.data();
  }

  void launch() override {
    if (quantise_ != nullptr) launch_kernel(*quantise_, rows_);
    launch_kernel(kernel_, call_);
  }

 private:
  void quantise_with(const char* kernel) {
    quantise_ = &cuda_kernel(kernel);
    codes_ = DeviceMemory(static_cast<std::size_t>(call_.m * call_.k));
    in_scale_ = DeviceMemory(static_cast<std::size_t>(call_.m) * sizeof(float));
    rows_.x = activations_.data();
    rows_.codes = codes_.data();
    rows_.scale = in_scale_.as<float>();
    call_.in = codes_.data();
    call_.in_scale = in_scale_.data();
  }

  const InferbenchCudaKernel& kernel_;
  const InferbenchCudaKernel* quantise_ = nullptr;
  InferbenchCudaGemm call_;
  InferbenchCudaRows rows_;
  DeviceMemory weights_, scale_, zero_, codes_, in_scale_, workspace_;
};

template <std::size_t kProduct>
Support gemm_available(const KernelCase& c) {
  constexpr const Product& kOne = kProducts[kProduct];
  if (kOne.quantise != nullptr) {
    const InferbenchCudaRows rows = row_sizes(c);
    if (Support support = supports_cuda_kernel(kOne.quantise, &rows); !support.ok) return support;
  }
  const InferbenchCudaGemm sizes = gemm_sizes(c, kOne);
  return supports_cuda_kernel(kOne.kernel, &sizes);
}

template <std::size_t kProduct>
std::unique_ptr<BoundKernel> bind_gemm(const Problem& problem, unsigned /*threads*/) {
  return std::make_unique<CudaGemm>(dynamic_cast<const GemmProblem&>(problem), kProducts[kProduct]);
}

template <std::size_t kProduct>
Implementation product(const std::vector<std::string>& formats) {
  constexpr const Product& kOne = kProducts[kProduct];
  return {
      .op = "gemm",
      .name = std::string(kOne.name) + "_" + formats.front().substr(0, formats.front().find('-')),
      .provider = "own",
      .formats = formats,
      .summary = kOne.summary,
      .available = gemm_available<kProduct>,
      .bind = bind_gemm<kProduct>,
      .device = Device::cuda,
      .relative_error = kOne.relative_error};
}

}  // namespace

// Where both compute a format, the one for few tokens comes first: it refuses nothing that matters,
// and `best` is for decoding.
std::vector<Implementation> cuda_gemm_implementations() {
  return {product<kSkinnyBf16>({"bf16"}),
          product<kWideBf16>({"bf16"}),
          product<kSkinnyW8a16>({"w8a16"}),
          product<kSkinnyW4a16>({"w4a16-g128", "w4a16-g64", "w4a16-g128-zp", "w4a16-g64-zp"}),
          product<kWideInt8>({"w8a8"}),
          product<kWideE4m3>({"fp8-channel"})};
}

}  // namespace inferbench
