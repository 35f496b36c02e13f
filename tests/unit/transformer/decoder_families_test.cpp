// What families of models do differently around attention: biases, norms, windows, positions.

#include <gtest/gtest.h>

#include <functional>

#include "decoder_support.hpp"
#include "harness/execute/transformer/decoder_reference.hpp"

namespace inferbench {
namespace {

DecoderShape changed(const std::function<void(ModelSpec&)>& change) {
  ModelSpec model = find_model("tiny-dense-test");
  change(model);
  return decoder_shape(model);
}

// Qwen2, Qwen3, Mistral, Gemma's alternation of windows, and three scalings of positions.
std::vector<std::pair<std::string, DecoderShape>> families() {
  const auto scaled = [](const std::string& kind) {
    return changed([&](ModelSpec& m) {
      m.rope_scaling = RopeScaling{.kind = kind, .factor = 4, .original_context = 16};
    });
  };
  return {{"biases", changed([](ModelSpec& m) { m.qkv_bias = true; })},
          {"norms", changed([](ModelSpec& m) { m.qk_norm = true, m.norm_epsilon = 1e-6; })},
          {"window", changed([](ModelSpec& m) { m.sliding_window = 19; })},
          {"every second window",
           changed([](ModelSpec& m) { m.sliding_window = 7, m.sliding_window_period = 2; })},
          {"base", changed([](ModelSpec& m) { m.rope_theta = 500000; })},
          {"two matrices", changed([](ModelSpec& m) { m.ffn_matrices = 2; })},
          {"linear", scaled("linear")},
          {"llama3", scaled("llama3")},
          {"yarn", scaled("yarn")}};
}

TEST(DecoderFamilies, ComputeWhatTheirDefinitionSays) {
  const auto text = random_text(50, 1);
  const auto plain_shape = decoder_reference(RandomWeights(tiny_shape(), kWeightSeed), text);
  for (const auto& [name, shape] : families()) {
    SCOPED_TRACE(name);
    const auto want = decoder_reference(RandomWeights(shape, kWeightSeed), text);
    EXPECT_NE(want, plain_shape);  // the difference is one
    for (const KernelSet kernels : {KernelSet::invariant, KernelSet::fast}) {
      Model model("fp32", "fp32", 2, kernels, shape);
      expect_near(plain(model, text), want, 2e-5F);
    }
  }
}

TEST(DecoderFamilies, AreTheSameBitsInAnyCompany) {
  std::uint64_t seed = 70;
  for (const auto& [name, shape] : families()) {
    SCOPED_TRACE(name);
    expect_plain_in_random_company(shape, "bf16", "bf16", ++seed);
  }
}

}  // namespace
}  // namespace inferbench
