#include "harness/catalog/hardware_spec.hpp"

namespace inferbench {
namespace {

// The catalog key whose peak weights of `type` use on a GPU with native units for it.
std::optional<DType> peak_key(DType type) {
  switch (type) {
    case DType::bf16:
    case DType::fp16:
    case DType::int4:
      return DType::bf16;
    case DType::fp8:
    case DType::fp8_block:
      return DType::fp8;
    case DType::int8:
      return DType::int8;
    case DType::fp4:
    case DType::nvfp4:
    case DType::mxfp4:
      return DType::fp4;
    case DType::fp32:
      return std::nullopt;
  }
  return std::nullopt;
}

std::optional<FlopsPerSecond> find_peak(const HardwareSpec& gpu, DType key) {
  const auto found = gpu.peaks.find(key);
  if (found == gpu.peaks.end()) return std::nullopt;
  return found->second;
}

}  // namespace

std::optional<FlopsPerSecond> peak(const HardwareSpec& gpu, DType weights) {
  const std::optional<DType> key = peak_key(weights);
  if (!key) return std::nullopt;
  const auto native = find_peak(gpu, *key);
  const bool block_scaled_4_bit = weights == DType::nvfp4 || weights == DType::mxfp4;
  if (!native && block_scaled_4_bit) return find_peak(gpu, DType::bf16);
  return native;
}

std::optional<double> sparse_gain(const HardwareSpec& gpu) {
  const auto dense = find_peak(gpu, DType::bf16);
  if (!gpu.sparse_bf16 || !dense) return std::nullopt;
  return *gpu.sparse_bf16 / *dense;
}

bool multiplies_natively(const HardwareSpec& gpu, DType weights) {
  const std::optional<DType> key = peak_key(weights);
  return key && weights != DType::int4 && find_peak(gpu, *key);
}

Bytes visible_memory(const HardwareSpec& gpu) {
  return gpu.usable_memory.value_or(gpu.memory);
}

}  // namespace inferbench
