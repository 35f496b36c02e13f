#pragma once

#include "harness/catalog/json_object.hpp"
#include "harness/claims/numbers.hpp"
#include "harness/claims/world.hpp"

// The measures by family, one file each; harness/claims/registry.cpp lists them with a sentence on
// their inputs and numbers, docs/claims.md in full. Each throws Error for inputs it cannot use.
namespace inferbench::claims {

// arithmetic.cpp
Numbers weight_read(const JsonObject& inputs, const World& world);
Numbers reading_speed(const JsonObject& inputs, const World& world);
Numbers halving_time(const JsonObject& inputs, const World& world);
Numbers offload(const JsonObject& inputs, const World& world);

// memory.cpp
Numbers weights(const JsonObject& inputs, const World& world);
Numbers minimum_gpus(const JsonObject& inputs, const World& world);
Numbers kv_cache(const JsonObject& inputs, const World& world);
Numbers concurrency(const JsonObject& inputs, const World& world);
Numbers shrunk_weights(const JsonObject& inputs, const World& world);

// documents.cpp
Numbers gpu_table(const JsonObject& inputs, const World& world);
Numbers gpu_facts(const JsonObject& inputs, const World& world);

// recommend.cpp
Numbers recommended_instances(const JsonObject& inputs, const World& world);

// enumeration.cpp
Numbers configurations(const JsonObject& inputs, const World& world);
Numbers chunk_grid(const JsonObject& inputs, const World& world);
Numbers layer_split(const JsonObject& inputs, const World& world);

// parallelism.cpp
Numbers placement(const JsonObject& inputs, const World& world);
Numbers expert_work(const JsonObject& inputs, const World& world);
Numbers parallel_comparison(const JsonObject& inputs, const World& world);

// speculation.cpp
Numbers speculation(const JsonObject& inputs, const World& world);

// stage_graph.cpp
Numbers stage_graph(const JsonObject& inputs, const World& world);

// roofline.cpp
Numbers arithmetic_intensity(const JsonObject& inputs, const World& world);
Numbers quantized_gemm(const JsonObject& inputs, const World& world);

// sequences.cpp
Numbers padding(const JsonObject& inputs, const World& world);
Numbers cached_decode(const JsonObject& inputs, const World& world);
Numbers attention_memory(const JsonObject& inputs, const World& world);

// steady.cpp
Numbers steady_points(const JsonObject& inputs, const World& world);
Numbers steady_best(const JsonObject& inputs, const World& world);
Numbers steady_frontier(const JsonObject& inputs, const World& world);

// steady_compare.cpp
Numbers throughput_ratio(const JsonObject& inputs, const World& world);
Numbers interactivity_gain(const JsonObject& inputs, const World& world);
Numbers equal_chunk(const JsonObject& inputs, const World& world);
Numbers systems(const JsonObject& inputs, const World& world);

// replay.cpp
Numbers batching(const JsonObject& inputs, const World& world);
Numbers late_arrival(const JsonObject& inputs, const World& world);
Numbers paged_kv(const JsonObject& inputs, const World& world);
Numbers prefix_sharing(const JsonObject& inputs, const World& world);

// policies.cpp
Numbers policies(const JsonObject& inputs, const World& world);
Numbers forked_blocks(const JsonObject& inputs, const World& world);
Numbers radix_cache(const JsonObject& inputs, const World& world);

// fleets.cpp
Numbers routers(const JsonObject& inputs, const World& world);
Numbers fleet_events(const JsonObject& inputs, const World& world);
Numbers scale_up(const JsonObject& inputs, const World& world);

// applications.cpp
Numbers staged_replay(const JsonObject& inputs, const World& world);

// saved_work.cpp
Numbers speculated_replay(const JsonObject& inputs, const World& world);
Numbers prefix_replay(const JsonObject& inputs, const World& world);

// quantisation.cpp
Numbers quantisation_errors(const JsonObject& inputs, const World& world);

// sharded_layers.cpp
Numbers sharded_layers(const JsonObject& inputs, const World& world);

// metrics.cpp
Numbers metric_story(const JsonObject& inputs, const World& world);

// step.cpp
Numbers step_times(const JsonObject& inputs, const World& world);
Numbers all_reduces(const JsonObject& inputs, const World& world);
Numbers precision_report(const JsonObject& inputs, const World& world);

}  // namespace inferbench::claims
