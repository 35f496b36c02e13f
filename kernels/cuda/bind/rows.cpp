#include "kernels/cuda/bind/rows.hpp"

#include <algorithm>
#include <limits>

#include "kernels/cpu/convert.hpp"
#include "kernels/cuda/bind/bound_kernel.hpp"
#include "kernels/cuda/calls.h"
#include "kernels/elementwise/problem.hpp"

namespace inferbench {
namespace {

DeviceMemory of_type(bool bf16, const std::vector<std::uint16_t>& x16,
                     const std::vector<float>& x) {
  return bf16 ? DeviceMemory::of(x16) : DeviceMemory::of(x);
}

// Results in fp32; of operations that add, the residual behind them.
class CudaRows : public CudaBoundKernel {
 public:
  CudaRows(const RowProblem& p, const char* kernel, std::size_t outputs)
      : CudaBoundKernel(outputs),
        kernel_(cuda_kernel(kernel)),
        y_(of_type(p.bf16, p.y16, p.y)),
        weight_(DeviceMemory::of(p.weight)),
        cosine_(DeviceMemory::of(p.cosine)),
        sine_(DeviceMemory::of(p.sine)) {
    activations_ = of_type(p.bf16, p.x16, p.x);
    call_ = {.rows = p.rows,
             .columns = p.columns,
             .bf16 = p.bf16 ? 1 : 0,
             .x = activations_.data(),
             .y = y_.data(),
             .weight = weight_.as<float>(),
             .cosine = cosine_.as<float>(),
             .sine = sine_.as<float>(),
             .out = out_.as<float>(),
             .residual = out_.as<float>() + p.rows * p.columns,
             .scale = nullptr,
             .codes = nullptr,
             .epsilon = 1e-5F};
  }
  void launch() override { launch_kernel(kernel_, call_); }

 protected:
  InferbenchCudaRows call_ = {};

 private:
  const InferbenchCudaKernel& kernel_;
  DeviceMemory y_, weight_, cosine_, sine_;
};

// Codes and scales, as the values they stand for. The fp32 output holds the scales.
class CudaCodes final : public CudaRows {
 public:
  CudaCodes(const RowProblem& p, const char* kernel)
      : CudaRows(p, kernel, static_cast<std::size_t>(p.rows)),
        fp8_(gives_fp8(p.op)),
        columns_(static_cast<std::size_t>(p.columns)),
        codes_(static_cast<std::size_t>(p.rows * p.columns), unwritten()) {
    call_.scale = out_.as<float>();
    call_.residual = nullptr;
    call_.codes = codes_.as<void>();
  }
  void poison() override {
    CudaRows::poison();
    codes_.poison();
  }
  bool guards_intact() const override {
    return CudaRows::guards_intact() && codes_.guards_intact();
  }
  std::span<const float> output() override {
    const std::span<const float> scales = CudaRows::output();
    std::vector<std::uint8_t> codes(codes_.bytes());
    codes_.read(std::as_writable_bytes(std::span(codes)));
    decoded_.resize(codes.size());
    for (std::size_t i = 0; i < codes.size(); ++i) {
      decoded_[i] = decode(codes[i]) * scales[i / columns_];
    }
    return decoded_;
  }

 private:
  // No kernel gives these: -128, and e4m3's NaN.
  std::uint8_t unwritten() const { return fp8_ ? 0x7F : 0x80; }
  float decode(std::uint8_t code) const {
    if (fp8_) return e4m3_to_float(code);
    return code == unwritten() ? std::numeric_limits<float>::quiet_NaN()
                               : static_cast<float>(static_cast<std::int8_t>(code));
  }

  bool fp8_;
  std::size_t columns_;
  DeviceOutput codes_;
  std::vector<float> decoded_;
};

constexpr const char* kOps[] = {"rmsnorm", "add_rmsnorm", "silu_mul",
                                "rope",    "quant_int8",  "quant_fp8"};

Support rows_available(const KernelCase& c) {
  const InferbenchCudaRows sizes = {.rows = c.at("rows"),
                                    .columns = c.at("columns"),
                                    .bf16 = c.format == "bf16" ? 1 : 0,
                                    .x = nullptr,
                                    .y = nullptr,
                                    .weight = nullptr,
                                    .cosine = nullptr,
                                    .sine = nullptr,
                                    .out = nullptr,
                                    .residual = nullptr,
                                    .scale = nullptr,
                                    .codes = nullptr,
                                    .epsilon = 0};
  return supports_cuda_kernel(c.op.c_str(), &sizes);
}

std::unique_ptr<BoundKernel> bind_rows(const Problem& problem, unsigned /*threads*/) {
  const auto& p = dynamic_cast<const RowProblem&>(problem);
  const char* kernel = p.shape().op.c_str();
  if (gives_codes(p.op)) return std::make_unique<CudaCodes>(p, kernel);
  return std::make_unique<CudaRows>(p, kernel, p.outputs());
}

}  // namespace

std::vector<Implementation> cuda_row_implementations() {
  std::vector<Implementation> list;
  for (const char* op : kOps) {
    list.push_back({.op = op,
                    .name = "cuda_rows",
                    .provider = "own",
                    .formats = {"fp32", "bf16"},
                    .summary = "16 bytes a thread, rows in registers, sums in fp32",
                    .available = rows_available,
                    .bind = bind_rows,
                    .device = Device::cuda});
  }
  return list;
}

}  // namespace inferbench
