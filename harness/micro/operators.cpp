#include "harness/micro/operators.hpp"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "harness/base/error.hpp"
#include "harness/base/output_file.hpp"
#include "kernels/registry.hpp"

namespace inferbench {
namespace {

using nlohmann::json;

// A case of ours, or why there is none.
struct Translated {
  std::string op, format;
  std::map<std::string, std::int64_t> axes;
  std::string unusable;
};

Translated no(std::string why) {
  Translated t;
  t.unusable = std::move(why);
  return t;
}

bool has_format(const std::string& op, const std::string& format) {
  const auto& formats = kernel_op(op).formats;
  return std::find(formats.begin(), formats.end(), format) != formats.end();
}

std::int64_t whole(const json& args, const char* key) {
  const json& value = args.at(key);
  const bool fits = value.is_number_unsigned() && value.get<std::uint64_t>() <= INT64_MAX;
  if (!fits) throw Error(key, value.dump().substr(0, 40), "must be a whole number of at least 0");
  return value.get<std::int64_t>();
}

// The element type of an operand, and the k-group that shares a scale (0: none, -1: all of k).
struct Operand {
  std::string dtype;
  std::int64_t group = 0;
};

Operand operand(const json& args, const char* now, const char* before) {
  if (args.contains(before)) return {args.at(before).get<std::string>(), 0};
  const json& described = args.at(now);
  Operand o{described.at("dtype").get<std::string>(), 0};
  if (described.contains("scale")) o.group = described.at("scale").at("group").at(1);
  return o;
}

std::string gemm_format(const Operand& a, const Operand& b) {
  if (a.dtype == b.dtype && (a.dtype == "bf16" || a.dtype == "fp16" || a.dtype == "fp32")) {
    return a.dtype;
  }
  if (a.dtype == "int8" && b.dtype == "int8") return "w8a8";
  if (a.dtype == "bf16" && b.dtype == "int8") return "w8a16";
  const std::string group = "-g" + std::to_string(b.group > 0 ? b.group : 128);
  if (a.dtype == "bf16" && b.dtype == "int4") return "w4a16" + group;
  if (a.dtype == "int8" && b.dtype == "int4") return "w4a8" + group;
  return "";
}

Translated gemm(const json& args) {
  const Operand a = operand(args, "a", "dtype_a"), b = operand(args, "b", "dtype_b");
  Translated t{"gemm",
               gemm_format(a, b),
               {{"m", whole(args, "m")}, {"n", whole(args, "n")}, {"k", whole(args, "k")}},
               ""};
  if (t.format.empty() || !has_format("gemm", t.format)) {
    return no("no format of gemm multiplies " + a.dtype + " by " + b.dtype);
  }
  return t;
}

// "fp8" is e4m3 there.
std::string kv_format(const std::string& dtype) {
  return dtype == "fp8" || dtype == "e4m3" ? "fp8_e4m3" : dtype == "e5m2" ? "fp8_e5m2" : dtype;
}

Translated attention(const json& args) {
  const std::int64_t queries = whole(args, "seq_len_q"), keys = whole(args, "seq_len_kv");
  const bool decode = queries == 1;
  Translated t;
  t.op = decode ? "paged_decode" : "prefill_attention";
  t.format = kv_format(args.at("dtype_k"));
  if (!has_format(t.op, t.format)) return no("no cache format " + t.format + " in " + t.op);
  if (!args.value("causal", true)) return no("attention without a causal mask has no op");
  if (keys < queries) return no("more queries than keys");
  t.axes = {{"requests", whole(args, "batch_size")},
            {"q_heads", whole(args, "num_heads")},
            {"kv_heads", whole(args, "num_heads_kv")},
            {"head_dim", whole(args, "head_dim")},
            {"context", keys - queries}};
  if (!decode) t.axes["tokens"] = queries;
  return t;
}

Translated translated(const std::string& type, const json& args) {
  if (type == "gemm") return gemm(args);
  if (type == "attention_mha") return attention(args);
  return no("operator \"" + type + "\" has no op here");
}

std::string name_of(const json& entry) {
  if (!entry.contains("name")) return "";
  const json& name = entry.at("name");
  return name.is_string()                                          ? name.get<std::string>()
         : name.is_array() && !name.empty() && name[0].is_string() ? name[0].get<std::string>()
                                                                   : "";
}

BenchCase case_of(const json& entry, const std::vector<std::string>& providers,
                  std::uint64_t seed) {
  const std::string type = entry.at("type");
  const Translated t = translated(type, entry.at("args"));
  BenchCase c;
  if (const std::string name = name_of(entry); !name.empty()) c.tags["name"] = name;
  c.tags["operator"] = type;
  c.unusable = t.unusable;
  if (!t.unusable.empty()) {
    // Its arguments stand in for axes, so that each is listed as itself.
    c.kernel.op = type;
    c.kernel.format = "none";
    c.kernel.seed = seed;
    for (const auto& [key, value] : entry.at("args").items()) {
      if (value.is_number_integer()) c.kernel.axes[key] = value;
    }
    return c;
  }
  c.kernel = make_case(t.op, t.format, t.axes, seed);
  c.implementations = select_implementations(c.kernel, providers);
  return c;
}

}  // namespace

std::vector<BenchCase> read_operators(const std::string& path,
                                      const std::vector<std::string>& providers,
                                      std::uint64_t seed) {
  const json list = json::parse(read_file(path), nullptr, false);
  const std::string rule = "an InferenceX operator list is [{\"type\": ..., \"args\": {...}}, ...]";
  if (!list.is_array() || list.empty()) throw Error(path, "is not a list of operators", rule);
  std::vector<BenchCase> cases;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const std::string place = path + ": /" + std::to_string(i);
    try {
      cases.push_back(case_of(list[i], providers, seed));
    } catch (const json::exception&) {
      throw Error(
          place, "lacks a key or holds another type there: " + list[i].dump().substr(0, 120), rule);
    } catch (const Error& error) {
      throw Error(place, error.place() + ": " + error.problem(), error.rule(), error.way_out());
    }
  }
  return without_duplicates(std::move(cases));
}

}  // namespace inferbench
