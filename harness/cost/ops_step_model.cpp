#include <algorithm>
#include <array>
#include <string>

#include "harness/base/error.hpp"
#include "harness/base/text_table.hpp"
#include "harness/cost/ops_formulation.hpp"
#include "harness/cost/ops_step.hpp"
#include "harness/cost/routed_experts.hpp"
#include "harness/cost/step_formulation.hpp"
#include "harness/cost/token_table.hpp"

namespace inferbench {
namespace {

// Blocks that depend on an attention rank's token count alone.
struct RankBlocks {
  PartTimes projections, dense_ffn, expert_exchange, embedding, hand_over;
  double layer_seconds = 0;  // of a layer without attention and experts: what ranks differ by
};

PartTimes times_of(const std::function<void(Ops&)>& emit) {
  Ops ops;
  emit(ops);
  return part_times(ops);
}

RankBlocks rank_blocks(const OpsFormulation& f, double tokens) {
  RankBlocks b;
  b.projections = times_of([&](Ops& ops) { f.projections(tokens, ops); });
  b.dense_ffn = times_of([&](Ops& ops) { f.dense_ffn(tokens, ops); });
  b.expert_exchange = times_of([&](Ops& ops) { f.expert_exchange(tokens, ops); });
  b.embedding = times_of([&](Ops& ops) { f.embedding(tokens, ops); });
  b.hand_over = times_of([&](Ops& ops) { f.hand_over(tokens, ops); });
  b.layer_seconds = total(b.projections) + total(f.model().moe ? b.expert_exchange : b.dense_ffn);
  return b;
}

// The step as its slowest attention rank sees it.
struct Slowest {
  RankLoad load;
  std::size_t rank = 0;
  double all_tokens = 0, all_squares = 0;
  double sampled = 0;   // of the rank that samples most
  double requests = 0;  // of all ranks
  PartTimes full_attention, windowed_attention;
};

RoutedExperts::Step routing_of(const Slowest& rank) {
  return {.tokens = rank.all_tokens,
          .squares = rank.all_squares,
          .pairs = rank.load.prefill.pairs + rank.load.decode.pairs};
}

class OpsStep final : public StepFormulation {
 public:
  OpsStep(const Deployment& deployment, const OpsParameters& parameters)
      : StepFormulation(deployment.parallel.ep, deployment.model.sliding_window,
                        deployment.budget.lora),
        formulation_(deployment.model, deployment.gpu, deployment.parallel, deployment.precision,
                     parameters, deployment.budget.lora),
        assembly_(parameters, deployment),
        rank_table_([this](double tokens) { return rank_blocks(formulation_, tokens); }),
        expert_table_([this](double tokens) {
          return times_of([&](Ops& ops) { formulation_.experts(tokens, ops); });
        }),
        head_table_([this](double sampled) {
          return times_of([&](Ops& ops) { formulation_.lm_head(sampled, ops); });
        }) {
    if (parameters.routing) routed_.emplace(formulation_);
  }

  StepExplanation explain(const BatchPlan& plan) const override;

 protected:
  StepTiming time(std::span<const RankLoad> ranks) const override {
    return step_timing(seconds_of(slowest(ranks)));
  }

 private:
  Slowest slowest(std::span<const RankLoad> loads) const;
  BlockTimes blocks_of(const Slowest& rank) const;
  StepSeconds seconds_of(const Slowest& rank) const;
  GraphEffect graph_effect(const Slowest& rank) const;
  Ops stage_ops(const Slowest& rank, const StageKind& kind, std::vector<double>& counts) const;

