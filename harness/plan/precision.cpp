#include "harness/plan/precision.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "harness/base/error.hpp"

namespace inferbench {
namespace {

constexpr const char* kPlace = "--precision";

Precision uniform(DType type) {
  return {.attention = type,
          .ffn = type,
          .experts = type,
          .head = type,
          .kv = type,
          .attention_math = type,
          .activations = type,
          .dispatch = type,
          .combine = type};
}

Precision weights(DType type) {
  Precision p;
  p.attention = p.ffn = p.experts = type;
  return p;
}

// Weights in `type`; keys, values and attention in fp8; tokens travel to experts in fp8.
Precision with_fp8_attention(DType type) {
  Precision p = weights(type);
  p.kv = p.attention_math = p.dispatch = DType::fp8;
  return p;
}

// DeepSeek-V3 (arXiv 2412.19437, section 3.3): GEMMs and dispatch in fp8, attention, cache and
// combine in bf16.
Precision fp8_block() {
  Precision p = weights(DType::fp8_block);
  p.dispatch = DType::fp8;
  return p;
}

// gpt-oss (OpenAI model card, August 2025): MXFP4 for the experts alone, bf16 for the rest.
Precision mxfp4() {
  Precision p;
  p.ffn = p.experts = DType::mxfp4;
  return p;
}

struct NamedSet {
  const char* name;
  Precision precision;
};

const std::vector<NamedSet>& named_sets() {
  static const std::vector<NamedSet> sets = {
      {"bf16", uniform(DType::bf16)},
      {"fp16", uniform(DType::fp16)},
      {"fp32", uniform(DType::fp32)},
      {"fp8", with_fp8_attention(DType::fp8)},
      {"fp8_block", fp8_block()},
      {"int8", weights(DType::int8)},
      {"int4", weights(DType::int4)},
      {"fp4", with_fp8_attention(DType::fp4)},
      {"nvfp4", with_fp8_attention(DType::nvfp4)},
      {"mxfp4", mxfp4()},
  };
  return sets;
}

struct Field {
  const char* name;
  DType Precision::*member;
};

constexpr std::array<Field, 9> kFields = {{
    {"attention", &Precision::attention},
    {"ffn", &Precision::ffn},
    {"experts", &Precision::experts},
    {"head", &Precision::head},
    {"kv", &Precision::kv},
    {"attention_math", &Precision::attention_math},
    {"activations", &Precision::activations},
    {"dispatch", &Precision::dispatch},
    {"combine", &Precision::combine},
}};

const Field& find_field(const std::string& name) {
  std::vector<std::string> names;
  for (const Field& field : kFields) {
    if (name == field.name) return field;
    names.emplace_back(field.name);
  }
  throw unknown_name(kPlace, "tensor class", name, names);
}

Precision find_set(const std::string& name) {
  std::vector<std::string> names;
  for (const NamedSet& set : named_sets()) {
    if (name == set.name) return set.precision;
    names.emplace_back(set.name);
  }
  throw unknown_name(kPlace, "precision", name, names);
}

DType find_type(const std::string& name) {
  if (const auto type = parse_dtype(name)) return *type;
  throw unknown_name(kPlace, "type", name, dtype_names());
}

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> parts(1);
  for (const char c : text) {
    if (c == ',') {
      parts.emplace_back();
    } else if (c != ' ') {
      parts.back() += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
  }
  return parts;
}

int differing_fields(const Precision& a, const Precision& b) {
  return static_cast<int>(std::count_if(kFields.begin(), kFields.end(), [&](const Field& field) {
    return a.*field.member != b.*field.member;
  }));
}

}  // namespace

Precision parse_precision(const std::string& text) {
  const std::vector<std::string> parts = split(text);
  Precision precision;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const std::size_t equals = parts[i].find('=');
    if (equals != std::string::npos) {
      const Field& field = find_field(parts[i].substr(0, equals));
      precision.*field.member = find_type(parts[i].substr(equals + 1));
    } else if (i == 0) {
      precision = find_set(parts[i]);
    } else {
      throw Error(kPlace, "\"" + parts[i] + "\" in \"" + text + "\"",
                  "one named set, then CLASS=TYPE terms", "for example fp8,kv=bf16,head=fp8");
    }
  }
  return precision;
}

// The nearest named set, and what differs from it.
std::string label(const Precision& precision) {
  const NamedSet* nearest = &named_sets().front();
  for (const NamedSet& set : named_sets()) {
    if (differing_fields(set.precision, precision) <
        differing_fields(nearest->precision, precision)) {
      nearest = &set;
    }
  }
  std::string text = nearest->name;
  for (const Field& field : kFields) {
    const DType type = precision.*field.member;
    if (type == nearest->precision.*field.member) continue;
    text += "," + std::string(field.name) + "=" + std::string(name(type));
  }
  return text;
}

bool operator==(const Precision& a, const Precision& b) {
  return differing_fields(a, b) == 0;
}

Precision default_precision(const ModelSpec& model, const HardwareSpec& gpu) {
  for (const DType type : model.serving) {
    if (multiplies_natively(gpu, type)) return find_set(std::string(name(type)));
  }
  if (model.native == DType::fp32 || peak(gpu, model.native)) {
    return find_set(std::string(name(model.native)));
  }
  return find_set("bf16");
}

}  // namespace inferbench
