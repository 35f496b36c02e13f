#include "kernels/gemm/format.hpp"

#include "harness/base/error.hpp"

namespace inferbench {
namespace {

using Weights = GemmFormat::Weights;

std::vector<GemmFormat> make_formats() {
  std::vector<GemmFormat> f = {
      {.name = "fp32", .weights = Weights::fp32},
      {.name = "bf16", .weights = Weights::bf16},
      {.name = "fp16", .weights = Weights::fp16},
      {.name = "w8a16", .weights = Weights::int8},
      {.name = "w8a8", .weights = Weights::int8, .integer = true},
      {.name = "w8a8-smooth", .weights = Weights::int8, .integer = true, .smooth = true},
  };
  for (const bool integer : {false, true}) {
    for (const bool zero_points : {false, true}) {
      for (const int group : {128, 64, 32}) {
        f.push_back({.name = std::string(integer ? "w4a8-g" : "w4a16-g") + std::to_string(group) +
                             (zero_points ? "-zp" : ""),
                     .weights = Weights::int4,
                     .integer = integer,
                     .group = group,
                     .zero_points = zero_points});
      }
    }
  }
  return f;
}

}  // namespace

double GemmFormat::weight_bytes() const {
  switch (weights) {
    case Weights::fp32:
      return 4;
    case Weights::bf16:
    case Weights::fp16:
      return 2;
    case Weights::int8:
      return 1;
    case Weights::int4:
      return 0.5 + (zero_points ? 2.5 : 2.0) / group;
  }
  return 0;
}

double GemmFormat::activation_bytes() const {
  return weights == Weights::fp32 ? 4 : 2;
}

const std::vector<GemmFormat>& gemm_formats() {
  static const std::vector<GemmFormat> formats = make_formats();
  return formats;
}

const GemmFormat& gemm_format(std::string_view name) {
  std::vector<std::string> known;
  for (const GemmFormat& f : gemm_formats()) {
    if (f.name == name) return f;
    known.push_back(f.name);
  }
  throw unknown_name("gemm", "format", name, known);
}

}  // namespace inferbench
