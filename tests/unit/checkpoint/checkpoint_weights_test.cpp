#include "harness/execute/checkpoint/checkpoint_weights.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <functional>
#include <sstream>

#include "harness/base/error.hpp"
#include "harness/base/output_file.hpp"
#include "harness/catalog/hf_config.hpp"
#include "harness/execute/transformer/decoder_reference.hpp"
#include "safetensors_writer.hpp"
#include "tests/unit/transformer/decoder_support.hpp"

namespace inferbench {
namespace {

using namespace inferbench::testing_support;

// A checkpoint and its logits, of hf_logits.py.
struct Golden {
  ModelSpec model;
  std::vector<std::pair<std::string, std::vector<std::int64_t>>> tensors;
  std::vector<std::int32_t> text;
  std::vector<float> logits;
};

std::vector<Golden> goldens() {
  std::vector<Golden> all;
  std::ifstream file(INFERBENCH_SOURCE_DIR "/tests/golden/checkpoint/hf_logits.txt");
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string kind, name;
    words >> kind;
    if (kind == "config") {
      all.emplace_back();
      all.back().model = read_hf_config(line.substr(kind.size() + 1), "config.json");
    } else if (kind == "tensor") {
      words >> name;
      std::vector<std::int64_t> shape;
      for (std::int64_t n = 0; words >> n;) shape.push_back(n);
      all.back().tensors.emplace_back(name, shape);
    } else if (kind == "text") {
      for (std::int32_t token = 0; words >> token;) all.back().text.push_back(token);
    } else {
      for (float logit = 0; words >> logit;) all.back().logits.push_back(logit);
    }
  }
  return all;
}

// As hf_logits.py draws them: from the name, exact in 16 bit.
std::vector<float> values_of(const std::string& name, std::int64_t count) {
  std::uint64_t state = 0xCBF29CE484222325ULL;
  for (const char c : name) state = (state ^ static_cast<unsigned char>(c)) * 0x100000001B3ULL;
  std::vector<float> values;
  for (std::int64_t i = 0; i < count; ++i) {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    const int code = static_cast<int>((state >> 40U) & 0xFFU) - 128;
    const bool norm = name.ends_with("norm.weight");
    values.push_back(norm ? 1.0F + static_cast<float>(code / 8) / 128.0F
                          : static_cast<float>(code) / 1024.0F);
  }
  return values;
}

std::vector<WrittenTensor> tensors_of(const Golden& golden, const std::string& dtype) {
  std::vector<WrittenTensor> tensors;
  for (const auto& [name, shape] : golden.tensors) {
    std::int64_t count = 1;
    for (const std::int64_t n : shape) count *= n;
    tensors.push_back(written(name, dtype, shape, values_of(name, count)));
  }
  return tensors;
}

std::string saved(const std::string& name, const std::vector<WrittenTensor>& tensors) {
  return write_text(fresh_folder(name) / "model.safetensors", safetensors_text(tensors));
}

// Logits of transformers' formulas, computed in Python, from files of all three types.
TEST(CheckpointWeights, GiveTheLogitsOfTransformers) {
  const auto all = goldens();
  ASSERT_EQ(all.size(), 6U);
  for (const Golden& golden : all) {
    for (const char* dtype : {"F32", "BF16", "F16"}) {
      SCOPED_TRACE(golden.model.family + " " + dtype);
      const Checkpoint checkpoint(saved("golden", tensors_of(golden, dtype)));
      const CheckpointWeights source(decoder_shape(golden.model), golden.model.family, checkpoint);
      const auto reference = decoder_reference(source, golden.text);
      const std::size_t last = reference.size() - golden.logits.size();
      expect_near(std::span(reference).subspan(last), golden.logits, 1e-6F);

      ThreadTeam team(2);
      const DecoderWeights weights(source, decoder_format("fp32"), team);
      Decoder decoder(weights, KvType::fp32, kBlocks, team);
      const auto blocks = blocks_from(0, 2);
      const auto got = step(decoder, {{.tokens = golden.text, .context = 0, .blocks = blocks}});
      expect_near(std::span(got).subspan(last), golden.logits, 1e-5F);
    }
  }
}

// What a changed checkpoint of Llama is refused for.
std::string refusal(const std::function<void(std::vector<WrittenTensor>&)>& change,
                    const std::string& family = "llama") {
  const Golden golden = goldens().front();
  std::vector<WrittenTensor> tensors = tensors_of(golden, "BF16");
  change(tensors);
  const Checkpoint checkpoint(saved("refused", tensors));
  try {
    const CheckpointWeights source(decoder_shape(golden.model), family, checkpoint);
  } catch (const Error& error) {
    EXPECT_FALSE(error.place().empty());
    EXPECT_FALSE(error.rule().empty());
    return error.problem();
  }
  return "";
}

TEST(CheckpointWeights, RefuseWhatIsNotTheModel) {
  EXPECT_EQ(refusal([](auto&) {}), "");
  EXPECT_NE(refusal([](auto& tensors) { tensors.pop_back(); }).find("lm_head.weight"),
            std::string::npos);
  EXPECT_EQ(refusal([](auto& tensors) {
              tensors.push_back(written("model.layers.2.mlp.up_proj.weight", "F32", {1}, {1}));
            }),
            "is not a tensor of the model");
  EXPECT_EQ(
      refusal([](auto& tensors) {
        tensors.push_back(written("model.layers.0.self_attn.rotary_emb.inv_freq", "F32", {1}, {1}));
      }),
      "");
  EXPECT_EQ(refusal([](auto& tensors) { tensors[0].shape = {32, 40}; }), "has the shape [32, 40]");
  EXPECT_EQ(refusal([](auto& tensors) { tensors[0].dtype = "I16"; }), "is of type I16");
  EXPECT_EQ(refusal([](auto&) {}, "gemma2"), "holds a model of the family gemma2");
}

}  // namespace
}  // namespace inferbench
