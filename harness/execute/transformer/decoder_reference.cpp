#include "harness/execute/transformer/decoder_reference.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

#include "harness/execute/transformer/rotation.hpp"

namespace inferbench {
namespace {

using Vector = std::vector<double>;
using Rows = std::vector<Vector>;

Vector multiply(const WeightRows& weights, std::int64_t rows, const Vector& x) {
  std::vector<float> row(x.size());
  Vector out;
  for (std::int64_t r = 0; r < rows; ++r) {
    weights(r, row);
    double sum = 0;
    for (std::size_t i = 0; i < x.size(); ++i) sum += static_cast<double>(row[i]) * x[i];
    out.push_back(sum);
  }
  return out;
}

Vector multiply(const WeightSource& weights, DecoderMatrix matrix, std::int64_t layer,
                const Vector& x) {
  return multiply(weights.of(matrix, layer), weights.rows(matrix), x);
}

Vector normed(const Vector& x, const std::vector<float>& weight, double epsilon) {
  double squares = 0;
  for (const double v : x) squares += v * v;
  const double factor = 1 / std::sqrt(squares / static_cast<double>(x.size()) + epsilon);
  Vector out(x.size());
  for (std::size_t i = 0; i < x.size(); ++i)
    out[i] = x[i] * factor * static_cast<double>(weight[i]);
  return out;
}

// A head's rotated part, in place.
void turn(const Rotary& rotary, std::int64_t position, double* x) {
  const auto frequencies = rotary_frequencies(rotary);
  const double magnitude = rotary_magnitude(rotary);
  const std::size_t half = frequencies.size();
  for (std::size_t i = 0; i < half; ++i) {
    const double angle = static_cast<double>(position) * frequencies[i];
    const double cosine = magnitude * std::cos(angle), sine = magnitude * std::sin(angle);
    const double low = x[i], high = x[half + i];
    x[i] = low * cosine - high * sine;
    x[half + i] = high * cosine + low * sine;
  }
}

// Queries and keys of a position: heads one after the other, normed where the model does, rotated.
void finish_heads(const WeightSource& weights, std::int64_t layer, std::int64_t position,
                  Vector& qkv) {
  const DecoderShape& s = weights.shape();
  const auto bias = weights.vector(DecoderVector::qkv_bias, layer);
  for (std::size_t i = 0; i < bias.size(); ++i) qkv[i] += static_cast<double>(bias[i]);
  const auto query_norm = weights.vector(DecoderVector::query_norm, layer),
             key_norm = weights.vector(DecoderVector::key_norm, layer);
  for (std::int64_t head = 0; head < s.heads + s.kv_heads; ++head) {
    const auto begin = qkv.begin() + head * s.head_dim;
    if (s.qk_norm) {
      const Vector x = normed(Vector(begin, begin + s.head_dim),
                              head < s.heads ? query_norm : key_norm, s.norm_epsilon);
      std::copy(x.begin(), x.end(), begin);
    }
    turn(s.rotary, position, &*begin);
  }
}

// `qkv`: of every position up to the token, finished.
Vector attend(const DecoderShape& s, std::int64_t layer, const Rows& qkv, std::size_t token) {
  Vector out;
  const auto dim = static_cast<std::size_t>(s.head_dim);
  const auto window = static_cast<std::size_t>(s.window_of(layer));
  const std::size_t first = window > 0 && token + 1 > window ? token + 1 - window : 0;
  for (std::int64_t head = 0; head < s.heads; ++head) {
    const std::int64_t kv_head = head / (s.heads / s.kv_heads);
    const double* q = qkv[token].data() + head * s.head_dim;
    Vector scores;
    for (std::size_t t = first; t <= token; ++t) {
      const double* k = qkv[t].data() + s.q_width() + kv_head * s.head_dim;
      double score = 0;
      for (std::size_t i = 0; i < dim; ++i) score += q[i] * k[i];
      scores.push_back(score / std::sqrt(static_cast<double>(s.head_dim)));
    }
    const double most = *std::max_element(scores.begin(), scores.end());
    double total = 0;
    for (double& score : scores) total += score = std::exp(score - most);
    Vector value(dim, 0.0);
    for (std::size_t t = first; t <= token; ++t) {
      const double* v = qkv[t].data() + s.q_width() + s.kv_width() + kv_head * s.head_dim;
      for (std::size_t i = 0; i < dim; ++i) value[i] += scores[t - first] / total * v[i];
    }
    out.insert(out.end(), value.begin(), value.end());
  }
  return out;
}

// Latent attention with keys and values of heads, which an execution need not have: queries
// [heads, nope + rope], keys the same, values [heads, value] of each position.
struct LatentHeads {
  Rows queries, keys, values;
};

LatentHeads latent_heads(const WeightSource& weights, std::int64_t layer, const Rows& normed_rows) {
  const DecoderShape& s = weights.shape();
  const MlaSpec& mla = *s.mla;
  const std::int64_t nope = mla.qk_nope_head_dim, rope = mla.qk_rope_head_dim;
  LatentHeads heads;
  for (std::size_t t = 0; t < normed_rows.size(); ++t) {
    const auto position = static_cast<std::int64_t>(t);
    const Vector fused = multiply(weights, DecoderMatrix::qkv, layer, normed_rows[t]);
    const auto latent_begin = fused.begin() + s.latent_query_width();
    Vector queries(fused.begin(), latent_begin);
    if (mla.q_lora_rank > 0) {
      queries = multiply(
          weights, DecoderMatrix::query_up, layer,
          normed(queries, weights.vector(DecoderVector::query_norm, layer), s.norm_epsilon));
    }
    const Vector latent = normed(Vector(latent_begin, latent_begin + mla.kv_lora_rank),
                                 weights.vector(DecoderVector::key_norm, layer), s.norm_epsilon);
    Vector shared(latent_begin + mla.kv_lora_rank, fused.end());
    turn(s.rotary, position, shared.data());
    const Vector up = multiply(weights, DecoderMatrix::latent_up, layer, latent);
    Vector keys, values;
    for (std::int64_t h = 0; h < s.heads; ++h) {
      turn(s.rotary, position, queries.data() + h * (nope + rope) + nope);
      const auto head = up.begin() + h * (nope + mla.v_head_dim);
      keys.insert(keys.end(), head, head + nope);
      keys.insert(keys.end(), shared.begin(), shared.end());
      values.insert(values.end(), head + nope, head + nope + mla.v_head_dim);
    }
    heads.queries.push_back(std::move(queries));
    heads.keys.push_back(std::move(keys));
    heads.values.push_back(std::move(values));
  }
  return heads;
}

Vector attend_latents(const DecoderShape& s, const LatentHeads& heads, std::size_t token) {
  const auto dim = static_cast<std::size_t>(s.query_dim());
  const auto value = static_cast<std::size_t>(s.mla->v_head_dim);
  Vector out;
  for (std::size_t h = 0; h < static_cast<std::size_t>(s.heads); ++h) {
    Vector scores;
    for (std::size_t t = 0; t <= token; ++t) {
      double score = 0;
      for (std::size_t i = h * dim; i < (h + 1) * dim; ++i) {
        score += heads.queries[token][i] * heads.keys[t][i];
      }
      scores.push_back(score * static_cast<double>(s.score_scale()));
    }
    const double most = *std::max_element(scores.begin(), scores.end());
    double total = 0;
    for (double& score : scores) total += score = std::exp(score - most);
    Vector sum(value, 0.0);
    for (std::size_t t = 0; t <= token; ++t) {
      for (std::size_t i = 0; i < value; ++i) {
        sum[i] += scores[t] / total * heads.values[t][h * value + i];
      }
    }
    out.insert(out.end(), sum.begin(), sum.end());
  }
  return out;
}

// What lies between an FFN's matrices: SwiGLU of gate and up, GELU where there is no gate.
Vector activated(const DecoderShape& shape, const Vector& gate_up) {
  if (!shape.gated) {
    Vector out;
    for (const double x : gate_up) {
      const double u = std::sqrt(2 / std::numbers::pi) * (x + 0.044715 * x * x * x);
      out.push_back(x / 2 * (1 + std::tanh(u)));
    }
    return out;
  }
  const std::size_t ffn = gate_up.size() / 2;
  Vector gated(ffn);
  for (std::size_t i = 0; i < ffn; ++i) {
    gated[i] = gate_up[i] / (1 + std::exp(-gate_up[i])) * gate_up[ffn + i];
  }
  return gated;
}

void add(Vector& to, const Vector& x, double weight = 1) {
  for (std::size_t i = 0; i < to.size(); ++i) to[i] += weight * x[i];
}

// Indices of the `count` largest values.
std::vector<std::size_t> largest(const Vector& values, std::int64_t count) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return values[a] > values[b]; });
  order.resize(static_cast<std::size_t>(count));
  return order;
}

