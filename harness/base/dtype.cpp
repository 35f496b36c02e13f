#include "harness/base/dtype.hpp"

#include <array>

#include "harness/base/error.hpp"

namespace inferbench {
namespace {

struct Row {
  DType type;
  std::string_view name;
  double bytes;  // stored, scales included
  double value;  // of the value alone
};

constexpr std::array<Row, 10> kTypes = {{
    {DType::fp32, "fp32", 4.0, 4.0},
    {DType::bf16, "bf16", 2.0, 2.0},
    {DType::fp16, "fp16", 2.0, 2.0},
    {DType::fp8, "fp8", 1.0, 1.0},
    {DType::fp8_block, "fp8_block", 1.0 + 4.0 / (128.0 * 128.0), 1.0},
    {DType::int8, "int8", 1.0, 1.0},
    {DType::int4, "int4", 0.5 + 2.5 / 128.0, 0.5},
    {DType::fp4, "fp4", 0.5, 0.5},
    {DType::nvfp4, "nvfp4", 0.5 + 1.0 / 16.0, 0.5},
    {DType::mxfp4, "mxfp4", 0.5 + 1.0 / 32.0, 0.5},
}};

const Row& row(DType type) {
  for (const Row& r : kTypes) {
    if (r.type == type) return r;
  }
  throw std::logic_error("dtype without a row");
}

}  // namespace

double bytes_per_element(DType type) {
  return row(type).bytes;
}

double sparse_bytes_per_element(DType type) {
  constexpr double kKept = 0.5, kIndex = 2.0 / 8.0;
  const Row& r = row(type);
  return kKept * (r.value + kIndex) + (r.bytes - r.value);
}

DType math_type(DType weights) {
  return weights == DType::int4 ? DType::bf16 : weights;
}

std::string_view name(DType type) {
  return row(type).name;
}

std::optional<DType> parse_dtype(std::string_view text) {
  for (const Row& r : kTypes) {
    if (r.name == text) return r.type;
  }
  return std::nullopt;
}

std::vector<std::string> dtype_names() {
  std::vector<std::string> names;
  names.reserve(kTypes.size());
  for (const Row& r : kTypes) names.emplace_back(r.name);
  return names;
}

}  // namespace inferbench
