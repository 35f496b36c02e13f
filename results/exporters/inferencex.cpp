#include <cmath>
#include <nlohmann/json.hpp>

#include "results/exporters/export.hpp"
#include "results/exporters/latency_keys.hpp"
#include "results/exporters/serving_setup.hpp"

namespace inferbench {
namespace {

using nlohmann::ordered_json;

// "gb200-nvl72" -> "gb200": InferenceX names the part, not the rack.
std::string hardware_key(const std::string& gpu) {
  return gpu.substr(0, gpu.find('-'));
}

// InferenceX says fp4 and fp8 whatever the block scales.
std::string precision_key(const std::string& type) {
  if (type == "nvfp4" || type == "mxfp4") return "fp4";
  return type == "fp8_block" ? "fp8" : type;
}

std::int64_t mean_tokens(std::int64_t tokens, std::uint64_t requests) {
  return std::llround(static_cast<double>(tokens) / static_cast<double>(requests));
}

void put_identity(ordered_json& row, const RunResult& result, const ServingSetup& setup,
                  const ServingFigures& figures, std::vector<std::string>& notes) {
  const std::string model = setup.model.value_or("unknown");
  row["hw"] = hardware_key(setup.gpu.value_or("unknown"));
  row["conc"] = setup.concurrency.value_or(figures.peak_concurrent_requests);
  row["image"] = "inferbench:" + result.provenance.build.version;
  row["model"] = model;
  row["infmax_model_prefix"] = model;
  row["framework"] = "inferbench-" + std::string(name(result.method));
  row["precision"] = precision_key(setup.precision.value_or("unknown"));
  row["spec_decoding"] = "none";
  row["disagg"] = false;
  row["isl"] = setup.isl_tokens.value_or(mean_tokens(figures.input_tokens, figures.completed));
  row["osl"] = setup.osl_tokens.value_or(mean_tokens(figures.output_tokens, figures.completed));
  if (!setup.concurrency) {
    notes.emplace_back("conc: the run has no concurrency cap; the peak reached is written");
  }
  if (!setup.isl_tokens || !setup.osl_tokens) {
    notes.emplace_back("isl, osl: the workload has no nominal lengths; the means are written");
  }
  if (!setup.model || !setup.gpu || !setup.precision) {
    notes.emplace_back("model, hw or precision: not in the result; use --metadata");
  }
}

// InferenceX counts an expert-parallel group's GPUs in tp and says that attention is data-parallel
// over them.
void put_parallel(ordered_json& row, const ServingSetup& setup, const ServingFigures& figures,
                  std::vector<std::string>& notes) {
  row["is_multinode"] = false;
  row["tp"] = setup.tp * setup.ep;
  row["pp"] = setup.pp;
  row["dcp_size"] = 1;
  row["pcp_size"] = setup.cp;
  row["ep"] = setup.ep;
  row["dp_attention"] = setup.ep > 1 ? "true" : "false";
  const auto gpus = static_cast<double>(setup.gpus);
  row["tput_per_gpu"] = figures.total_token_throughput() / gpus;
  row["output_tput_per_gpu"] = figures.output_throughput() / gpus;
  row["input_tput_per_gpu"] = figures.input_throughput() / gpus;
  if (setup.dp > 1) {
    notes.push_back("tp, pp, ep are of one of " + std::to_string(setup.dp) +
                    " replicas; conc and the rates per GPU are of all " +
                    std::to_string(setup.gpus) + " GPUs");
  }
  if (setup.ep > 1 && setup.tp > 1) {
    notes.emplace_back(
        "dp_attention: attention is both tensor- and data-parallel here, which the "
        "row cannot say");
  }
}

void put_latencies(ordered_json& row, const std::vector<LatencyFigure>& latencies) {
  for (const LatencyFigure& figure : latencies) {
    row[figure.statistic + "_" + figure.metric] = figure.seconds;
    if (figure.metric == "tpot" && figure.statistic != "std" && figure.seconds > 0) {
      row[figure.statistic + "_intvty"] = 1 / figure.seconds;
    }
  }
}

// --metadata conc=64 is a number, image=a:b is text.
ordered_json metadata_value(const std::string& text) {
  const ordered_json value = ordered_json::parse(text, nullptr, false);
  return value.is_number() || value.is_boolean() ? value : ordered_json(text);
}

}  // namespace

Export export_inferencex(const RunResult& result, std::span<const RequestRecord> records,
                         const ExportOptions& options) {
  const ServingFigures figures = serving_figures(records, "export");
  const ServingSetup setup = serving_setup(result);
  Export out;
  ordered_json row;
  put_identity(row, result, setup, figures, out.notes);
  put_parallel(row, setup, figures, out.notes);
  put_latencies(row, latency_figures(figures, options, out.notes));
  for (const auto& [key, value] : options.metadata) row[key] = metadata_value(value);
  out.notes.emplace_back(
      "std_intvty is left out: InferenceX computes 1 / std(TPOT), which is no speed");
  out.notes.emplace_back("unofficial: only SemiAnalysis publishes InferenceX results");
  out.text = row.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
  return out;
}

}  // namespace inferbench
