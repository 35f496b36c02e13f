#include <nlohmann/json.hpp>

#include "harness/base/embedded_file.hpp"
#include "harness/base/error.hpp"
#include "harness/catalog/json_object.hpp"
#include "harness/cost/cost_profile.hpp"

namespace inferbench {

const std::vector<EmbeddedFile>& cost_profile_files();

namespace {

constexpr const char* kSchema = "inferbench.cost-profile/1";
constexpr const char* kWayOut = "docs/cost-model.md lists the keys of a cost profile";

// An object of the file, and the JSON behind it for keys that may be zero.
class Section {
 public:
  Section(const nlohmann::json& json, const std::string& place)
      : json_(&json), object(json, place, "docs/cost-model.md") {}

  Section section(const std::string& key) const {
    const JsonObject inner = object.object(key);
    return {json_->at(key), inner.place()};
  }

  double share(const std::string& key) const {
    return between(key, 0, 1, "expected a share from 0 to 1");
  }
  double efficiency(const std::string& key) const {
    return between(key, 1e-3, 1, "expected an efficiency from 0.001 to 1");
  }
  double count(const std::string& key) const {
    return between(key, 0, 1e15, "expected a number >= 0");
  }
  Seconds microseconds(const std::string& key) const {
    return Seconds(between(key, 0, 1e9, "expected microseconds >= 0") * 1e-6);
  }

 private:
  // A key has no default: a profile that leaves a constant open would not say what it models.
  double between(const std::string& key, double low, double high, const char* rule) const {
    if (!object.has(key)) object.refuse(key, "is missing", rule, kWayOut);
    const nlohmann::json& value = json_->at(key);
    const double real = value.is_number() ? value.get<double>() : low - 1;
    if (!(real >= low && real <= high)) {
      object.refuse(key, "is " + value.dump(), rule, kWayOut);
    }
    return real;
  }

  const nlohmann::json* json_;

