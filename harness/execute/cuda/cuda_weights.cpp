#include "harness/execute/cuda/cuda_weights.hpp"

#include "harness/base/parallel_for.hpp"
#include "harness/execute/transformer/to_size.hpp"
#include "kernels/cpu/convert.hpp"

namespace inferbench {
namespace {

DeviceMemory matrix(const WeightSource& source, DecoderMatrix which, std::int64_t layer) {
  const std::int64_t rows = source.rows(which), columns = source.columns(which);
  std::vector<std::uint16_t> bf16(to_size(rows * columns));
  parallel_for(to_size(rows), 0, [&](std::size_t row) {
    std::vector<float> values(to_size(columns));
    source.row(which, layer, static_cast<std::int64_t>(row), values);
    std::uint16_t* const to = bf16.data() + row * to_size(columns);
    for (std::size_t i = 0; i < values.size(); ++i) to[i] = float_to_bf16(values[i]);
  });
  return DeviceMemory::of(bf16);
}

DeviceMemory vector(const WeightSource& source, DecoderVector which, std::int64_t layer) {
  const std::vector<float> values = source.vector(which, layer);
  return values.empty() ? DeviceMemory() : DeviceMemory::of(values);
}

}  // namespace

CudaWeights::CudaWeights(const WeightSource& source) {
  const auto linear = [&](DecoderMatrix which, std::int64_t layer) {
    DeviceMemory memory = matrix(source, which, layer);
    linear_bytes += memory.bytes();
    return memory;
  };
  for (std::int64_t l = 0; l < source.shape().layers; ++l) {
    layers.push_back({.attention_norm = vector(source, DecoderVector::attention_norm, l),
                      .ffn_norm = vector(source, DecoderVector::ffn_norm, l),
                      .qkv_bias = vector(source, DecoderVector::qkv_bias, l),
                      .qkv = linear(DecoderMatrix::qkv, l),
                      .attention_out = linear(DecoderMatrix::attention_out, l),
                      .gate_up = linear(DecoderMatrix::gate_up, l),
                      .down = linear(DecoderMatrix::down, l)});
  }
  table = matrix(source, DecoderMatrix::embedding, 0);
  if (source.shape().tied) {
    linear_bytes += table.bytes();
  } else {
    head = linear(DecoderMatrix::head, 0);
  }
  final_norm = vector(source, DecoderVector::final_norm, 0);
}

}  // namespace inferbench
