// Rows that need the roofline and nothing else.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "harness/base/error.hpp"
#include "harness/claims/measures/inputs.hpp"
#include "harness/claims/measures/measures.hpp"
#include "kernels/shapes/gemm.hpp"

namespace inferbench::claims {
namespace {

FlopsPerSecond peak_of(const JsonObject& inputs, const HardwareSpec& part, DType type) {
  const auto rate = peak(part, type);
  if (!rate) {
    inputs.refuse("gpu", part.name + " does not multiply in " + std::string(name(type)),
                  "choose another GPU or dtype");
  }
  return *rate;
}

// FLOP per byte of one layer's GEMM weights for `rows` tokens: weights once, activations in and
// out.
double gemm_intensity(double rows, double in, double out, DType weights) {
  return work(GemmShape{.m = rows, .n = out, .k = in, .weight_bytes = bytes_per_element(weights)})
      .intensity();
}

}  // namespace

// Arithmetic intensity of a model's layers at prefill and at a decode of one sequence, against the
// ridge point of every GPU: above it compute binds, below it memory bandwidth.
Numbers arithmetic_intensity(const JsonObject& inputs, const World& world) {
  const ModelSpec spec = model(inputs, world);
  const double hidden = static_cast<double>(spec.hidden), width = static_cast<double>(spec.ffn);
  const double prompt = static_cast<double>(inputs.integer("prompt_tokens"));
  const double prefill = gemm_intensity(prompt, hidden, width, DType::bf16);
  const double decode = gemm_intensity(1, hidden, width, DType::bf16);
  std::vector<double> ridges, prefill_over, decode_over;
  for (const std::string& named : inputs.texts("gpus")) {
    const HardwareSpec part = world.gpu(named);
    const double ridge = peak_of(inputs, part, DType::bf16).count() / part.memory_bandwidth.count();
    ridges.push_back(ridge);
    prefill_over.push_back(prefill / ridge);
    decode_over.push_back(decode / ridge);
  }
  Numbers out;
  out.set("prefill_flop_per_byte", prefill);
  out.set("decode_flop_per_byte", decode);
  out.set("ridge_flop_per_byte", ridges);
  out.set("prefill_over_ridge", prefill_over);
  out.set("decode_over_ridge", decode_over);
  return out;
}

// One GEMM under several quantisation modes, as speed-up over 16 bit at few and at many rows.
// A mode is {"name", "weights", "activations"}: weights of 4 bit with 16-bit activations multiply
// in 16 bit (weight-only), equal types multiply in that type.
Numbers quantized_gemm(const JsonObject& inputs, const World& world) {
  const HardwareSpec part = gpu(inputs, world);
  const double in = inputs.number("in_features"), width = inputs.number("out_features");
  const std::vector<double> rows = numbers(inputs, "rows");
  const auto seconds = [&](double m, double weight_bytes, double row_bytes, DType math) {
    const Work gemm = work(GemmShape{
        .m = m, .n = width, .k = in, .in_bytes = row_bytes, .weight_bytes = weight_bytes});
    return std::max(gemm.flops / peak_of(inputs, part, math), gemm.bytes() / part.memory_bandwidth)
        .count();
  };
  Numbers out;
  for (const auto& row : inputs.array("modes")) {
    const JsonObject mode(row, inputs.place() + ": \"modes\"");
    const DType weights = dtype(mode, "weights"), activations = dtype(mode, "activations");
    // Mixed widths are widened to the activations before the multiplication.
    const DType math = weights == activations ? weights : activations;
    std::vector<double> speedup;
    for (const double m : rows) {
      const double base = seconds(m, 2, 2, DType::bf16);
      speedup.push_back(
          base / seconds(m, bytes_per_element(weights), bytes_per_element(activations), math));
    }
    const std::string id = mode.text("name");
    mode.refuse_unknown();
    out.set(id + "_bytes_ratio", bytes_per_element(weights) / 2);
    out.set(id + "_speedup_few_rows", speedup.front());
    out.set(id + "_speedup_many_rows", speedup.back());
  }
  return out;
}

}  // namespace inferbench::claims
