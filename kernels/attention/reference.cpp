#include <memory>

#include "kernels/attention/implementations.hpp"
#include "kernels/attention/problem.hpp"
#include "kernels/cpu/buffer.hpp"

namespace inferbench {
namespace {

// One loop per axis in fp64, as the oracle.
class Reference final : public BoundKernel {
 public:
  explicit Reference(const AttentionProblem& p) : p_(p), out_(p.outputs()) {}

  void run() override {
    const Oracle o = p_.oracle(p_.outputs());
    for (std::size_t i = 0; i < o.index.size(); ++i) {
      out_.span()[o.index[i]] = static_cast<float>(o.value[i]);
    }
  }
  void poison() override { out_.poison(); }
  std::span<const float> output() override { return out_.span(); }
  bool guards_intact() const override { return out_.guards_intact(); }

 private:
  AttentionProblem p_;
  GuardedOutput out_;
};

std::unique_ptr<Problem> make_problem(const KernelCase& c) {
  return std::make_unique<AttentionProblem>(c);
}

Axis ragged() {
  return {.name = "ragged",
          .preset = 0,
          .meaning = "1: contexts drawn between 0 and `context`",
          .minimum = 0};
}

Axis skew() {
  return {.name = "skew",
          .preset = 0,
          .meaning = "s: the r-th longest context is context / r^(s/100) (Zipf)",
          .minimum = 0};
}

std::vector<Axis> heads() {
  return {
      {.name = "q_heads", .preset = 32, .meaning = "query heads"},
      {.name = "kv_heads", .preset = 8, .meaning = "key-value heads"},
      {.name = "head_dim", .preset = 128, .meaning = "elements of a head"},
      {.name = "value_dim",
       .preset = 0,
       .meaning = "elements of a value, 0: head_dim (MLA prompts: 192 and 128)",
       .minimum = 0},
      {.name = "window", .preset = 0, .meaning = "sliding window in tokens, 0: none", .minimum = 0},
      ragged(),
      skew()};
}

Implementation reference(const Op& op) {
  return {.op = op.name,
          .name = "reference",
          .provider = "reference",
          .formats = op.formats,
          .summary = "one loop per axis, in fp64",
          .bind = [](const Problem& p, unsigned) -> std::unique_ptr<BoundKernel> {
            return std::make_unique<Reference>(dynamic_cast<const AttentionProblem&>(p));
          }};
}

}  // namespace

Support heads_are_whole(const KernelCase& c) {
  for (const char* dim : {"head_dim", "value_dim", "latent", "rope"}) {
    if (c.axes.contains(dim) && c.at(dim) % 16 != 0)
      return Support::no(std::string(dim) + " is not a multiple of 16");
  }
  return Support::yes();
}

Op prefill_attention_op() {
  Op op{.name = "prefill_attention",
        .summary = "causal attention of a prompt, or of a chunk of it over its cached context",
        .axes = heads(),
        .formats = kv_formats(),
        .problem = make_problem};
  op.axes.push_back({.name = "requests", .preset = 1, .meaning = "prompts in the batch"});
  op.axes.push_back({.name = "tokens", .preset = 512, .meaning = "new tokens of each"});
  op.axes.push_back(
      {.name = "context", .preset = 0, .meaning = "tokens cached before them", .minimum = 0});
  return op;
}

Op paged_decode_op() {
  Op op{.name = "paged_decode",
        .summary = "attention of a new token per request, or of q drafts, over its paged cache",
        .axes = heads(),
        .formats = kv_formats(),
        .problem = make_problem};
  op.axes.push_back({.name = "requests", .preset = 1, .meaning = "requests in the batch"});
  op.axes.push_back(
      {.name = "context", .preset = 4096, .meaning = "tokens cached before it", .minimum = 0});
  op.axes.push_back({.name = "q", .preset = 1, .meaning = "new tokens of each: drafts to verify"});
  return op;
}

Op mla_decode_op() {
  return {.name = "mla_decode",
          .summary = "absorbed latent attention of new tokens over a paged cache of latents",
          .axes = {{.name = "q_heads", .preset = 128, .meaning = "query heads"},
                   {.name = "latent", .preset = 512, .meaning = "elements of a latent"},
                   {.name = "rope", .preset = 64, .meaning = "elements with position, shared"},
                   {.name = "nope", .preset = 128, .meaning = "of a head without; for the scale"},
                   {.name = "requests", .preset = 1, .meaning = "requests in the batch"},
                   {.name = "context", .preset = 4096, .meaning = "tokens cached", .minimum = 0},
                   {.name = "q", .preset = 1, .meaning = "new tokens of each: drafts to verify"},
                   ragged(),
                   skew()},
          .formats = {"bf16", "fp32", "fp16", "fp8_e4m3"},
          .problem = make_problem};
}

Implementation prefill_attention_reference() {
  return reference(prefill_attention_op());
}

Implementation paged_decode_reference() {
  return reference(paged_decode_op());
}

Implementation mla_decode_reference() {
  return reference(mla_decode_op());
}

}  // namespace inferbench
