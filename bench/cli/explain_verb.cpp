#include <CLI/CLI.hpp>
#include <cmath>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "bench/cli/sweep_profile.hpp"
#include "bench/cli/system_options.hpp"
#include "bench/cli/verbs.hpp"
#include "harness/base/output_file.hpp"
#include "harness/base/text_table.hpp"
#include "harness/cost/step_cost_model.hpp"
#include "results/configuration.hpp"

namespace inferbench {
namespace {

using Json = nlohmann::ordered_json;

struct ExplainOptions : ProfileArguments {
  SystemOptions system;
  std::string json_path;
  std::int64_t prefill = 0, prefill_context = 0;
  std::int64_t decodes = 0, context = 2048;
};

void check_count(const char* option, std::int64_t value) {
  constexpr std::int64_t kMost = 100'000'000;
  if (value >= 0 && value <= kMost) return;
  throw Error(option, std::to_string(value), "expected 0 to 100,000,000");
}

// The same work on every attention rank: one prompt chunk and some decodes.
BatchPlan batch_of(const ExplainOptions& options, std::int64_t ranks) {
  check_count("--prefill", options.prefill), check_count("--decodes", options.decodes);
  check_count("--context", options.context);
  check_count("--prefill-context", options.prefill_context);
  if (options.prefill + options.decodes == 0) {
    throw Error("inferbench explain", "an empty step", "a step has prompt tokens or decodes",
                "give --prefill TOKENS, --decodes N or both");
  }
  if (options.decodes * ranks > 10'000'000) {
    throw Error("--decodes", std::to_string(options.decodes), "more than 10,000,000 in one step");
  }
  BatchPlan plan;
  std::uint64_t id = 0;
  for (std::int64_t rank = 0; rank < ranks; ++rank) {
    const auto add = [&](std::int64_t context, std::int64_t tokens, bool decode) {
      plan.items.push_back({.request = RequestId(id++),
                            .context = Tokens(context),
                            .new_tokens = Tokens(tokens),
                            .decode = decode,
                            .emits = true,
                            .rank = static_cast<std::uint16_t>(rank)});
    };
    for (std::int64_t i = 0; i < options.decodes; ++i) add(options.context, 1, true);
    if (options.prefill > 0) add(options.prefill_context, options.prefill, false);
  }
  return plan;
}

Json timing_json(const StepTiming& t) {
  return {
      {"elapsed_ns", t.elapsed.count()},         {"stage_ns", t.stage.count()},
      {"gemm_ns", t.parts.gemm.count()},         {"attention_ns", t.parts.attention.count()},
      {"moe_ns", t.parts.moe.count()},           {"elementwise_ns", t.parts.elementwise.count()},
      {"scale_up_ns", t.parts.scale_up.count()}, {"scale_out_ns", t.parts.scale_out.count()},
      {"host_ns", t.parts.host.count()},         {"hidden_ns", t.hidden.count()}};
}

Json explanation_json(const ExplainOptions& options, const StepCostModel& model,
                      const StepExplanation& explanation) {
  Json json = {{"schema", "inferbench.explain/1"},
               {"method", "modelled"},
               {"deployment", deployment_json(model.deployment())},
               {"cost_profile", model.profile().name},
               {"batch_per_rank",
                {{"prefill_tokens", options.prefill},
                 {"prefill_context_tokens", options.prefill_context},
                 {"decodes", options.decodes},
                 {"decode_context_tokens", options.context}}},
               {"stage", explanation.stage},
               {"timing", timing_json(explanation.timing)},
               {"ops", Json::array()},
               {"notes", explanation.notes}};
  put_profile_changes(json, options);
  if (explanation.graph) {
    json["cuda_graph_effect"] = {{"replayed", explanation.graph->replayed},
                                 {"stage_with_ns", explanation.graph->with_graph.count()},
                                 {"stage_without_ns", explanation.graph->without_graph.count()}};
  }
  for (const OpExplanation& op : explanation.ops) {
    json["ops"].push_back({{"name", op.name},
                           {"part", op.part},
                           {"count", op.count},
                           {"flops", op.flops.count()},
                           {"bytes", op.bytes.count()},
                           {"wire_bytes", op.wire.count()},
                           {"bound_by", name(op.roof)},
                           {"time_s", op.time.count()},
                           {"share", op.share}});
  }
  return json;
}

std::string op_table(const StepExplanation& explanation) {
  TextTable table(
      {"op", "part", "count", "GFLOP", "MB moved", "MB on wire", "bound by", "time", "share %"});
  const auto shown = [](double value) { return value > 0 ? significant(value) : "-"; };
  for (const OpExplanation& op : explanation.ops) {
    table.add({op.name, op.part, significant(op.count), shown(op.flops.count() / 1e9),
               shown(op.bytes.count() / 1e6), shown(op.wire.count() / 1e6),
               std::string(name(op.roof)), human_seconds(op.time.count()),
               fixed(op.share * 100, 1)});
  }
  return table.str();
}

std::string report(const ExplainOptions& options, const StepCostModel& model,
                   const StepExplanation& explanation) {
  const Deployment& d = model.deployment();
  std::string text = d.model.name + " in " + label(d.precision) + " on " +
                     std::to_string(d.gpus()) + " " + d.gpu.name + " as " + label(d.parallel) +
                     ", cost profile " + model.profile().name + "; modelled\n";
  text += "step of each attention rank: " + with_commas(options.prefill) + " prompt tokens after " +
          with_commas(options.prefill_context) + " cached, " + with_commas(options.decodes) +
          " decodes at context " + with_commas(options.context) + "\n";
  text += "one GPU of " + explanation.stage + ", the slowest:\n\n" + op_table(explanation);
  const auto shown = [](Duration time) { return human_seconds(seconds(time).count()); };
  const StepTiming& t = explanation.timing;
  text += "\nstage " + shown(t.stage) + " (hidden by overlap " + shown(t.hidden) + "), step " +
          shown(t.elapsed) + " through " + std::to_string(d.parallel.pp) + " stage" +
          (d.parallel.pp == 1 ? "" : "s") + "\n";
  if (explanation.graph) {
    const GraphEffect& graph = *explanation.graph;
    const double saved = seconds(graph.without_graph - graph.with_graph).count();
    text += "CUDA graph: stage " + shown(graph.with_graph) + " as a graph, " +
            shown(graph.without_graph) + " kernel by kernel: a graph " +
            (saved >= 0 ? "saves " : "costs ") + human_seconds(std::abs(saved)) + "\n";
  }
  for (const std::string& note : explanation.notes) text += "note: " + note + "\n";
  return text;
}

void run_explain(const ExplainOptions& options) {
  std::optional<OutputFile> json;
  if (!options.json_path.empty()) json.emplace(options.json_path);
  SystemOptions system = options.system;
  const CostProfile profile = chosen_profile(options);
  if (system.precision_text.empty()) {
    system.precision_text = label(default_precision(profile, system.model(), system.gpu()));
  }
  const StepCostModel model(system.deployment(), profile);
  refuse_idle_changes(options, model.deployment().model, {&model.deployment().parallel, 1});
  const BatchPlan plan = batch_of(options, model.deployment().parallel.ep);
  const StepExplanation explanation = model.explain(plan);
  if (json) {
    json->write(explanation_json(options, model, explanation).dump(1) + "\n");
    json->commit();
  }
  if (!json || !json->is_stdout()) std::cout << report(options, model, explanation);
}

}  // namespace

void add_explain_verb(CLI::App& program, VerbContext&) {
  CLI::App* verb = program.add_subcommand(
      "explain",
      "one step op by op: FLOPs, bytes, what binds, time (needs --prefill or --decodes)");
  const auto options = std::make_shared<ExplainOptions>();
  add_system_options(*verb, options->system, SystemScope::deployment);
  add_profile_options(*verb, *options);
  verb->add_option("--prefill", options->prefill, "prompt tokens of one chunk, per attention rank");
  verb->add_option("--prefill-context", options->prefill_context,
                   "tokens of that prompt that are already cached (default 0)");
  verb->add_option("--decodes", options->decodes, "requests that decode, per attention rank");
  verb->add_option("--context", options->context, "cached tokens of each decode (default 2048)");
  verb->add_option("--json", options->json_path, "write the table as JSON; - is stdout");
  verb->callback([options] { run_explain(*options); });
}

}  // namespace inferbench
