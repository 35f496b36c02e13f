#include "harness/catalog/hf_quantization.hpp"

#include <nlohmann/json.hpp>

#include "harness/base/error.hpp"
#include "harness/catalog/json_object.hpp"

namespace inferbench {
namespace {

[[noreturn]] void refuse_bits(const JsonObject& quantization, std::int64_t bits) {
  quantization.refuse("bits", "is " + std::to_string(bits), "4 and 8 bit weights are read",
                      "give --precision and remove \"quantization_config\"");
}

DType integer_type(const JsonObject& quantization, std::int64_t bits) {
  if (bits == 4) return DType::int4;
  if (bits == 8) return DType::int8;
  refuse_bits(quantization, bits);
}

// compressed-tensors (llm-compressor): the first group's weights speak for all.
DType compressed_tensors_type(const JsonObject& quantization) {
  const JsonObject groups = quantization.object("config_groups");
  if (groups.keys().empty()) {
    quantization.refuse("config_groups", "is empty", "expected at least one group");
  }
  const JsonObject weights = groups.object(groups.keys().front()).object("weights");
  const std::int64_t bits = weights.integer("num_bits");
  if (weights.text("type", "int") != "float") return integer_type(weights, bits);
  if (bits == 4) return DType::nvfp4;
  if (bits != 8) refuse_bits(weights, bits);
  return weights.text("strategy", "tensor") == "block" ? DType::fp8_block : DType::fp8;
}

DType quantized_type(const JsonObject& quantization, std::vector<std::string>& notes) {
  const std::string method = quantization.text("quant_method");
  if (method == "fp8") {
    return quantization.has("weight_block_size") ? DType::fp8_block : DType::fp8;
  }
  if (method == "fbgemm_fp8") return DType::fp8;
  if (method == "mxfp4") return DType::mxfp4;
  if (method == "gptq" || method == "awq" || method == "auto-round") {
    return integer_type(quantization, quantization.integer("bits"));
  }
  if (method == "compressed-tensors") return compressed_tensors_type(quantization);
  if (method == "modelopt" || method == "modelopt_fp4") {
    return quantization.text("quant_algo") == "FP8" ? DType::fp8 : DType::nvfp4;
  }
  if (method == "bitsandbytes") {
    notes.emplace_back(
        "bitsandbytes weights are counted as int4 or int8 with the project's scales");
    return quantization.boolean("load_in_8bit", false) ? DType::int8 : DType::int4;
  }
  throw unknown_name(quantization.place(), "quant_method", method,
                     {"fp8", "fbgemm_fp8", "mxfp4", "gptq", "awq", "auto-round",
                      "compressed-tensors", "modelopt", "modelopt_fp4", "bitsandbytes"});
}

}  // namespace

DType hf_native_dtype(const JsonObject& file, const JsonObject& text_model,
                      std::vector<std::string>& notes) {
  for (const JsonObject* object : {&file, &text_model}) {
    if (object->has("quantization_config")) {
      return quantized_type(object->object("quantization_config"), notes);
    }
  }
  for (const JsonObject* object : {&text_model, &file}) {
    for (const char* key : {"torch_dtype", "dtype"}) {
      if (!object->has(key)) continue;
      const std::string type = object->text(key);
      if (type == "bfloat16") return DType::bf16;
      if (type == "float16") return DType::fp16;
      if (type == "float32") return DType::fp32;
      if (type == "float8_e4m3fn") return DType::fp8;
      object->refuse(key, "is \"" + type + "\"", "expected bfloat16, float16 or float32");
    }
  }
  notes.emplace_back("the file states no dtype: bf16 assumed");
  return DType::bf16;
}

}  // namespace inferbench
