#include "harness/claims/measures/inputs.hpp"

#include <cmath>
#include <nlohmann/json.hpp>

#include "harness/base/error.hpp"

namespace inferbench::claims {
namespace {

DType parsed(const JsonObject& inputs, const std::string& key, const std::string& text) {
  const auto type = parse_dtype(text);
  if (!type) throw unknown_name(inputs.place() + ": \"" + key + "\"", "dtype", text, dtype_names());
  return *type;
}

void override_shape(ModelSpec& model, const JsonObject& shape) {
  model.layers = shape.integer("layers", model.layers);
  model.hidden = shape.integer("hidden", model.hidden);
  model.ffn = shape.integer("ffn", model.ffn);
  model.heads = shape.integer("heads", model.heads);
  model.kv_heads = shape.integer("kv_heads", model.kv_heads);
  shape.refuse_unknown();
  check_model(model, shape.place());
}

}  // namespace

std::vector<double> numbers(const JsonObject& inputs, const std::string& key) {
  std::vector<double> list;
  for (const auto& value : inputs.array(key)) {
    if (!value.is_number() || !std::isfinite(value.get<double>()) || value.get<double>() < 0) {
      inputs.refuse(key, "holds " + value.dump(), "expected numbers >= 0");
    }
    list.push_back(value.get<double>());
  }
  if (list.empty()) inputs.refuse(key, "is empty", "expected at least one number");
  return list;
}

std::vector<std::int64_t> integers(const JsonObject& inputs, const std::string& key) {
  std::vector<std::int64_t> list;
  for (const double value : numbers(inputs, key)) {
    if (std::floor(value) != value || value > 9e15) {
      inputs.refuse(key, "holds " + std::to_string(value), "expected integers >= 0");
    }
    list.push_back(static_cast<std::int64_t>(value));
  }
  return list;
}

DType dtype(const JsonObject& inputs, const std::string& key) {
  return parsed(inputs, key, inputs.text(key));
}

DType dtype(const JsonObject& inputs, const std::string& key, DType fallback) {
  return inputs.has(key) ? dtype(inputs, key) : fallback;
}

ModelSpec model(const JsonObject& inputs, const World& world) {
  ModelSpec spec = world.model(inputs.text("model"));
  if (inputs.has("model_shape")) override_shape(spec, inputs.object("model_shape"));
  return spec;
}

HardwareSpec gpu(const JsonObject& inputs, const World& world) {
  HardwareSpec spec = world.gpu(inputs.text("gpu"));
  spec.domain_size = inputs.integer("domain", spec.domain_size);
  if (spec.domain_size < 1) inputs.refuse("domain", "is below 1", "expected at least one GPU");
  return spec;
}

}  // namespace inferbench::claims
