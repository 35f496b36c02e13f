#include "harness/micro/model_shapes.hpp"

#include <algorithm>

#include "harness/base/error.hpp"

namespace inferbench {
namespace {

std::string divisors(std::int64_t n, std::int64_t most = 64) {
  std::string text;
  for (std::int64_t d = 1; d <= std::min(n, most); ++d) {
    if (n % d == 0) text += (text.empty() ? "" : ", ") + std::to_string(d);
  }
  return text;
}

struct Sharded {
  const ModelSpec& model;
  std::int64_t tp;

  std::int64_t share(std::int64_t whole, const char* what) const {
    if (whole % tp == 0) return whole / tp;
    throw Error(model.name,
                std::string(what) + " = " + std::to_string(whole) +
                    " is not divisible by tp = " + std::to_string(tp),
                "", "use a divisor (" + divisors(whole) + ")");
  }
  std::int64_t heads() const { return share(model.heads, "heads"); }
  // Fewer KV heads than GPUs: each is kept by several.
  std::int64_t kv_heads() const {
    return model.kv_heads < tp ? 1 : share(model.kv_heads, "kv_heads");
  }
  std::int64_t vocab() const { return (model.vocab + tp - 1) / tp; }  // padded
  std::int64_t ffn() const {
    return model.dense_layers() > 0 ? share(model.ffn, "ffn") : share(model.moe->ffn, "expert ffn");
  }
};

LayerShape linear(const char* layer, std::int64_t n, std::int64_t k) {
  return {layer, {{"n", n}, {"k", k}}};
}

void add_attention_linears(std::vector<LayerShape>& out, const Sharded& s) {
  const ModelSpec& m = s.model;
  if (!m.mla) {
    out.push_back(linear("qkv", (s.heads() + 2 * s.kv_heads()) * m.head_dim, m.hidden));
    out.push_back(linear("out", m.hidden, s.heads() * m.head_dim));
    return;
  }
  const MlaSpec& mla = *m.mla;
  const std::int64_t qk = mla.qk_nope_head_dim + mla.qk_rope_head_dim;
  const std::int64_t latent = mla.kv_lora_rank + mla.qk_rope_head_dim;
  if (mla.q_lora_rank > 0) {
    out.push_back(linear("q_a_kv_a", mla.q_lora_rank + latent, m.hidden));
    out.push_back(linear("q_b", s.heads() * qk, mla.q_lora_rank));
  } else {
    out.push_back(linear("q_kv_a", s.heads() * qk + latent, m.hidden));
  }
  out.push_back(
      linear("kv_b", s.heads() * (mla.qk_nope_head_dim + mla.v_head_dim), mla.kv_lora_rank));
  out.push_back(linear("out", m.hidden, s.heads() * mla.v_head_dim));
}

std::vector<LayerShape> gemm_shapes(const Sharded& s) {
  const ModelSpec& m = s.model;
  const std::int64_t up = m.ffn_matrices - 1;
  const char* up_name = up == 2 ? "gate_up" : "up";
  std::vector<LayerShape> out;
  add_attention_linears(out, s);
  if (m.dense_layers() > 0) {
    const std::int64_t ffn = s.share(m.ffn, "ffn");
    out.push_back(linear(up_name, up * ffn, m.hidden));
    out.push_back(linear("down", m.hidden, ffn));
  }
  if (m.moe) {
    const std::int64_t ffn = s.share(m.moe->ffn, "expert ffn");
    out.push_back(linear("router", m.moe->experts, m.hidden));
    out.push_back(linear("expert_up", up * ffn, m.hidden));
    out.push_back(linear("expert_down", m.hidden, ffn));
  }
  out.push_back(linear("lm_head", s.vocab(), m.hidden));
  return out;
}

std::vector<LayerShape> attention_shapes(const Sharded& s) {
  const ModelSpec& m = s.model;
  if (m.mla) {
    throw Error(m.name, "has latent attention (MLA): no keys and values per head to page", "",
                "bench it with mla_decode, its linear layers with gemm");
  }
  const std::map<std::string, std::int64_t> heads = {
      {"q_heads", s.heads()}, {"kv_heads", s.kv_heads()}, {"head_dim", m.head_dim}};
  std::vector<LayerShape> out;
  if (m.sliding_window == 0 || m.sliding_window_period > 1) out.push_back({"full", heads});
  if (m.sliding_window > 0) {
    out.push_back({"window", heads});
    out.back().axes["window"] = m.sliding_window;
  }
  return out;
}

std::vector<LayerShape> norm_shapes(const Sharded& s) {
  return {{"norm", {{"columns", s.model.hidden}}}};
}
std::vector<LayerShape> gate_shapes(const Sharded& s) {
  return {{"gate", {{"columns", s.ffn()}}}};
}
std::vector<LayerShape> rope_shapes(const Sharded& s) {
  return {{"q", {{"columns", s.heads() * s.model.head_dim}}},
          {"k", {{"columns", s.kv_heads() * s.model.head_dim}}}};
}
std::vector<LayerShape> vocabulary_shapes(const Sharded& s) {
  return {{"logits", {{"columns", s.model.vocab}}}};
}

std::vector<LayerShape> latent_shapes(const Sharded& s) {
  if (!s.model.mla) {
    throw Error(s.model.name, "has no latent attention (MLA)", "", "bench it with paged_decode");
  }
  const MlaSpec& mla = *s.model.mla;
  return {{"latent",
           {{"q_heads", s.heads()},
            {"latent", mla.kv_lora_rank},
            {"rope", mla.qk_rope_head_dim},
            {"nope", mla.qk_nope_head_dim}}}};
}
std::vector<LayerShape> sampling_shapes(const Sharded& s) {
  return {{"logits", {{"vocab", s.model.vocab}}}};
}

const MoeSpec& experts_of(const ModelSpec& model) {
  if (!model.moe) throw Error(model.name, "has no experts", "", "bench its layers with gemm");
  return *model.moe;
}

// One shape with the axes of the router and those given.
LayerShape of_experts(const char* layer, const MoeSpec& moe,
                      std::map<std::string, std::int64_t> axes) {
  axes["experts"] = moe.experts, axes["top_k"] = moe.top_k;
  return {layer, std::move(axes)};
}

std::vector<LayerShape> route_shapes(const Sharded& s) {
  return {of_experts("router", experts_of(s.model), {})};
}
std::vector<LayerShape> move_shapes(const Sharded& s) {
  return {of_experts("experts", experts_of(s.model), {{"hidden", s.model.hidden}})};
}
std::vector<LayerShape> grouped_shapes(const Sharded& s) {
  const MoeSpec& moe = experts_of(s.model);
  const std::int64_t ffn = s.share(moe.ffn, "expert ffn"), up = s.model.ffn_matrices - 1;
  return {of_experts("expert_up", moe, {{"n", up * ffn}, {"k", s.model.hidden}}),
          of_experts("expert_down", moe, {{"n", s.model.hidden}, {"k", ffn}})};
}
std::vector<LayerShape> moe_layer_shapes(const Sharded& s) {
  const MoeSpec& moe = experts_of(s.model);
  if (s.model.ffn_matrices != 3) {
    throw Error(s.model.name, "has experts without a gate", "", "bench them with moe_gemm");
  }
  const std::int64_t ffn = s.share(moe.ffn, "expert ffn");
  return {of_experts("experts", moe, {{"hidden", s.model.hidden}, {"inter", ffn}})};
}

// Linear layers of attention and of a dense FFN, one product each: what engines compute together
// still has adapters of its own.
std::vector<LayerShape> adapted_shapes(const Sharded& s) {
  const ModelSpec& m = s.model;
  std::vector<LayerShape> out;
  const auto add = [&](const char* layer, std::int64_t n, std::int64_t k) {
    out.push_back({layer, {{"in", k}, {"out", n}}});
  };
  if (m.mla) {
    const MlaSpec& mla = *m.mla;
    const std::int64_t q = s.heads() * (mla.qk_nope_head_dim + mla.qk_rope_head_dim);
    add("q", q, mla.q_lora_rank > 0 ? mla.q_lora_rank : m.hidden);
    add("out", m.hidden, s.heads() * mla.v_head_dim);
  } else {
    add("q", s.heads() * m.head_dim, m.hidden);
    add("k", s.kv_heads() * m.head_dim, m.hidden);
    add("out", m.hidden, s.heads() * m.head_dim);
  }
  if (m.dense_layers() > 0) {
    const std::int64_t ffn = s.share(m.ffn, "ffn");
    add("up", ffn, m.hidden);
    add("down", m.hidden, ffn);
  }
  return out;
}

struct Place {
  const char* op;
  std::vector<LayerShape> (*shapes)(const Sharded&);
};
constexpr Place kPlaces[] = {
    {"gemm", gemm_shapes},
    {"prefill_attention", attention_shapes},
    {"paged_decode", attention_shapes},
    {"rmsnorm", norm_shapes},
    {"add_rmsnorm", norm_shapes},
    {"layernorm", norm_shapes},
    {"silu_mul", gate_shapes},
    {"rope", rope_shapes},
    {"softmax", vocabulary_shapes},
    {"argmax", vocabulary_shapes},
    {"mla_decode", latent_shapes},
    {"sample", sampling_shapes},
    {"sample_top_k", sampling_shapes},
    {"sample_top_p", sampling_shapes},
    {"moe_route", route_shapes},
    {"moe_permute", move_shapes},
    {"moe_gemm", grouped_shapes},
    {"moe_combine", move_shapes},
    {"moe_layer", moe_layer_shapes},
    {"lora", adapted_shapes},
};

}  // namespace

std::vector<LayerShape> model_shapes(std::string_view op, const ModelSpec& model, std::int64_t tp) {
  if (tp < 1) throw Error("-a tp", std::to_string(tp), "must be at least 1");
  for (const Place& place : kPlaces) {
    if (op == place.op) return place.shapes({model, tp});
  }
  throw Error(
      "-a model=" + model.name, "op \"" + std::string(op) + "\" takes no model",
      "these do: " +
          [] {
            std::string names;
            for (const std::string& name : ops_with_model_shapes()) {
              names += (names.empty() ? "" : ", ") + name;
            }
            return names;
          }(),
      "give its axes instead");
}

std::vector<std::string> ops_with_model_shapes() {
  std::vector<std::string> names;
  for (const Place& place : kPlaces) names.emplace_back(place.op);
  return names;
}

}  // namespace inferbench