  OpsFormulation formulation_;
  StepAssembly assembly_;
  TokenTable<RankBlocks> rank_table_;
  TokenTable<PartTimes> expert_table_, head_table_;
  std::optional<RoutedExperts> routed_;
};

Slowest OpsStep::slowest(std::span<const RankLoad> loads) const {
  Slowest found;
  double longest = -1;
  for (std::size_t r = 0; r < loads.size(); ++r) {
    const RankLoad& load = loads[r];
    found.all_tokens += load.tokens;
    found.all_squares += load.squares;
    found.requests += load.requests;
    found.sampled = std::max(found.sampled, load.sampled);
    const PartTimes full = formulation_.attention_times(load.prefill, load.decode);
    const PartTimes windowed =
        formulation_.attention_times(load.windowed_prefill, load.windowed_decode);
    double layer = total(full) + total(windowed);
    if (loads.size() > 1) {
      RankBlocks scratch;
      layer += rank_table_.at(static_cast<std::int64_t>(load.tokens), scratch).layer_seconds;
    }
    if (layer > longest) {
      longest = layer;
      found.load = load, found.rank = r;
      found.full_attention = full, found.windowed_attention = windowed;
    }
  }
  return found;
}

BlockTimes OpsStep::blocks_of(const Slowest& rank) const {
  RankBlocks scratch;
  PartTimes expert_scratch, head_scratch;
  const auto index = [](double tokens) { return static_cast<std::int64_t>(tokens); };
  const RankBlocks& blocks = rank_table_.at(index(rank.load.tokens), scratch);
  BlockTimes times;
  times.projections = blocks.projections;
  if (adapters()) {
    times.projections +=
        times_of([&](Ops& ops) { formulation_.lora(rank.load.tokens, rank.load.adapters, ops); });
  }
  times.full_attention = rank.full_attention;
  times.windowed_attention = rank.windowed_attention;
  times.dense_ffn = blocks.dense_ffn;
  times.expert_exchange = blocks.expert_exchange;
  times.experts = routed_ ? routed_->layer(routing_of(rank))
                          : expert_table_.at(index(rank.all_tokens), expert_scratch);
  times.embedding = blocks.embedding;
  times.hand_over = blocks.hand_over;
  times.lm_head = head_table_.at(index(rank.sampled), head_scratch);
  return times;
}

StepSeconds OpsStep::seconds_of(const Slowest& rank) const {
  return assembly_.assemble(blocks_of(rank), rank.load.tokens, rank.requests);
}

GraphEffect OpsStep::graph_effect(const Slowest& rank) const {
  const BlockTimes blocks = blocks_of(rank);
  const auto stage = [&](bool graph) {
    return rounded(Seconds(assembly_.assemble(blocks, rank.requests, graph).stage));
  };
  return {.replayed = assembly_.replays_graph(rank.load.tokens),
          .with_graph = stage(true),
          .without_graph = stage(false)};
}

// Appends a stage's ops with how often each runs. Ops of unlike layers that have one name are one
// row, since they do the same work.
Ops OpsStep::stage_ops(const Slowest& rank, const StageKind& kind,
                       std::vector<double>& counts) const {
  Ops all;
  const auto block = [&](double count, const std::function<void(Ops&)>& emit) {
    if (count == 0) return;
    Ops ops;
    emit(ops);
    for (const OpCost& op : ops) all.push_back(op), counts.push_back(count);
  };
  const double tokens = rank.load.tokens;
  const double dense = kind.full_dense + kind.windowed_dense;
  const double moe = kind.full_moe + kind.windowed_moe;
  const auto& f = formulation_;
  block(kind.first, [&](Ops& ops) { f.embedding(tokens, ops); });
  block(dense + moe, [&](Ops& ops) {
    f.projections(tokens, ops);
    f.lora(tokens, rank.load.adapters, ops);
  });
  block(kind.full_dense + kind.full_moe,
        [&](Ops& ops) { f.attention(rank.load.prefill, rank.load.decode, false, ops); });
  block(kind.windowed_dense + kind.windowed_moe, [&](Ops& ops) {
    f.attention(rank.load.windowed_prefill, rank.load.windowed_decode, true, ops);
  });
  block(dense, [&](Ops& ops) { f.dense_ffn(tokens, ops); });
  block(moe, [&](Ops& ops) { f.expert_exchange(tokens, ops); });
  block(moe, [&](Ops& ops) {
    if (routed_) {
      routed_->layer(routing_of(rank), ops);
    } else {
      f.experts(rank.all_tokens, ops);
    }
  });
  block(kind.last, [&](Ops& ops) { f.lm_head(rank.sampled, ops); });
  block(!kind.last, [&](Ops& ops) { f.hand_over(tokens, ops); });
  return all;
}

StepExplanation OpsStep::explain(const BatchPlan& plan) const {
  FewRanks few;
  std::vector<RankLoad> many;
  const Slowest rank = slowest(sums(plan, few, many));
  const StepSeconds seconds = seconds_of(rank);
  const StageKind& kind = assembly_.kinds()[seconds.slowest];
  const ParallelConfig& parallel = formulation_.parallel();
  StepExplanation out;
  out.timing = step_timing(seconds);
  out.stage = "stage " + std::to_string(kind.stage + 1) + " of " + std::to_string(parallel.pp) +
              ", " + std::to_string(kind.layers) + " of " +
              std::to_string(formulation_.model().layers) + " layers";
  std::vector<double> counts;
  const Ops ops = stage_ops(rank, kind, counts);
  double sum = seconds.host;
  for (std::size_t i = 0; i < ops.size(); ++i) {
    const OpCost& op = ops[i];
    const Work work = op.work * counts[i];
    out.ops.push_back({.name = std::string(op.name),
                       .part = std::string(name(op.part)),
                       .count = counts[i],
                       .flops = work.flops,
                       .bytes = work.bytes(),
                       .wire = op.wire * counts[i],
                       .roof = op.roof,
                       .time = op.time * counts[i]});
    sum += out.ops.back().time.count();
  }
  if (kind.stream > 0) {
    out.ops.push_back({.name = "weight_stream",
                       .part = "host",
                       .count = 1,
                       .wire = kind.streamed,
                       .roof = RoofKind::host,
                       .time = Seconds(kind.stream)});
  }
  out.ops.push_back({.name = "launch_and_framework",
                     .part = "host",
                     .count = 1,
                     .roof = RoofKind::host,
                     .time = Seconds(seconds.host - kind.stream)});
  for (OpExplanation& op : out.ops) op.share = op.time.count() / sum;
  out.graph = graph_effect(rank);
  out.notes.emplace_back(out.graph->replayed
                             ? "replayed as a CUDA graph"
                             : "launched kernel by kernel; the launches hide behind the GPU's work "
                               "unless they take longer");
  if (adapters()) {
    out.notes.push_back(significant(rank.load.adapters) + " of " +
                        std::to_string(adapters()->adapters()) + " adapters are in the step");
  }
  if (parallel.ep > 1) {
    out.notes.push_back("attention rank " + std::to_string(rank.rank) + " of " +
                        std::to_string(parallel.ep) + " is last; experts: " +
                        (routed_ ? "drawn, " + label(*formulation_.parameters().routing)
                                 : label(formulation_.parameters().expert_skew)) +
                        ", hottest rank");
  }
  return out;
}

}  // namespace

std::unique_ptr<const StepFormulation> ops_step(const Deployment& deployment,
                                                const OpsParameters& parameters) {
  return std::make_unique<OpsStep>(deployment, parameters);
}

}  // namespace inferbench
