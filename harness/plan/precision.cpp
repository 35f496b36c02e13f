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

Precision multiplied_at(Precision p, DType inputs) {
  p.attention_format.inputs = p.ffn_format.inputs = p.experts_format.inputs = inputs;
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
      {"w8a8", weights(DType::int8)},
      {"w8a16", multiplied_at(weights(DType::int8), DType::bf16)},
      {"w4a16", weights(DType::int4)},
      {"w4a8", multiplied_at(weights(DType::int4), DType::int8)},
  };
  return sets;
}

struct Field {
  const char* name;
  DType Precision::*member;
  WeightFormat Precision::*format = nullptr;  // of weights
};

constexpr std::array<Field, 9> kFields = {{
    {"attention", &Precision::attention, &Precision::attention_format},
    {"ffn", &Precision::ffn, &Precision::ffn_format},
    {"experts", &Precision::experts, &Precision::experts_format},
    {"head", &Precision::head, &Precision::head_format},
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
  names.emplace_back("quantise");
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

// "int8@bf16/2:4" taken apart: what stands before '@' and '/', and what they say.
struct TypeText {
  std::string type;
  std::optional<std::string> inputs{};
  bool sparse = false;
};

TypeText take_apart(const std::string& text) {
  TypeText parts{.type = text};
  const std::size_t slash = parts.type.find('/');
  if (slash != std::string::npos) {
    if (parts.type.substr(slash) != "/2:4") {
      throw Error(kPlace, "\"" + text + "\"", "the only sparsity known is /2:4", "e.g. fp8/2:4");
    }
    parts.sparse = true;
    parts.type.erase(slash);
  }
  const std::size_t at = parts.type.find('@');
  if (at != std::string::npos) {
    parts.inputs = parts.type.substr(at + 1);
    parts.type.erase(at);
  }
  return parts;
}

void set_format(Precision& precision, const Field& field, const TypeText& parts) {
  if (!parts.inputs && !parts.sparse) return;
  const DType type = precision.*field.member;
  const std::string what = std::string(field.name) + "=" + parts.type;
  if (field.format == nullptr) {
    throw Error(kPlace, what, "only weights have GEMM inputs and sparsity",
                "attention, ffn, experts and head are weights");
  }
  WeightFormat& format = precision.*field.format;
  if (parts.sparse && type == DType::fp32) {
    throw Error(kPlace, what + "/2:4", "no GPU multiplies sparse fp32", "use 16 bit or fewer");
  }
  if (parts.sparse) format.sparse = true;
  if (!parts.inputs) return;
  format.inputs = find_type(*parts.inputs);
  if (bytes_per_element(*format.inputs) < bytes_per_element(type) - 0.1) {
    throw Error(kPlace, what + "@" + *parts.inputs, "GEMM inputs are narrower than the weights",
                "weights are widened to the inputs' type, never narrowed: swap the two");
  }
}

// After a type anew: what an earlier set said of its inputs no longer holds.
void set_field(Precision& precision, const Field& field, const std::string& value) {
  const TypeText parts = take_apart(value);
  precision.*field.member = find_type(parts.type);
  if (field.format != nullptr) precision.*field.format = {};
  set_format(precision, field, parts);
}

bool parse_quantise(const std::string& value) {
  if (value == "fused") return false;
  if (value == "apart") return true;
  throw unknown_name(kPlace, "way to quantise", value, {"fused", "apart"});
}

Precision parse_set(const std::string& text) {
  const TypeText parts = take_apart(text);
  Precision precision = find_set(parts.type);
  for (const Field& field : kFields) {
    const bool streamed = field.format != nullptr && field.member != &Precision::head;
    if (streamed) set_format(precision, field, parts);
  }
  return precision;
}

int differing_fields(const Precision& a, const Precision& b) {
  return static_cast<int>(std::count_if(kFields.begin(), kFields.end(), [&](const Field& field) {
    return a.*field.member != b.*field.member ||
           (field.format != nullptr && a.*field.format != b.*field.format);
  }));
}

}  // namespace

Precision parse_precision(const std::string& text) {
  const std::vector<std::string> parts = split(text);
  Precision precision;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const std::size_t equals = parts[i].find('=');
    if (equals != std::string::npos) {
      const std::string key = parts[i].substr(0, equals), value = parts[i].substr(equals + 1);
      if (key == "quantise") {
        precision.quantise_apart = parse_quantise(value);
      } else {
        set_field(precision, find_field(key), value);
      }
    } else if (i == 0) {
      precision = parse_set(parts[i]);
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
    const WeightFormat format = field.format == nullptr ? WeightFormat{} : precision.*field.format;
    const bool same_format = field.format == nullptr || format == nearest->precision.*field.format;
    if (type == nearest->precision.*field.member && same_format) continue;
    text += "," + std::string(field.name) + "=" + label(type, format);
  }
  if (precision.quantise_apart) text += ",quantise=apart";
  return text;
}

bool operator==(const Precision& a, const Precision& b) {
  return differing_fields(a, b) == 0 && a.quantise_apart == b.quantise_apart;
}

double stored_bytes(DType type, const WeightFormat& format) {
  return format.sparse ? sparse_bytes_per_element(type) : bytes_per_element(type);
}

std::string label(DType type, const WeightFormat& format) {
  std::string text(name(type));
  if (format.inputs) text += "@" + std::string(name(*format.inputs));
  if (format.sparse) text += "/2:4";
  return text;
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
