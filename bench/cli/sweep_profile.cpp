#include "bench/cli/sweep_profile.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "harness/base/error.hpp"

namespace inferbench {
namespace {

double graph_tokens(const std::string& text, const CostProfile& profile) {
  if (text == "off") return 0;
  const double own = std::get<OpsParameters>(profile.parameters).launch.graph_tokens;
  if (text == "on") return own > 0 ? own : LaunchParameters{}.graph_tokens;
  std::int64_t tokens = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), tokens);
  if (error != std::errc() || end != text.data() + text.size() || tokens < 1) {
    throw Error("--cuda-graph", "\"" + text + "\"",
                "expected on, off, or the tokens of the largest step that is captured",
                "engines capture up to 512; 8192 captures prompt chunks too");
  }
  return static_cast<double>(tokens);
}

ContextExchange context_exchange(const std::string& text) {
  for (const ContextExchange exchange : {ContextExchange::ring, ContextExchange::all_gather}) {
    if (text == name(exchange)) return exchange;
  }
  throw unknown_name("--context-exchange", "variant", text, {"ring", "all-gather"});
}

void refuse(const char* option, const CostProfile& profile, const char* instead) {
  throw Error(option, "profile " + profile.name + " has none",
              std::string("the claims formulation knows ") + instead + " instead",
              "use --profile default");
}

}  // namespace

void add_profile_options(CLI::App& verb, ProfileArguments& arguments) {
  std::string names;
  for (const CostProfile& shipped : cost_profiles()) {
    names += (names.empty() ? "" : ", ") + shipped.name;
  }
  verb.add_option("--profile", arguments.profile,
                  "cost profile: " + names + ", or a JSON file (default: default)");
  verb.add_option("--expert-skew", arguments.expert_skew,
                  "balanced, or the power-law exponent of expert popularity: 0.6, 1.01, 1.2");
  verb.add_option("--routing", arguments.routing,
                  "experts drawn per step: balanced, power:1.2, correlated:0.3, both, ,seed=7 "
                  "(default: expected values)");
  verb.add_option("--cuda-graph", arguments.cuda_graph,
                  "on, off, or tokens of the largest captured step (default: the profile's)");
  verb.add_option("--context-exchange", arguments.context_exchange,
                  "how CP ranks see all keys: ring, all-gather (default ring)");
}

CostProfile chosen_profile(const ProfileArguments& arguments) {
  CostProfile chosen = find_cost_profile(arguments.profile);
  auto* ops = std::get_if<OpsParameters>(&chosen.parameters);
  if (!arguments.expert_skew.empty()) {
    if (ops == nullptr) refuse("--expert-skew", chosen, "a fixed expert_imbalance");
    ops->expert_skew = parse_expert_skew(arguments.expert_skew, "--expert-skew");
  }
  if (!arguments.routing.empty()) {
    if (ops == nullptr) refuse("--routing", chosen, "a fixed expert_imbalance");
    if (!arguments.expert_skew.empty()) {
      throw Error("--routing", "is given beside --expert-skew", "each says how popular experts are",
                  "use --routing power:" + arguments.expert_skew);
    }
    ops->routing = parse_expert_routing(arguments.routing, "--routing");
    ops->expert_skew.exponent = ops->routing->exponent;  // what closed forms take
  }
  if (!arguments.cuda_graph.empty()) {
    if (ops == nullptr) refuse("--cuda-graph", chosen, "a fixed cost per kernel");
    ops->launch.graph_tokens = graph_tokens(arguments.cuda_graph, chosen);
  }
  if (!arguments.context_exchange.empty()) {
    if (ops == nullptr) refuse("--context-exchange", chosen, "no context parallelism");
    ops->context_exchange = context_exchange(arguments.context_exchange);
  }
  return chosen;
}

void refuse_idle_changes(const ProfileArguments& arguments, const ModelSpec& model,
                         std::span<const ParallelConfig> configs) {
  const auto experts = [&](const char* option, const std::string& value) {
    if (value.empty() || model.moe) return;
    throw Error(option, value + " does nothing", model.name + " has no experts",
                "leave it out, or name a model with experts");
  };
  experts("--expert-skew", arguments.expert_skew);
  experts("--routing", arguments.routing);
  const bool any_context_parallel = std::any_of(
      configs.begin(), configs.end(), [](const ParallelConfig& config) { return config.cp > 1; });
  if (arguments.context_exchange.empty() || any_context_parallel) return;
  throw Error("--context-exchange", arguments.context_exchange + " does nothing",
              "no configuration here is context parallel",
              "leave it out, or spread sequences with a CP degree, e.g. cp2");
}

void put_profile_changes(nlohmann::ordered_json& out, const ProfileArguments& arguments) {
  const auto put = [&](const char* key, const std::string& value) {
    if (!value.empty()) out[key] = value;
  };
  put("expert_skew", arguments.expert_skew);
  put("routing", arguments.routing);
  put("cuda_graph", arguments.cuda_graph);
  put("context_exchange", arguments.context_exchange);
}

}  // namespace inferbench
