#include "harness/execute/draft_cost.hpp"

#include <algorithm>
#include <variant>

#include "harness/base/error.hpp"
#include "harness/base/text_table.hpp"
#include "harness/catalog/catalog.hpp"

namespace inferbench {
namespace {

// The module of DeepSeek-V3, technical report (arXiv 2412.19437), section 2.2: one transformer
// block of the model's last kind, fed with two hidden vectors that a projection joins; embedding
// and head are the model's own. Drafting more tokens than it has modules applies the last one
// again, as engines do. The projection, one matrix of 2 h x h, is left out.
ModelSpec prediction_module(const ModelSpec& model) {
  ModelSpec module = model;
  module.name = model.name + " prediction module";
  module.layers = 1;
  if (module.moe) module.moe->first_dense = 0;
  return module;
}

ModelSpec drafting_model(const Deployment& target, const Speculation& speculation) {
  ensure(speculation.method != Speculation::Method::ngram, "n-grams have no model");
  if (speculation.method == Speculation::Method::mtp) return prediction_module(target.model);
  return find_draft_model(speculation);
}

ParallelConfig degrees(const Deployment& target, const Speculation& speculation,
                       const ModelSpec& draft) {
  ParallelConfig parallel;
  parallel.tp = std::min(target.parallel.tp, draft.heads);
  if (speculation.method == Speculation::Method::mtp) {
    parallel.cp = target.parallel.cp, parallel.ep = target.parallel.ep;
  }
  return parallel;
}

Deployment placed(const Deployment& target, const Speculation& speculation) {
  const ModelSpec model = drafting_model(target, speculation);
  const ParallelConfig parallel = degrees(target, speculation, model);
  auto out = place(model, target.gpu, parallel, target.precision, target.budget);
  if (const auto* no = std::get_if<DoesNotFit>(&out)) {
    throw does_not_fit_error("--speculate", model, target.gpu, parallel, *no);
  }
  return std::get<Deployment>(std::move(out));
}

CostProfile without_framework(CostProfile profile) {
  if (!profile.is_claims()) {
    LaunchParameters& launch = std::get<OpsParameters>(profile.parameters).launch;
    launch.step = launch.request = Seconds(0);
  }
  return profile;
}

double bytes_of(const std::vector<MemoryPart>& parts, bool with_embedding) {
  double bytes = 0;
  for (const MemoryPart& part : parts) {
    const bool weights = part.name != "kv" && part.name != "activations" && part.name != "runtime";
    if (weights && (with_embedding || part.name != "embedding")) bytes += part.bytes.count();
  }
  return bytes;
}

double kv_bytes(const Deployment& deployment) {
  for (const MemoryPart& part : deployment.memory) {
    if (part.name == "kv") return part.bytes.count();
  }
  return 0;
}

double held_bytes_per_token(const Deployment& deployment) {
  return kv_bytes(deployment) / static_cast<double>(deployment.kv_capacity.count());
}

Tokens kv_left(const Deployment& target, const Deployment& draft, const Speculation& speculation) {
  const double weights =
      bytes_of(draft.memory, speculation.method == Speculation::Method::draft_model);
  const double left = kv_bytes(target) - weights;
  const double tokens = left / (held_bytes_per_token(target) + held_bytes_per_token(draft));
  if (tokens < 1) {
    throw Error("--speculate",
                draft.model.name + " takes " + human_bytes(weights) + " per GPU, and beside " +
                    target.model.name + " only " + human_bytes(kv_bytes(target)) + " are free",
                "weights of both and a token of KV must fit",
                "draft with a smaller model or n-grams, or use more GPUs per replica");
  }
  return Tokens(static_cast<std::int64_t>(tokens));
}

void add(const StepTiming& pass, StepTiming& timing) {
  timing.elapsed += pass.elapsed;
  timing.stage += pass.stage;
  timing.hidden += pass.hidden;
  timing.hidden_collectives += pass.hidden_collectives;
  timing.parts.gemm += pass.parts.gemm;
  timing.parts.attention += pass.parts.attention;
  timing.parts.moe += pass.parts.moe;
  timing.parts.elementwise += pass.parts.elementwise;
  timing.parts.scale_up += pass.parts.scale_up;
  timing.parts.scale_out += pass.parts.scale_out;
  timing.parts.host += pass.parts.host;
}

}  // namespace

ModelSpec find_draft_model(const Speculation& speculation) {
  try {
    return find_model(speculation.draft_model);
  } catch (const Error& error) {
    throw Error("--speculate draft=" + speculation.draft_model, error.problem(), error.rule(),
                error.way_out());
  }
}

DraftCost::DraftCost(const Deployment& target, const CostProfile& profile,
                     const Speculation& speculation)
    : draft_(placed(target, speculation)),
      model_(draft_, without_framework(profile)),
      kv_capacity_(kv_left(target, draft_, speculation)) {}

// Ranks of a draft model that is not spread over them work side by side; the slowest holds the step
// up.
StepTiming DraftCost::pass(const BatchPlan& plan) const {
  const bool one_rank = std::all_of(plan.items.begin(), plan.items.end(),
                                    [](const BatchItem& item) { return item.rank == 0; });
  if (one_rank || draft_.parallel.ep > 1) return model_.step(plan);
  StepTiming slowest;
  BatchPlan own;
  for (auto item = plan.items.begin(); item != plan.items.end();) {
    const std::uint16_t rank = item->rank;
    own.items.clear();
    for (; item != plan.items.end() && item->rank == rank; ++item) {
      own.items.push_back(*item);
      own.items.back().rank = 0;
    }
    const StepTiming timing = model_.step(own);
    if (timing.stage > slowest.stage) slowest = timing;
  }
  return slowest;
}

void DraftCost::add_to(const BatchPlan& plan, StepTiming& timing) const {
  BatchPlan draft;
  draft.items = plan.items;
  std::int64_t passes = 0;
  for (BatchItem& item : draft.items) {
    if (!item.decode) {
      item.emits = false;
      continue;
    }
    passes = std::max(passes, item.new_tokens.count() - 1);
    if (item.padding > Tokens(0))
      item.padding = Tokens(item.padding.count() / item.new_tokens.count());
  }
  for (std::int64_t k = 0; k < std::max<std::int64_t>(passes, 1); ++k) {
    BatchPlan now;
    for (std::size_t i = 0; i < plan.items.size(); ++i) {
      BatchItem item = draft.items[i];
      if (item.decode ? plan.items[i].new_tokens.count() - 1 <= k : k > 0) continue;
      if (item.decode) {
        item.new_tokens = Tokens(1);
        item.context += Tokens(k);
      }
      now.items.push_back(item);
    }
    if (!now.items.empty()) add(pass(now), timing);
  }
}

}  // namespace inferbench
