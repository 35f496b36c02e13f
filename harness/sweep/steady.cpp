#include "harness/sweep/steady.hpp"

#include <algorithm>
#include <cmath>

#include "harness/base/error.hpp"
#include "harness/base/real.hpp"
#include "harness/base/text_table.hpp"
#include "harness/cost/claims_formulation.hpp"
#include "harness/cost/ops_step.hpp"

namespace inferbench {
namespace {

// Mean over a prompt's positions of the tokens inside the window, one position after another.
double mean_pairs_per_token(double isl, double window) {
  if (window <= 0 || isl <= window) return isl / 2.0;
  return window - window * window / (2.0 * isl);
}

// A chunk of c prompt tokens per step, averaged over a prompt: chunk by chunk it attends to more.
AttentionLoad mean_prefill(const Traffic& traffic, double chunk, double window) {
  const double isl = real(traffic.isl.count());
  const double prompts = std::max(1.0, chunk / isl);  // more than one when the chunk is longer
  const double tokens_each = chunk / prompts;
  double seen = (isl + tokens_each) / 2.0;  // cached and new tokens of one prompt's chunk
  if (window > 0) seen = std::min(seen, window - 1.0 + tokens_each);
  return {chunk, chunk * mean_pairs_per_token(isl, window), prompts * seen, prompts};
}

// b decodes at the mean length of their answer's course.
AttentionLoad mean_decode(const Traffic& traffic, double decodes, double window) {
  double seen = real(traffic.isl.count()) + real(traffic.osl.count()) / 2.0;
  if (window > 0) seen = std::min(seen, window);
  return {decodes, decodes * seen, decodes * seen, decodes};
}

RankLoad mean_load(const ModelSpec& model, const Traffic& traffic, double chunk, double decodes) {
  const double isl = real(traffic.isl.count());
  RankLoad load;
  load.tokens = chunk + decodes;
  load.sampled = decodes + chunk / isl;
  load.requests = decodes + std::max(1.0, chunk / isl);
  load.prefill = mean_prefill(traffic, chunk, 0);
  load.decode = mean_decode(traffic, decodes, 0);
  if (model.sliding_window > 0) {
    const double window = real(model.sliding_window);
    load.windowed_prefill = mean_prefill(traffic, chunk, window);
    load.windowed_decode = mean_decode(traffic, decodes, window);
  }
  return load;
}

void set_rates(SweepPoint& point, Seconds stage) {
  const ParallelConfig& parallel = point.task.parallel;
  point.stage = stage;
  point.tpot = stage * real(parallel.pp);
  point.tps_user = 1.0 / point.tpot.count();
  point.tps_gpu =
      point.decodes * real(parallel.ep * parallel.dp) / stage.count() / real(parallel.gpus());
}

StageParts stage_parts(const StepSeconds& step) {
  const auto part = [&](OpPart which) { return Seconds(step.parts[which]); };
  return {.gemm = part(OpPart::gemm),
          .attention = part(OpPart::attention),
          .moe = part(OpPart::moe),
          .elementwise = part(OpPart::elementwise),
          .scale_up = part(OpPart::scale_up),
          .scale_out = part(OpPart::scale_out),
          .host = Seconds(step.host)};
}

// The tokens in KV that a point needs per attention rank: PP micro-batches and half a prompt.
double kv_tokens_needed(const Traffic& traffic, const ParallelConfig& parallel, double decodes) {
  const double isl = real(traffic.isl.count()), osl = real(traffic.osl.count());
  return real(parallel.pp) * decodes * (isl + osl / 2.0) + isl / 2.0;
}

std::string short_of_kv(Bytes needed, Bytes available) {
  return "KV cache: needs " + human_bytes(needed.count()) + " per GPU, " +
         human_bytes(available.count()) + " are available";
}

}  // namespace

SteadyMethod::SteadyMethod(SweepSystem system, Traffic traffic, std::optional<double> decodes,
                           std::shared_ptr<const BlockTimer> timer)
    : system_(std::move(system)), traffic_(traffic), decodes_(decodes), timer_(std::move(timer)) {
  ensure(!timer_ || !system_.profile.is_claims(), "blocks are those of the ops formulation");
  const auto check = [](Tokens tokens, const char* option) {
    if (tokens.count() >= 1) return;
    throw Error(option, std::to_string(tokens.count()), "expected at least one token");
  };
  check(traffic.isl, "--isl"), check(traffic.osl, "--osl");
  refuse_in_claims(system_.profile, system_.precision, system_.budget);
  // A windowed layer keeps its window of a sequence: the mean one of this traffic.
  system_.budget.kv_sequence = Tokens(traffic.isl.count() + traffic.osl.count() / 2);
}

double SteadyMethod::decodes(double chunk) const {
  if (decodes_) return *decodes_;
  const double matched = chunk * real(traffic_.osl.count()) / real(traffic_.isl.count());
  return timer_ ? std::max(1.0, std::round(matched)) : matched;
}

SweepPoint SteadyMethod::evaluate(const SweepTask& task) const {
  if (const auto why = cannot_work(system_.model, task.parallel)) {
    SweepPoint point{.task = task};
    point.why_not = "degrees: " + *why;
    return point;
  }
  return system_.profile.is_claims() ? claims_point(task) : ops_point(task);
}

SweepPoint SteadyMethod::claims_point(const SweepTask& task) const {
  const double chunk = real(task.chunk.count());
  const ClaimsFormulation formulation(system_.model, system_.gpu, task.parallel, system_.precision,
                                      std::get<ClaimsParameters>(system_.profile.parameters));
  SweepPoint point{.task = task};
  point.decodes = decodes(chunk);
  const ClaimsStage stage =
      formulation.stage(steady_load(traffic_, chunk, point.decodes, task.parallel.ep));
  set_rates(point, stage.time);
  point.ttft = formulation.ttft(traffic_, chunk, stage.time);
  const ClaimsMemory memory = formulation.memory(traffic_, point.decodes);
  point.weights = memory.weights, point.kv = memory.kv;
  point.memory_needed = memory.needed(), point.memory_available = memory.available;
  point.fits = memory.fits();
  if (point.fits) return point;
  point.why_not = memory.weights + memory.reserve > memory.available
                      ? "weights: " + human_bytes(memory.weights.count()) + " per GPU, " +
                            human_bytes(memory.available.count()) + " are available"
                      : short_of_kv(point.memory_needed, point.memory_available);
  return point;
}

SweepPoint SteadyMethod::ops_point(const SweepTask& task) const {
  const double chunk = real(task.chunk.count());
  SweepPoint point{.task = task};
  point.decodes = decodes(chunk);
  MemoryBudget budget = system_.budget;
  // Activations are those of this point's step, not of the largest there could be.
  budget.activation_tokens = Tokens(static_cast<std::int64_t>(std::ceil(chunk + point.decodes)));
  const auto placed = place(system_.model, system_.gpu, task.parallel, system_.precision, budget);
  const auto* deployment = std::get_if<Deployment>(&placed);
  if (deployment == nullptr) {
    const auto& no = std::get<DoesNotFit>(placed);
    point.memory_needed = no.needed, point.memory_available = no.available;
    point.why_not = "weights: " + no.reason;
    return point;
  }
  const auto& parameters = std::get<OpsParameters>(system_.profile.parameters);
  const OpsFormulation formulation(system_.model, system_.gpu, task.parallel, system_.precision,
                                   parameters, budget.lora);
  const StepAssembly assembly(parameters, *deployment);
  RankLoad load = mean_load(system_.model, traffic_, chunk, point.decodes);
  if (budget.lora) load.adapters = AdapterChoice(*budget.lora).expected_distinct(load.requests);
  const double ranks = real(task.parallel.ep);
  const double all_tokens = load.tokens * ranks;
  const BlockTimes blocks = timer_ ? timer_->blocks(formulation, load, all_tokens)
                                   : block_times(formulation, load, all_tokens);
  const StepSeconds step = assembly.assemble(blocks, load.tokens, load.requests * ranks);
  if (timer_) point.measured_share = 1 - exposed_collectives(step) / step.stage;
  set_rates(point, Seconds(step.stage));
  point.parts = stage_parts(step);
  const double chunks = std::ceil(real(traffic_.isl.count()) / chunk);
  point.ttft = Seconds(step.stage * (chunks + real(task.parallel.pp) - 1.0));

  point.memory_available = deployment->memory_available;
  Bytes others{}, weights{};
  for (const MemoryPart& part : deployment->memory) {
    if (part.name == "kv") {
      point.kv = part.bytes;
    } else {
      others += part.bytes;
      if (part.name != "activations" && part.name != "runtime") weights += part.bytes;
    }
  }
  point.weights = weights;
  // What is left for KV holds kv_capacity tokens; this point's need is in proportion.
  const double needed = kv_tokens_needed(traffic_, task.parallel, point.decodes);
  const double capacity = real(deployment->kv_capacity.count());
  point.kv = point.kv * (needed / capacity);
  point.memory_needed = others + point.kv;
  point.fits = needed <= capacity;
  if (!point.fits) point.why_not = short_of_kv(point.memory_needed, point.memory_available);
  return point;
}

}  // namespace inferbench
