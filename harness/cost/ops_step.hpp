#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "harness/cost/op_cost.hpp"
#include "harness/cost/ops_formulation.hpp"
#include "harness/plan/deployment.hpp"
#include "harness/schedule/step_result.hpp"
#include "kernels/shapes/attention.hpp"

namespace inferbench {

// What one attention rank does in one step, as sums over its requests.
struct RankLoad {
  double tokens = 0;              // new tokens
  double sampled = 0;             // positions the LM head runs on
  double requests = 0;            // in the step; what the framework handles one by one
  double squares = 0;             // sum over requests of their tokens squared
  double adapters = 0;            // distinct LoRA adapters of its requests
  AttentionLoad prefill, decode;  // in layers of full attention
  AttentionLoad windowed_prefill, windowed_decode;  // in layers with a sliding window
};

// The times that the layers and ends of a pipeline are made of, for one step.
struct BlockTimes {
  PartTimes projections, full_attention, windowed_attention;  // of every layer
  PartTimes dense_ffn, expert_exchange, experts;              // of a dense layer, of a MoE layer
  PartTimes embedding, hand_over, lm_head;                    // of a stage
};

inline constexpr std::array<PartTimes BlockTimes::*, 9> kBlocks = {
    &BlockTimes::projections, &BlockTimes::full_attention,  &BlockTimes::windowed_attention,
    &BlockTimes::dense_ffn,   &BlockTimes::expert_exchange, &BlockTimes::experts,
    &BlockTimes::embedding,   &BlockTimes::hand_over,       &BlockTimes::lm_head};

// Layers of one pipeline stage by kind, and how many stages are like it.
struct StageKind {
  std::int64_t stage = 0;   // the first such stage, counted from 0
  std::int64_t stages = 1;  // stages like it
  std::int64_t layers = 0;
  double full_dense = 0, full_moe = 0, windowed_dense = 0, windowed_moe = 0;
  double stream = 0;  // seconds in which its offloaded weights cross the host link, per step
  Bytes streamed{};
  bool first = false, last = false;
};

// The distinct stages of a pipeline, in order. Stages differ by at most one layer.
std::vector<StageKind> stage_kinds(const ModelSpec& model, std::int64_t stages);

struct StepSeconds {
  double stage = 0;         // the slowest stage is occupied so long
  double elapsed = 0;       // through all stages, pipeline empty
  double host = 0;          // launches, framework and streamed weights, alone
  double hidden = 0;        // collectives of the slowest stage that run while compute does
  PartTimes parts;          // of the slowest stage, each alone
  std::size_t slowest = 0;  // its index in stage_kinds
};

// Collectives of the slowest stage that no compute hides.
inline double exposed_collectives(const StepSeconds& step) {
  return step.parts[OpPart::scale_up] + step.parts[OpPart::scale_out] - step.hidden;
}

// A step in nanoseconds. What the parts add up to beyond the stage is hidden by overlap.
StepTiming step_timing(const StepSeconds& seconds);

// Puts blocks together to stages and stages to a step: overlap of communication with compute per
// tier, launches by graph or by kernel, hand-over between stages.
class StepAssembly {
 public:
  StepAssembly(const OpsParameters& parameters, const Deployment& deployment);

  // `tokens` decides whether a CUDA graph is replayed, unless the last argument does.
  StepSeconds assemble(const BlockTimes& blocks, double tokens, double requests) const {
    return assemble(blocks, requests, replays_graph(tokens));
  }
  StepSeconds assemble(const BlockTimes& blocks, double requests, bool graph) const;
  bool replays_graph(double tokens) const { return tokens <= launch_.graph_tokens; }

  const std::vector<StageKind>& kinds() const { return kinds_; }

 private:
  // Time of one layer after overlap.
  struct LayerTime {
    double seconds = 0;  // with collectives overlapped
    double hidden = 0;   // collectives behind compute
  };
  LayerTime layer(const PartTimes& parts) const;

  TierParameters up_, out_;
  LaunchParameters launch_;
  double stream_overlap_ = 1;
  std::vector<StageKind> kinds_;
  bool any_full_ = false, any_windowed_ = false, any_dense_ = false, any_moe_ = false;
};

// Blocks of a step without tables, for loads that are averages. `all_tokens` are those of all EP
// ranks together.
BlockTimes block_times(const OpsFormulation& formulation, const RankLoad& rank, double all_tokens);

}  // namespace inferbench
