#include "harness/claims/registry.hpp"

#include "harness/base/error.hpp"
#include "harness/claims/measures/measures.hpp"

namespace inferbench {

const std::vector<Measure>& measures() {
  static const std::vector<Measure> all = {
      {"weight_read", claims::weight_read, "time to read all weights once, in both unit readings"},
      {"reading_speed", claims::reading_speed, "words per second in tokens per second"},
      {"halving_time", claims::halving_time, "months in which an exponential halves"},
      {"offload", claims::offload, "forward passes with weights streamed from host memory"},
      {"weights", claims::weights, "weight sizes and on which GPUs they fit"},
      {"minimum_gpus", claims::minimum_gpus, "the fewest GPUs that hold the weights"},
      {"kv_cache", claims::kv_cache, "KV of one sequence and how many fit beside the weights"},
      {"concurrency", claims::concurrency, "the largest batch over a range of memory sizes"},
      {"shrunk_weights", claims::shrunk_weights, "weight sizes by dtype and with 2:4 sparsity"},
      {"gpu_table", claims::gpu_table, "a document's GPU table against the catalog"},
      {"gpu_facts", claims::gpu_facts, "what the catalog says of one GPU"},
      {"recommended_instances", claims::recommended_instances,
       "chips per model size by one memory rule"},
      {"configurations", claims::configurations, "parallel configurations under named rules"},
      {"chunk_grid", claims::chunk_grid, "chunk sizes and their product with configurations"},
      {"layer_split", claims::layer_split, "layers per pipeline stage"},
      {"placement", claims::placement, "whether a model fits in a parallel configuration"},
      {"expert_work", claims::expert_work, "expert FLOPs and weights by number of chosen experts"},
      {"parallel_comparison", claims::parallel_comparison,
       "weights and traffic of data, tensor, pipeline and expert parallelism"},
      {"speculation", claims::speculation, "speculative decoding by formula and by simulation"},
      {"stage_graph", claims::stage_graph, "latency and throughput of a graph of stages"},
      {"arithmetic_intensity", claims::arithmetic_intensity, "prefill and decode against ridges"},
      {"quantized_gemm", claims::quantized_gemm, "one GEMM under several quantisation modes"},
      {"padding", claims::padding, "padded against packed tokens of a batch"},
      {"cached_decode", claims::cached_decode, "work with and without a KV cache"},
      {"attention_memory", claims::attention_memory, "attention traffic fused and unfused"},
      {"steady_points", claims::steady_points, "configurations at chunk sizes, in steady state"},
      {"steady_best", claims::steady_best, "the best point of a steady sweep within limits"},
      {"steady_frontier", claims::steady_frontier, "the Pareto frontier of a steady sweep"},
      {"throughput_ratio", claims::throughput_ratio,
       "two configurations' throughput at equal interactivity"},
      {"interactivity_gain", claims::interactivity_gain,
       "interactivity gained for a limited loss of throughput"},
      {"equal_chunk", claims::equal_chunk, "two configurations at equal chunk sizes"},
      {"systems", claims::systems, "two systems' best throughput at equal interactivity"},
      {"metric_story", claims::metric_story, "every metric of requests with given token times"},
      {"batching", claims::batching, "static against in-flight batching, replayed"},
      {"late_arrival", claims::late_arrival, "a request that arrives while another is running"},
      {"paged_kv", claims::paged_kv, "paged against contiguous KV reservations"},
      {"prefix_sharing", claims::prefix_sharing, "prompt tokens that a shared prefix saves"},
      {"policies", claims::policies, "batching policies on one deployment and workload"},
      {"forked_blocks", claims::forked_blocks, "copy-on-write KV blocks of forked sequences"},
      {"radix_cache", claims::radix_cache, "the radix-tree prefix cache against brute force"},
      {"quantisation_errors", claims::quantisation_errors,
       "accuracy of a linear layer under quantisation modes"},
      {"sharded_layers", claims::sharded_layers,
       "two linear layers split over ranks, and the bytes these exchange"},
      {"routers", claims::routers, "routers of a fleet on the same requests"},
      {"fleet_events", claims::fleet_events, "replicas that fail or drain during a replay"},
      {"scale_up", claims::scale_up, "how soon an autoscaled fleet answers a burst"},
      {"staged_replay", claims::staged_replay, "a served model inside a graph of stages"},
      {"speculated_replay", claims::speculated_replay, "speculative decoding inside a replay"},
      {"prefix_replay", claims::prefix_replay, "the prefix cache inside a replay"},
      {"step_times", claims::step_times, "one step over configurations and contexts"},
      {"all_reduces", claims::all_reduces, "all-reduces of a step and what they send"},
      {"precision_report", claims::precision_report, "ops of a step under two precisions"},
  };
  return all;
}

const Measure& find_measure(const std::string& name, const std::string& place) {
  std::vector<std::string> known;
  for (const Measure& measure : measures()) {
    if (measure.name == name) return measure;
    known.emplace_back(measure.name);
  }
  throw unknown_name(place, "measure", name, known);
}

}  // namespace inferbench