// DeepSeek-V3, equations 12 to 16: scores are sigmoids; a bias takes part in the choice alone; a
// group counts as much as its two best experts.
Vector sigmoid_weights(const ExpertRouter& router, const Vector& logits,
                       const std::vector<float>& bias) {
  Vector scores, biased, groups, weights(logits.size(), 0.0);
  for (const double logit : logits) scores.push_back(1 / (1 + std::exp(-logit)));
  for (std::size_t e = 0; e < scores.size(); ++e) {
    biased.push_back(scores[e] + static_cast<double>(bias[e]));
  }
  const std::size_t size = scores.size() / static_cast<std::size_t>(router.groups);
  for (std::size_t g = 0; g < scores.size(); g += size) {
    const Vector group(biased.begin() + static_cast<std::ptrdiff_t>(g),
                       biased.begin() + static_cast<std::ptrdiff_t>(g + size));
    double sum = 0;
    for (const std::size_t e : largest(group, std::min<std::int64_t>(2, std::ssize(group)))) {
      sum += group[e];
    }
    groups.push_back(sum);
  }
  const auto best = largest(groups, router.top_groups);
  for (std::size_t e = 0; e < biased.size(); ++e) {
    if (std::find(best.begin(), best.end(), e / size) == best.end()) biased[e] = -HUGE_VAL;
  }
  double total = 0;
  const auto chosen = largest(biased, router.top_k);
  for (const std::size_t e : chosen) total += scores[e];
  for (const std::size_t e : chosen) {
    weights[e] = scores[e] / total * static_cast<double>(router.scale);
  }
  return weights;
}

