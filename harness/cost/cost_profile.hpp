#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "harness/base/units.hpp"
#include "harness/catalog/hardware_spec.hpp"
#include "harness/catalog/model_spec.hpp"
#include "harness/cost/expert_routing.hpp"
#include "harness/cost/expert_skew.hpp"
#include "harness/plan/memory.hpp"
#include "harness/plan/precision.hpp"

namespace inferbench {

// The constants of the first-principles model behind the published trillion-parameter claims
// (docs/cost-model.md, "The claims formulation"). Times are roofline per op, communication is
// alpha-beta, and only averages of the traffic enter.
struct ClaimsParameters {
  double fp4_efficiency = 0.65, fp8_efficiency = 0.65, bf16_efficiency = 0.65;  // of dense peak
  double attention_efficiency = 0.5;                                            // of dense peak
  double memory_efficiency = 0.85;
  double scale_up_efficiency = 0.75, scale_out_efficiency = 0.80;
  Seconds scale_up_latency{6e-6}, scale_out_latency{15e-6};
  Seconds kernel{2.5e-6};  // fixed cost per kernel
  double kernels_per_layer = 12;
  double overlap = 0;           // share of the shorter of compute and communication that hides
  double scale_up_overlap = 0;  // the same for scale-up traffic alone; wins over `overlap` when > 0
  bool in_network_reduction = false;  // all-reduces inside the domain move half the bytes
  bool chunk_pipelining =
      true;           // a prompt's next chunk enters stage 1 while this one is in stage 2
  double tile = 128;  // 0: no tile quantisation
  double expert_imbalance = 1.0;          // rows of the hottest expert over the mean
  double activation_traffic_bytes = 1.5;  // per GEMM activation element
  double elementwise_passes = 10;         // over the residual stream, 2 bytes per element
  double usable_memory = 0.97;            // of the capacity
  Bytes memory_reserve{4e9};
};

// Transfer inside or across the fast domain.
struct TierParameters {
  double efficiency = 0.75;        // of one-way link bandwidth at large messages
  Seconds latency{2e-6};           // of any collective
  Seconds latency_per_doubling{};  // added per doubling of the group
  Seconds send_receive_latency{};  // point to point
  double overlap = 0;              // share of this tier's time that can hide behind compute
};

// How kernels reach the GPU.
struct LaunchParameters {
  double graph_tokens = 512;  // steps up to this many tokens replay a CUDA graph; 0: none do
  Seconds graph{10e-6};       // host time to launch one graph
  Seconds kernel{4e-6};       // host time to launch one kernel outside a graph
  Seconds step{};             // framework work per step that does not overlap with the GPU
  Seconds request{};          // the same per request in the step
};

// What a request passes before the scheduler sees it: HTTP, tokeniser, hand-over between processes.
// Part of TTFT; takes no time of the GPU.
struct FrontEndParameters {
  Seconds latency{};   // of one request; others pass at the same time
  Seconds interval{};  // between two requests: the part that one thread does
};

// How the engine that a profile was fitted to serves: batching policy, limits, memory.
struct EngineSetup {
  std::string scheduler = "in_flight";  // a name of `inferbench list schedulers`
  Tokens step_tokens{8192};             // new tokens of a step
  std::int64_t max_batch = 256;         // requests running at once
  double memory_fraction = 0.9;         // as MemoryBudget::usable_fraction
  Bytes runtime_reserve{4e9};           // as MemoryBudget::runtime_reserve
};

// How the ranks of a context-parallel group see each other's keys and values.
enum class ContextExchange {
  ring,        // blocks pass from rank to rank, hidden behind attention on the block at hand
  all_gather,  // gathered before attention
};

std::string_view name(ContextExchange exchange);  // "ring", "all-gather"

// The constants of our own per-op model. A floor is added to an op's roofline: launch, prologue and
// tail, which no roofline sees and which small ops consist of.
struct OpsParameters {
  using ByType = std::map<DType, double>;

  ByType gemm_efficiency;          // of dense peak, by weight type; also shared experts
  double memory_efficiency = 0.8;  // of memory bandwidth
  Seconds gemm_floor{};
  double tile_m = 128, tile_n = 128;
  // Compute rate held for minutes over that of a short benchmark: power limits lower the clock.
  double sustained_clock = 1;

  ByType prefill_attention_efficiency;  // of dense peak, by the type that attention multiplies at
  ByType decode_attention_efficiency;
  double prefill_attention_memory_efficiency = 0.3;  // of memory bandwidth
  double decode_attention_memory_efficiency = 0.8;
  Seconds prefill_attention_floor{}, decode_attention_floor{};

  ByType moe_efficiency;               // of dense peak, grouped GEMMs, by weight type
  double moe_memory_efficiency = 0.8;  // of memory bandwidth
  Seconds moe_floor{};                 // both grouped GEMMs together
  ExpertSkew expert_skew;
  std::optional<ExpertRouting> routing;  // drawn per step; absent: expected values

  double elementwise_memory_efficiency = 0.8;
  Seconds elementwise_floor{};

  TierParameters scale_up, scale_out;
  double host_link_efficiency = 0.85;           // of the one-way host link, large transfers
  std::optional<Seconds> one_shot_latency;      // all-reduce in which each rank reads all peers
  std::optional<double> in_network_efficiency;  // of link bandwidth, where the switch can reduce
  LaunchParameters launch;
  FrontEndParameters front_end;
  ContextExchange context_exchange = ContextExchange::ring;  // the engine's choice, not fitted
};

// Efficiencies and latencies under a name. Every number's source is in the profile's JSON.
struct CostProfile {
  std::string name;   // "p1", "p2", "default"
  std::string title;  // one line for tables
  std::string source;
  std::vector<std::string> notes;
  std::variant<OpsParameters, ClaimsParameters> parameters;
  std::vector<DType> weights{};  // what the profile's author ran, best first; empty: no opinion
  std::optional<EngineSetup> engine{};  // absent: the profile is of no engine

  bool is_claims() const { return std::holds_alternative<ClaimsParameters>(parameters); }
  std::string formulation() const { return is_claims() ? "claims" : "ops"; }
};

// The shipped profiles in the order of `inferbench list profiles`.
const std::vector<CostProfile>& cost_profiles();

// A shipped profile by name, or a JSON file when `what` names one (docs/cost-model.md has the
// keys). Throws Error with the nearest names, or with the file and key that is not usable.
CostProfile find_cost_profile(const std::string& what);

// A profile from JSON text; `place` names it in errors.
CostProfile parse_cost_profile(const std::string& json, const std::string& place);

// What to serve in when nobody says: the profile's own choice, else default_precision().
Precision default_precision(const CostProfile& profile, const ModelSpec& model,
                            const HardwareSpec& gpu);

// Throws Error when the profile is of the claims formulation, which knows none of these: GEMM
// inputs and sparsity of weights, offloaded weights, adapters.
void refuse_in_claims(const CostProfile& profile, const Precision& precision,
                      const MemoryBudget& budget);

// How the claims formulation serves a weight type: attention, FFN and experts in it; LM head, KV
// cache, attention math and dispatch in fp8; combine and all-reduce in bf16. Types of 16 bit and
// more use themselves throughout.
Precision claims_precision(DType weights);

}  // namespace inferbench
