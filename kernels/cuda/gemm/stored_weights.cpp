#include "kernels/cuda/gemm/stored_weights.hpp"

#include <cstring>

#include "harness/base/error.hpp"
#include "kernels/cpu/convert.hpp"
#include "kernels/cuda/gemm/skinny_packing.hpp"

namespace inferbench {
namespace {

template <class T>
std::vector<std::byte> bytes_of(const std::vector<T>& values) {
  std::vector<std::byte> bytes(values.size() * sizeof(T));
  if (!bytes.empty()) std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

[[noreturn]] void refuse(const GemmWeights& weights) {
  throw Error(
      "format", "no CUDA kernel reads weights of " + weights.format->name,
      "bf16, w8a16, w8a8, w4a16-g64, w4a16-g128 (with or without -zp) and fp8-channel are read",
      "choose one of them with --format, or --device cpu");
}

StoredWeights skinny(const GemmWeights& weights) {
  const auto stored = [](const SkinnyPacked& p) {
    return StoredWeights{.weights = bytes_of(p.words),
                         .scale = p.type == SkinnyWeights::int8 ? bytes_of(p.channel_scale)
                                                                : bytes_of(p.group_scale),
                         .zero = bytes_of(p.group_zero)};
  };
  switch (weights.format->weights) {
    case GemmFormat::Weights::int8:
      return stored(pack_skinny(weights.int8));
    case GemmFormat::Weights::int4:
      if (weights.int4.group == 64 || weights.int4.group == 128)
        return stored(pack_skinny(weights.int4));
      refuse(weights);
    default:
      refuse(weights);
  }
}

}  // namespace

StoredWeights stored_weights(std::string_view kernel, const GemmWeights& weights) {
  if (kernel == "skinny_w8a16" || kernel == "skinny_w4a16") return skinny(weights);
  switch (weights.format->weights) {
    case GemmFormat::Weights::bf16:
      return {.weights = bytes_of(weights.values16), .scale = {}, .zero = {}};
    case GemmFormat::Weights::int8:
      return {.weights = bytes_of(weights.int8.values),
              .scale = bytes_of(weights.int8.scale),
              .zero = {}};
    case GemmFormat::Weights::coded:
      if (weights.coded.format.name != "fp8_e4m3-row") refuse(weights);
      return {.weights = bytes_of(weights.coded.codes),
              .scale = bytes_of(weights.coded.scale),
              .zero = {}};
    default:
      refuse(weights);
  }
}

}  // namespace inferbench