// The weight of each expert, 0 of those not chosen.
Vector expert_weights(const ExpertRouter& router, const Vector& logits,
                      const std::vector<float>& bias) {
  if (router.scores == RouterScores::sigmoid) return sigmoid_weights(router, logits, bias);
  const auto chosen = largest(logits, router.top_k);
  Vector weights(logits.size(), 0.0);
  double of_all = 0, of_chosen = 0;
  for (const double logit : logits) of_all += std::exp(logit);
  for (const std::size_t e : chosen) of_chosen += std::exp(logits[e]);
  const double total = router.scores == RouterScores::softmax ? of_all : of_chosen;
  for (const std::size_t e : chosen) {
    weights[e] = std::exp(logits[e]) / total * static_cast<double>(router.scale);
  }
  return weights;
}

Vector sparse_feed_forward(const WeightSource& weights, std::int64_t layer, const Vector& x) {
  const DecoderShape& s = weights.shape();
  const DecoderExperts& experts = *s.experts;
  const auto share =
      expert_weights(experts.router, multiply(weights, DecoderMatrix::router, layer, x),
                     weights.vector(DecoderVector::router_bias, layer));
  Vector out(x.size(), 0.0);
  for (std::int64_t e = 0; e < experts.router.experts; ++e) {
    const double weight = share[static_cast<std::size_t>(e)];
    if (weight == 0) continue;
    const auto times = [&](DecoderMatrix matrix, const Vector& in) {
      return multiply(weights.of_expert(matrix, layer, e), weights.rows_of_expert(matrix), in);
    };
    add(out,
        times(DecoderMatrix::expert_down, activated(s, times(DecoderMatrix::expert_gate_up, x))),
        weight);
  }
  if (experts.shared == 0) return out;
  add(out, multiply(weights, DecoderMatrix::shared_down, layer,
                    activated(s, multiply(weights, DecoderMatrix::shared_gate_up, layer, x))));
  return out;
}

Vector feed_forward(const WeightSource& weights, std::int64_t layer, const Vector& x) {
  const DecoderShape& s = weights.shape();
  if (s.sparse(layer)) return sparse_feed_forward(weights, layer, x);
  return multiply(weights, DecoderMatrix::down, layer,
                  activated(s, multiply(weights, DecoderMatrix::gate_up, layer, x)));
}

}  // namespace

std::vector<float> decoder_reference(const WeightSource& weights,
                                     std::span<const std::int32_t> tokens) {
  const DecoderShape& s = weights.shape();
  const auto norm = [&](const Vector& x, DecoderVector which, std::int64_t layer) {
    return normed(x, weights.vector(which, layer), s.norm_epsilon);
  };
  Rows residual;
  std::vector<float> embedding(static_cast<std::size_t>(s.hidden));
  for (const std::int32_t token : tokens) {
    weights.row(DecoderMatrix::embedding, 0, token, embedding);
    residual.emplace_back(embedding.begin(), embedding.end());
  }
  for (std::int64_t layer = 0; layer < s.layers; ++layer) {
    Rows rows;
    for (const Vector& x : residual) rows.push_back(norm(x, DecoderVector::attention_norm, layer));
    LatentHeads latents;
    if (s.mla) latents = latent_heads(weights, layer, rows);
    for (std::size_t t = 0; !s.mla && t < rows.size(); ++t) {
      rows[t] = multiply(weights, DecoderMatrix::qkv, layer, rows[t]);
      finish_heads(weights, layer, static_cast<std::int64_t>(t), rows[t]);
    }
    for (std::size_t t = 0; t < residual.size(); ++t) {
      const Vector heads = s.mla ? attend_latents(s, latents, t) : attend(s, layer, rows, t);
      add(residual[t], multiply(weights, DecoderMatrix::attention_out, layer, heads));
      add(residual[t],
          feed_forward(weights, layer, norm(residual[t], DecoderVector::ffn_norm, layer)));
    }
  }
  std::vector<float> logits;
  for (const Vector& x : residual) {
    const Vector row =
        multiply(weights, DecoderMatrix::head, 0, norm(x, DecoderVector::final_norm, 0));
    for (const double value : row) logits.push_back(static_cast<float>(value));
  }
  return logits;
}

}  // namespace inferbench
