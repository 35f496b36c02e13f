#include "harness/cost/ops_step.hpp"

#include <algorithm>
#include <numeric>

#include "harness/plan/memory.hpp"

namespace inferbench {
namespace {

bool alike(const StageKind& a, const StageKind& b) {
  return a.full_dense == b.full_dense && a.full_moe == b.full_moe &&
         a.windowed_dense == b.windowed_dense && a.windowed_moe == b.windowed_moe &&
         a.first == b.first && a.last == b.last;
}

StageKind kind_of(const ModelSpec& model, const StageLayers& layers) {
  StageKind kind{.stage = layers.stage, .layers = layers.count};
  kind.first = layers.stage == 0;
  kind.last = layers.stage + 1 == layers.stages;
  for (std::int64_t l = layers.first; l < layers.first + layers.count; ++l) {
    const bool dense = !model.moe || l < model.moe->first_dense;
    // Every period-th layer attends to everything.
    const std::int64_t period = model.sliding_window_period;
    const bool full = model.sliding_window == 0 || (period > 1 && (l + 1) % period == 0);
    double& count = full ? (dense ? kind.full_dense : kind.full_moe)
                         : (dense ? kind.windowed_dense : kind.windowed_moe);
    count += 1;
  }
  return kind;
}

}  // namespace

std::vector<StageKind> stage_kinds(const ModelSpec& model, std::int64_t stages) {
  std::vector<StageKind> kinds;
  for (std::int64_t stage = 0; stage < stages; ++stage) {
    const StageKind kind = kind_of(model, stage_layers(model, stages, stage));
    const auto same = std::find_if(kinds.begin(), kinds.end(),
                                   [&](const StageKind& k) { return alike(k, kind); });
    if (same == kinds.end()) {
      kinds.push_back(kind);
    } else {
      ++same->stages;
    }
  }
  return kinds;
}

StepAssembly::StepAssembly(const OpsParameters& parameters, const Deployment& d)
    : up_(parameters.scale_up),
      out_(parameters.scale_out),
      launch_(parameters.launch),
      stream_overlap_(d.budget.offload.overlap),
      kinds_(stage_kinds(d.model, d.parallel.pp)) {
  const BytesPerSecond host_link = d.gpu.pcie * parameters.host_link_efficiency;
  for (StageKind& kind : kinds_) {
    if (d.budget.offload.active()) {
      const StageLayers layers = stage_layers(d.model, d.parallel.pp, kind.stage);
      kind.streamed = streamed_weights(weight_parts(d.model, d.parallel, d.precision, layers),
                                       d.budget.offload);
      kind.stream = (kind.streamed / host_link).count();
    }
    any_full_ |= kind.full_dense + kind.full_moe > 0;
    any_windowed_ |= kind.windowed_dense + kind.windowed_moe > 0;
    any_dense_ |= kind.full_dense + kind.windowed_dense > 0;
    any_moe_ |= kind.full_moe + kind.windowed_moe > 0;
  }
}

StepAssembly::LayerTime StepAssembly::layer(const PartTimes& parts) const {
  const double up = parts[OpPart::scale_up], out = parts[OpPart::scale_out];
  const double compute = total(parts) - up - out;
  // What scale-out hides behind is no longer there for scale-up.
  const double hidden_out = out_.overlap * std::min(out, compute);
  const double hidden_up = up_.overlap * std::min(up, compute - hidden_out);
  return {.seconds = compute + up + out - hidden_up - hidden_out, .hidden = hidden_up + hidden_out};
}

StepSeconds StepAssembly::assemble(const BlockTimes& b, double requests, bool graph) const {
  struct Layer {
    PartTimes parts;
    LayerTime time;
  };
  Layer full_dense, full_moe, windowed_dense, windowed_moe;
  const auto build = [&](Layer& layer_out, const PartTimes& attention, bool moe) {
    layer_out.parts = b.projections;
    layer_out.parts += attention;
    if (moe) {
      layer_out.parts += b.expert_exchange;
      layer_out.parts += b.experts;
    } else {
      layer_out.parts += b.dense_ffn;
    }
    layer_out.time = layer(layer_out.parts);
  };
  if (any_full_ && any_dense_) build(full_dense, b.full_attention, false);
  if (any_full_ && any_moe_) build(full_moe, b.full_attention, true);
  if (any_windowed_ && any_dense_) build(windowed_dense, b.windowed_attention, false);
  if (any_windowed_ && any_moe_) build(windowed_moe, b.windowed_attention, true);

  const double framework = launch_.step.count() + launch_.request.count() * requests;
  StepSeconds step;
  step.elapsed = framework;
  for (std::size_t i = 0; i < kinds_.size(); ++i) {
    const StageKind& kind = kinds_[i];
    PartTimes parts;
    double gpu = 0, hidden = 0;
    const auto layers = [&](const Layer& l, double count) {
      if (count == 0) return;
      parts += l.parts * count;
      gpu += l.time.seconds * count;
      hidden += l.time.hidden * count;
    };
    const auto end = [&](const PartTimes& times, bool here) {
      if (!here) return;
      parts += times;
      gpu += total(times);
    };
    layers(full_dense, kind.full_dense), layers(full_moe, kind.full_moe);
    layers(windowed_dense, kind.windowed_dense), layers(windowed_moe, kind.windowed_moe);
    // Layers arrive while earlier ones run, the first ones of a step during the last.
    gpu += kind.stream - stream_overlap_ * std::min(gpu, kind.stream);
    end(b.embedding, kind.first), end(b.lm_head, kind.last), end(b.hand_over, !kind.last);
    // Outside a graph the host launches ahead of the GPU; whichever is slower sets the pace.
    const double launches = graph ? launch_.graph.count() : parts.kernels * launch_.kernel.count();
    const double occupied = graph ? gpu + launches : std::max(gpu, launches);
    step.elapsed += occupied * static_cast<double>(kind.stages);
    if (i == 0 || occupied + framework > step.stage) {
      step.stage = occupied + framework;
      step.hidden = hidden;
      step.parts = parts, step.slowest = i, step.host = launches + framework + kind.stream;
    }
  }
  return step;
}

StepTiming step_timing(const StepSeconds& s) {
  StepTiming t;
  t.stage = rounded(Seconds(s.stage));
  t.elapsed = rounded(Seconds(s.elapsed));
  const auto part = [&](OpPart which) { return rounded(Seconds(s.parts[which])); };
  t.parts.gemm = part(OpPart::gemm);
  t.parts.attention = part(OpPart::attention);
  t.parts.moe = part(OpPart::moe);
  t.parts.elementwise = part(OpPart::elementwise);
  t.parts.scale_up = part(OpPart::scale_up);
  t.parts.scale_out = part(OpPart::scale_out);
  t.parts.host = rounded(Seconds(s.host));
  t.hidden = t.parts.gemm + t.parts.attention + t.parts.moe + t.parts.elementwise +
             t.parts.scale_up + t.parts.scale_out + t.parts.host - t.stage;
  t.hidden_collectives = rounded(Seconds(s.hidden));
  return t;
}

BlockTimes block_times(const OpsFormulation& f, const RankLoad& rank, double all_tokens) {
  BlockTimes b;
  Ops ops;
  const auto times = [&](auto&& emit) {
    ops.clear();
    emit();
    return part_times(ops);
  };
  b.projections = times([&] {
    f.projections(rank.tokens, ops);
    f.lora(rank.tokens, rank.adapters, ops);
  });
  b.full_attention = f.attention_times(rank.prefill, rank.decode);
  b.windowed_attention = f.attention_times(rank.windowed_prefill, rank.windowed_decode);
  b.dense_ffn = times([&] { f.dense_ffn(rank.tokens, ops); });
  b.expert_exchange = times([&] { f.expert_exchange(rank.tokens, ops); });
  b.experts = times([&] { f.experts(all_tokens, ops); });
  b.embedding = times([&] { f.embedding(rank.tokens, ops); });
  b.hand_over = times([&] { f.hand_over(rank.tokens, ops); });
  b.lm_head = times([&] { f.lm_head(rank.sampled, ops); });
  return b;
}

}  // namespace inferbench