 public:
  JsonObject object;
};

std::vector<DType> read_types(const JsonObject& object, const std::string& key) {
  std::vector<DType> types;
  for (const std::string& text : object.texts(key)) {
    const auto type = parse_dtype(text);
    if (!type)
      throw unknown_name(object.place() + ": \"" + key + "\"", "type", text, dtype_names());
    types.push_back(*type);
  }
  return types;
}

TierParameters read_tier(const Section& tier) {
  TierParameters t{.efficiency = tier.efficiency("efficiency"),
                   .latency = tier.microseconds("latency_us"),
                   .latency_per_doubling = tier.microseconds("latency_per_doubling_us"),
                   .send_receive_latency = tier.microseconds("send_receive_latency_us"),
                   .overlap = tier.share("overlap")};
  tier.object.refuse_unknown();
  return t;
}

LaunchParameters read_launch(const Section& launch) {
  LaunchParameters l{.graph_tokens = launch.count("graph_tokens"),
                     .graph = launch.microseconds("graph_us"),
                     .kernel = launch.microseconds("kernel_us"),
                     .step = launch.microseconds("step_us"),
                     .request = launch.microseconds("request_us")};
  launch.object.refuse_unknown();
  return l;
}

ClaimsParameters read_claims_parameters(const Section& object) {
  ClaimsParameters p;
  const Section gemm = object.section("gemm_efficiency");
  p.fp4_efficiency = gemm.efficiency("fp4");
  p.fp8_efficiency = gemm.efficiency("fp8");
  p.bf16_efficiency = gemm.efficiency("bf16");
  gemm.object.refuse_unknown();
  p.attention_efficiency = object.efficiency("attention_efficiency");
  p.memory_efficiency = object.efficiency("memory_efficiency");
  const Section up = object.section("scale_up");
  p.scale_up_efficiency = up.efficiency("efficiency");
  p.scale_up_latency = up.microseconds("latency_us");
  up.object.refuse_unknown();
  const Section out = object.section("scale_out");
  p.scale_out_efficiency = out.efficiency("efficiency");
  p.scale_out_latency = out.microseconds("latency_us");
  out.object.refuse_unknown();
  p.kernel = object.microseconds("kernel_us");
  p.kernels_per_layer = object.count("kernels_per_layer");
  p.overlap = object.share("overlap");
  p.scale_up_overlap = object.share("scale_up_overlap");
  p.in_network_reduction = object.object.boolean("in_network_reduction", false);
  p.chunk_pipelining = object.object.boolean("chunk_pipelining", true);
  p.tile = object.count("tile");
  p.expert_imbalance = object.count("expert_imbalance");
  p.activation_traffic_bytes = object.count("activation_traffic_bytes");
  p.elementwise_passes = object.count("elementwise_passes");
  p.usable_memory = object.share("usable_memory");
  p.memory_reserve = Bytes(object.count("memory_reserve_bytes"));
  return p;
}

OpsParameters::ByType read_by_type(const Section& section) {
  OpsParameters::ByType values;
  for (const std::string& key : section.object.keys()) {
    const auto type = parse_dtype(key);
    if (!type) throw unknown_name(section.object.place(), "type", key, dtype_names());
    values[*type] = section.efficiency(key);
  }
  return values;
}

void read_gemm(const Section& gemm, OpsParameters& p) {
  p.gemm_efficiency = read_by_type(gemm.section("efficiency"));
  p.memory_efficiency = gemm.efficiency("memory_efficiency");
  p.gemm_floor = gemm.microseconds("floor_us");
  p.tile_m = gemm.count("tile_m");
  p.tile_n = gemm.count("tile_n");
  if (gemm.object.has("sustained_clock")) p.sustained_clock = gemm.efficiency("sustained_clock");
  gemm.object.refuse_unknown();
}

void read_attention(const Section& prefill, const Section& decode, OpsParameters& p) {
  p.prefill_attention_efficiency = read_by_type(prefill.section("efficiency"));
  p.prefill_attention_memory_efficiency = prefill.efficiency("memory_efficiency");
  p.prefill_attention_floor = prefill.microseconds("floor_us");
  prefill.object.refuse_unknown();
  p.decode_attention_efficiency = read_by_type(decode.section("efficiency"));
  p.decode_attention_memory_efficiency = decode.efficiency("memory_efficiency");
  p.decode_attention_floor = decode.microseconds("floor_us");
  decode.object.refuse_unknown();
}

void read_moe(const Section& moe, OpsParameters& p) {
  p.moe_efficiency = read_by_type(moe.section("efficiency"));
  p.moe_memory_efficiency = moe.efficiency("memory_efficiency");
  p.moe_floor = moe.microseconds("floor_us");
  p.expert_skew =
      parse_expert_skew(moe.object.text("expert_skew"), moe.object.place() + ": \"expert_skew\"");
  moe.object.refuse_unknown();
}

void read_all_reduce(const Section& reduce, OpsParameters& p) {
  if (reduce.object.has("one_shot_latency_us")) {
    p.one_shot_latency = reduce.microseconds("one_shot_latency_us");
  }
  if (reduce.object.has("in_network_efficiency")) {
    p.in_network_efficiency = reduce.efficiency("in_network_efficiency");
  }
  reduce.object.refuse_unknown();
}

OpsParameters read_ops_parameters(const Section& root) {
  OpsParameters p;
  read_gemm(root.section("gemm"), p);
  read_attention(root.section("prefill_attention"), root.section("decode_attention"), p);
  read_moe(root.section("moe"), p);
  const Section elementwise = root.section("elementwise");
  p.elementwise_memory_efficiency = elementwise.efficiency("memory_efficiency");
  p.elementwise_floor = elementwise.microseconds("floor_us");
  elementwise.object.refuse_unknown();
  p.scale_up = read_tier(root.section("scale_up"));
  p.scale_out = read_tier(root.section("scale_out"));
  read_all_reduce(root.section("all_reduce"), p);
  const Section host_link = root.section("host_link");
  p.host_link_efficiency = host_link.efficiency("efficiency");
  host_link.object.refuse_unknown();
  p.launch = read_launch(root.section("launch"));
  if (root.object.has("front_end")) {
    const Section front_end = root.section("front_end");
    p.front_end = {.latency = front_end.microseconds("latency_us"),
                   .interval = front_end.microseconds("interval_us")};
    front_end.object.refuse_unknown();
  }
  return p;
}

EngineSetup read_engine(const Section& engine) {
  EngineSetup e{.scheduler = engine.object.text("scheduler"),
                .step_tokens = Tokens(engine.object.integer("step_tokens")),
                .max_batch = engine.object.integer("max_batch"),
                .memory_fraction = engine.efficiency("memory_fraction"),
                .runtime_reserve = Bytes(engine.count("runtime_reserve_gb") * 1e9)};
  engine.object.refuse_unknown();
  return e;
}

// A profile that says "based_on" states what it changes of a shipped one (JSON merge patch, RFC
// 7386).
nlohmann::json with_base(nlohmann::json json, const std::string& place) {
  if (!json.is_object() || !json.contains("based_on")) return json;
  const JsonObject object(json, place, "docs/cost-model.md");
  const std::string base = object.text("based_on");
  std::vector<std::string> names;
  for (const EmbeddedFile& file : cost_profile_files()) {
    nlohmann::json whole = parse_json(std::string(file.text), std::string(file.name));
    names.push_back(whole.value("name", ""));
    if (whole.contains("based_on")) continue;  // one level: no chains, no rings
    if (names.back() != base) continue;
    json.erase("based_on");
    for (const char* own : {"schema", "name", "title", "source", "notes", "sources"}) {
      whole.erase(own);
    }
    whole.merge_patch(json);
    return whole;
  }
  throw unknown_name(place + ": \"based_on\"", "cost profile", base, names);
}

}  // namespace

CostProfile parse_cost_profile(const std::string& text, const std::string& place) {
  const nlohmann::json json = with_base(parse_json(text, place), place);
  const Section root(json, place);
  const JsonObject& object = root.object;
  if (object.text("schema") != kSchema) {
    object.refuse("schema", "is " + object.text("schema"), std::string("expected ") + kSchema,
                  kWayOut);
  }
  CostProfile profile{.name = object.text("name"),
                      .title = object.text("title"),
                      .source = object.text("source"),
                      .notes = object.texts("notes"),
                      .parameters = {},
                      .weights = read_types(object, "weights")};
  if (object.has("sources")) (void)object.object("sources");
  const std::string formulation = object.text("formulation");
  if (formulation == "claims") {
    profile.parameters = read_claims_parameters(root);
  } else if (formulation == "ops") {
    profile.parameters = read_ops_parameters(root);
  } else {
    object.refuse("formulation", "is " + formulation, "expected \"claims\" or \"ops\"", kWayOut);
  }
  if (object.has("engine")) profile.engine = read_engine(root.section("engine"));
  object.refuse_unknown();
  return profile;
}

}  // namespace inferbench
