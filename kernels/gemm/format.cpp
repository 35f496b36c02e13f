#include "kernels/gemm/format.hpp"

#include "harness/base/error.hpp"
#include "kernels/shapes/gemm.hpp"

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
      {.name = "w8a7", .weights = Weights::int8, .integer = true, .largest = 63},
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
  const auto add = [&f](const std::string& name, std::string_view code, std::string_view in) {
    f.push_back({.name = name,
                 .weights = Weights::coded,
                 .code = &block_format(code),
                 .in_code = in.empty() ? nullptr : &block_format(in)});
  };
  add("fp8-tensor", "fp8_e4m3-tensor", "fp8_e4m3-tensor");
  add("fp8-channel", "fp8_e4m3-row", "fp8_e4m3-row");
  add("fp8-block128", "fp8_e4m3-128x128", "fp8_e4m3-1x128");
  add("fp8-a16", "fp8_e4m3-row", "");
  add("nvfp4", "nvfp4", "nvfp4");
  add("nvfp4-a16", "nvfp4", "");
  add("mxfp4", "mxfp4", "mxfp4");
  add("mxfp4-a16", "mxfp4", "");
  for (const char* group : {"g128", "g64", "g32"}) {
    const std::string int4 = std::string("int4-") + group;
    add(std::string("w4a4-") + group, int4, int4);
    add(std::string("w2a16-") + group, std::string("int2-") + group, "");
  }
  f.push_back({.name = "sparse24-bf16", .weights = Weights::sparse24_bf16});
  f.push_back({.name = "sparse24-fp32", .weights = Weights::sparse24_fp32});
  return f;
}

// Bytes per element with the scales of its block; scales of rows and of a whole matrix are left
// out.
double coded_bytes(const BlockFormat& f) {
  const auto block = static_cast<double>(f.block_k * f.block_rows);
  return (bits(f.element) + (block > 0 ? bits(f.scale) / block : 0)) / 8.0;
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
    case Weights::coded:
      return coded_bytes(*code);
    case Weights::sparse24_fp32:
      return sparse24_bytes(4);
    case Weights::sparse24_bf16:
      return sparse24_bytes(2);
  }
  return 0;
}

double GemmFormat::activation_bytes() const {
  return weights == Weights::fp32 || weights == Weights::sparse24_fp32 ? 4 : 2;
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
