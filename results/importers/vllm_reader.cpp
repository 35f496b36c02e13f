#include <nlohmann/json.hpp>

#include "results/importers/figures.hpp"
#include "results/importers/readers.hpp"

namespace inferbench {
namespace {

using Json = nlohmann::ordered_json;

struct Throughput {
  const char* key;
  const char* unit;
};

constexpr Throughput kThroughputs[] = {{"request_throughput", "requests/s"},
                                       {"request_goodput", "requests/s"},
                                       {"output_throughput", "tokens/s"},
                                       {"total_token_throughput", "tokens/s"}};

bool is_vllm(const ForeignFile& file) {
  const Json& json = file.json;
  return json.is_object() && json.contains("request_throughput") && json.contains("completed") &&
         json.contains("total_output_tokens");
}

// "mean_ttft_ms", "p99.9_e2el_including_client_queue_ms"
bool is_latency(const std::string& key) {
  if (!key.ends_with("_ms")) return false;
  for (const char* metric : {"_ttft_", "_tpot_", "_itl_", "_e2el_", "_client_queue_time_"}) {
    if (key.find(metric) != std::string::npos) return true;
  }
  return false;
}

void add_latency(StoredRun& run, const std::string& key, const Json& json) {
  std::optional<double> value = number_in(json);
  if (value && *value == 0) value.reset();  // vLLM's sign for a metric without samples
  // A spread has no direction: less of it is not a faster server.
  const Better better = key.starts_with("std_") ? Better::neither : Better::lower;
  add_figure(run, key, "ms", better, value, "vLLM writes 0 or nothing: there is no sample");
}

// Older files spell "request_goodput:".
std::string without_colon(std::string key) {
  if (key.ends_with(':')) key.pop_back();
  return key;
}

StoredRun read_vllm(const ForeignFile& file) {
  StoredRun run;
  run.place = file.place;
  run.exact = member_text(file.json, "inferbench_method") == "modelled";
  for (const auto& [spelled, value] : file.json.items()) {
    const std::string key = without_colon(spelled);
    if (is_latency(key)) add_latency(run, key, value);
    for (const Throughput& throughput : kThroughputs) {
      if (key != throughput.key) continue;
      add_figure(run, key, throughput.unit, Better::higher, number_in(value),
                 "vLLM was not asked for it");
    }
  }
  note_members(file.json,
               {"model_id", "num_prompts", "request_rate", "burstiness", "max_concurrency",
                "ramp_up_strategy", "ramp_up_start_rps", "ramp_up_end_rps", "total_input_tokens"},
               "", run.configuration);
  note_members(file.json, {"backend", "endpoint_type", "label", "tokenizer_id"}, "server/",
               run.environment);
  return run;
}

}  // namespace

const FileReader kVllmReader = {"vLLM", is_vllm, read_vllm};

}  // namespace inferbench
