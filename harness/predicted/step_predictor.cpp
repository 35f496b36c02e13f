#include "harness/predicted/step_predictor.hpp"

#include <algorithm>
#include <utility>

#include "harness/base/error.hpp"
#include "harness/base/real.hpp"

namespace inferbench {
namespace {

Duration duration_of(double ns) {
  return rounded(Seconds(ns * 1e-9));
}

double at(const StepPrediction& step, OpClass op_class) {
  return step.ns[static_cast<std::size_t>(op_class)];
}

}  // namespace

StepTiming StepPrediction::timing() const {
  StepTiming timing;
  StepTiming::Parts& parts = timing.parts;
  parts.gemm = duration_of(at(*this, OpClass::gemm));
  parts.attention = duration_of(at(*this, OpClass::attention));
  parts.moe = duration_of(at(*this, OpClass::moe));
  parts.elementwise = duration_of(at(*this, OpClass::other));
  parts.scale_up = duration_of(at(*this, OpClass::collectives));
  parts.host = duration_of(at(*this, OpClass::host));
  timing.elapsed = timing.stage =
      parts.gemm + parts.attention + parts.moe + parts.elementwise + parts.scale_up + parts.host;
  return timing;
}

StepPredictor::StepPredictor(const DecoderShape& shape, const std::string& weights,
                             const std::string& kv, KernelSet kernels,
                             std::shared_ptr<const OpTimer> timer, std::int64_t ranks)
    : by_tokens_(kernels == KernelSet::invariant),
      ops_(decoder_ops(shape, weights, kv, ranks)),
      timer_(std::move(timer)) {}

void StepPredictor::add(StepPrediction& step, const OpSite& site, double x, double y,
                        double times) const {
  const OpAnswer answer = timer_->time(site, x, y);
  const auto op_class = static_cast<std::size_t>(find_table_op(site.op)->op_class);
  step.ns[op_class] += times * answer.ns;
  step.answered[static_cast<std::size_t>(answer.answered)] += times * answer.ns;
}

void StepPredictor::add_attention(StepPrediction& step, const DecoderAttention& kind,
                                  const BatchPlan& plan) const {
  const auto seen = [&](double context) {
    return kind.window > 0 ? std::min(context, real(kind.window)) : context;
  };
  StepPrediction part;
  double decodes = 0, contexts = 0;
  std::size_t calls = 0;
  for (const BatchItem& item : plan.items) {
    const double cached = real(item.context.count()), tokens = real(item.new_tokens.count());
    if (item.decode || by_tokens_) {
      decodes += tokens;
      contexts += tokens * seen(cached + (tokens + 1) / 2);
    } else {
      add(part, kind.prefill, tokens, cached, kind.layers);
      ++calls;
    }
  }
  if (decodes > 0) {
    add(part, kind.decode, decodes, contexts / decodes, kind.layers);
    ++calls;
  }
  double scale = 1;
  if (calls > 1) {  // what every call takes however little it has to do is taken once
    const double sum = part.ns[static_cast<std::size_t>(OpClass::attention)];
    const double call = kind.layers * timer_->time(kind.prefill, 1, 0).ns;
    scale = std::max(1 / real(calls), 1 - real(calls - 1) * call / sum);
  }
  for (std::size_t i = 0; i < kOpClasses; ++i) step.ns[i] += scale * part.ns[i];
  for (std::size_t i = 0; i < kAnswered; ++i) step.answered[i] += scale * part.answered[i];
}

StepPrediction StepPredictor::step(const BatchPlan& plan) const {
  double tokens = 0, rows = 0, starting = 0;
  for (const BatchItem& item : plan.items) {
    ensure(item.padding == Tokens(0) && item.rank == 0, "a packed step of one rank is predicted");
    ensure(!item.decode || item.new_tokens == Tokens(1), "a step without drafts is predicted");
    tokens += real(item.new_tokens.count());
    rows += item.emits ? 1 : 0;
    starting += item.starts ? 1 : 0;
  }
  StepPrediction step;
  if (tokens == 0) return step;
  for (const DecoderOp& op : ops_.ops) {
    const double size = op.of_rows ? rows : tokens;
    if (size > 0) add(step, op.site, size, 0, op.times);
  }
  for (const DecoderAttention& kind : ops_.attention) add_attention(step, kind, plan);
  add(step, ops_.host, real(plan.items.size()), starting, 1);
  return step;
}

}  // namespace inferbench
