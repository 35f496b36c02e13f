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
                "bench its linear layers with gemm");
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
