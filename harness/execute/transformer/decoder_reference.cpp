#include "harness/execute/transformer/decoder_reference.hpp"

#include <algorithm>
#include <cmath>

#include "harness/execute/transformer/rotation.hpp"

namespace inferbench {
namespace {

using Vector = std::vector<double>;
using Rows = std::vector<Vector>;

constexpr double kEpsilon = 1e-5;

Vector multiply(const RandomWeights& weights, DecoderMatrix matrix, std::int64_t layer,
                const Vector& x) {
  std::vector<float> row(x.size());
  Vector out;
  for (std::int64_t r = 0; r < weights.rows(matrix); ++r) {
    weights.row(matrix, layer, r, row);
    double sum = 0;
    for (std::size_t i = 0; i < x.size(); ++i) sum += static_cast<double>(row[i]) * x[i];
    out.push_back(sum);
  }
  return out;
}

Vector normed(const Vector& x, const std::vector<float>& weight) {
  double squares = 0;
  for (const double v : x) squares += v * v;
  const double factor = 1 / std::sqrt(squares / static_cast<double>(x.size()) + kEpsilon);
  Vector out(x.size());
  for (std::size_t i = 0; i < x.size(); ++i)
    out[i] = x[i] * factor * static_cast<double>(weight[i]);
  return out;
}

// Head `head` of a row that holds heads one after the other, rotated to `position`.
Vector rotated(const Vector& row, std::int64_t head, std::int64_t dim, std::int64_t position) {
  Vector out(static_cast<std::size_t>(dim));
  const double* x = row.data() + head * dim;
  for (std::int64_t i = 0; i < dim / 2; ++i) {
    const double angle = rotation_angle(position, i, dim);
    const double low = x[i], high = x[dim / 2 + i];
    out[static_cast<std::size_t>(i)] = low * std::cos(angle) - high * std::sin(angle);
    out[static_cast<std::size_t>(dim / 2 + i)] = high * std::cos(angle) + low * std::sin(angle);
  }
  return out;
}

Vector attend(const DecoderShape& s, const Rows& qkv, std::size_t token) {
  Vector out;
  const auto dim = static_cast<std::size_t>(s.head_dim);
  for (std::int64_t head = 0; head < s.heads; ++head) {
    const std::int64_t kv_head = head / (s.heads / s.kv_heads);
    const Vector q = rotated(qkv[token], head, s.head_dim, static_cast<std::int64_t>(token));
    Vector scores;
    for (std::size_t t = 0; t <= token; ++t) {
      const Vector k = rotated(qkv[t], s.heads + kv_head, s.head_dim, static_cast<std::int64_t>(t));
      double score = 0;
      for (std::size_t i = 0; i < dim; ++i) score += q[i] * k[i];
      scores.push_back(score / std::sqrt(static_cast<double>(s.head_dim)));
    }
    const double most = *std::max_element(scores.begin(), scores.end());
    double total = 0;
    for (double& score : scores) total += score = std::exp(score - most);
    Vector value(dim, 0.0);
    for (std::size_t t = 0; t <= token; ++t) {
      const double* v = qkv[t].data() + s.q_width() + s.kv_width() + kv_head * s.head_dim;
      for (std::size_t i = 0; i < dim; ++i) value[i] += scores[t] / total * v[i];
    }
    out.insert(out.end(), value.begin(), value.end());
  }
  return out;
}

Vector feed_forward(const RandomWeights& weights, std::int64_t layer, const Vector& x) {
  const Vector gate_up = multiply(weights, DecoderMatrix::gate_up, layer, x);
  const std::size_t ffn = gate_up.size() / 2;
  Vector gated(ffn);
  for (std::size_t i = 0; i < ffn; ++i) {
    gated[i] = gate_up[i] / (1 + std::exp(-gate_up[i])) * gate_up[ffn + i];
  }
  return multiply(weights, DecoderMatrix::down, layer, gated);
}

void add(Vector& to, const Vector& x) {
  for (std::size_t i = 0; i < to.size(); ++i) to[i] += x[i];
}

}  // namespace

std::vector<float> decoder_reference(const RandomWeights& weights,
                                     std::span<const std::int32_t> tokens) {
  const DecoderShape& s = weights.shape();
  Rows residual;
  std::vector<float> embedding(static_cast<std::size_t>(s.hidden));
  for (const std::int32_t token : tokens) {
    weights.row(DecoderMatrix::embedding, 0, token, embedding);
    residual.emplace_back(embedding.begin(), embedding.end());
  }
  for (std::int64_t layer = 0; layer < s.layers; ++layer) {
    Rows qkv;
    for (const Vector& x : residual) {
      qkv.push_back(
          multiply(weights, DecoderMatrix::qkv, layer, normed(x, weights.norm(2 * layer))));
    }
    for (std::size_t t = 0; t < residual.size(); ++t) {
      add(residual[t], multiply(weights, DecoderMatrix::attention_out, layer, attend(s, qkv, t)));
      add(residual[t],
          feed_forward(weights, layer, normed(residual[t], weights.norm(2 * layer + 1))));
    }
  }
  std::vector<float> logits;
  for (const Vector& x : residual) {
    const Vector row =
        multiply(weights, DecoderMatrix::head, 0, normed(x, weights.norm(2 * s.layers)));
    for (const double value : row) logits.push_back(static_cast<float>(value));
  }
  return logits;
}

}  // namespace inferbench
