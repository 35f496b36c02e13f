#include "harness/execute/transformer/weight_shard.hpp"

#include <algorithm>
#include <utility>

#include "harness/base/error.hpp"
#include "harness/execute/transformer/to_size.hpp"

namespace inferbench {
namespace {

// A rank's share of `n` things that are shared out evenly.
Range even(std::int64_t n, const DecoderShard& shard) {
  const std::int64_t each = n / shard.ranks;
  return {shard.rank * each, (shard.rank + 1) * each};
}

// With fewer KV heads than ranks, neighbours keep the same one.
Range kv_heads(const DecoderShape& whole, const DecoderShard& shard) {
  if (whole.kv_heads >= shard.ranks) return even(whole.kv_heads, shard);
  const std::int64_t head = shard.rank * whole.kv_heads / shard.ranks;
  return {head, head + 1};
}

Range times(Range range, std::int64_t factor, std::int64_t offset = 0) {
  return {offset + range.begin * factor, offset + range.end * factor};
}

// Both of one FFN, which follow each other; or up alone.
MatrixPart gate_and_up(const DecoderShape& whole, std::int64_t ffn, const DecoderShard& shard) {
  const Range gate = even(ffn, shard);
  if (!whole.gated) return {.rows = {gate}, .columns = {0, whole.hidden}};
  return {.rows = {gate, times(gate, 1, ffn)}, .columns = {0, whole.hidden}};
}

std::string divisors(std::int64_t n) {
  std::string list;
  for (std::int64_t d = 1; d <= std::min<std::int64_t>(n, 64); ++d) {
    if (n % d == 0) list += (list.empty() ? "" : ", ") + std::to_string(d);
  }
  return list;
}

// The fused GEMM under latent attention: every rank computes the latents, and of queries that are
// not compressed its own.
MatrixPart latents_part(const DecoderShape& whole, Range queries) {
  const Range hidden{0, whole.hidden};
  if (whole.mla->q_lora_rank > 0) return {.rows = {{0, whole.qkv_width()}}, .columns = hidden};
  return {.rows = {queries, {whole.q_width(), whole.qkv_width()}}, .columns = hidden};
}

// k that share a scale along a row, 1 where the whole row does.
std::int64_t group_of(const GemmFormat& format) {
  if (format.sparse()) return 4;
  if (format.code != nullptr && format.code->block_k > 0) return format.code->block_k;
  return std::max(1, format.group);
}

void check_groups(const std::string& place, const char* what, std::int64_t columns,
                  const GemmFormat& format, std::int64_t ranks) {
  const std::int64_t group = group_of(format), each = columns / ranks;
  if (each % group == 0) return;
  throw Error(place,
              std::to_string(each) + " of " + std::to_string(columns) + " inputs of the " + what +
                  " for each of " + std::to_string(ranks) + " ranks",
              format.name + " has one scale for " + std::to_string(group) +
                  " of them, which are not cut in two",
              "fewer ranks, or a format with smaller groups");
}

}  // namespace

void check_shards(const std::string& place, const DecoderShape& shape, const GemmFormat& format,
                  std::int64_t ranks, std::int64_t stages) {
  if (stages > shape.layers) {
    throw Error(place,
                std::to_string(shape.layers) + " layers for " + std::to_string(stages) + " stages",
                "a stage has at least one layer", "fewer stages");
  }
  if (ranks == 1) return;
  const auto refuse = [&](const std::string& problem, std::int64_t n) {
    throw Error(place, problem + " cannot be shared out to " + std::to_string(ranks) + " ranks",
                "each rank has as many as the others", "a divisor: " + divisors(n));
  };
  if (shape.heads % ranks != 0) refuse(std::to_string(shape.heads) + " heads", shape.heads);
  const bool dense = shape.sparse_layers() < shape.layers;
  if (dense && shape.ffn % ranks != 0) {
    refuse("an FFN of " + std::to_string(shape.ffn) + " columns", shape.ffn);
  }
  if (!shape.mla && shape.kv_heads % ranks != 0 && ranks % shape.kv_heads != 0) {
    refuse(std::to_string(shape.kv_heads) + " KV heads", shape.kv_heads);
  }
  check_groups(place, "attention's output", shape.out_width(), format, ranks);
  if (dense) check_groups(place, "FFN's second matrix", shape.ffn, format, ranks);
  if (!shape.experts) return;
  if (shape.experts->ffn % ranks != 0) {
    refuse("experts of " + std::to_string(shape.experts->ffn) + " columns", shape.experts->ffn);
  }
  check_groups(place, "experts' second matrices", shape.experts->ffn, format, ranks);
}

void check_expert_ranks(const std::string& place, const DecoderShape& shape,
                        std::int64_t expert_ranks) {
  if (expert_ranks == 1) return;
  if (!shape.experts) {
    throw Error(place, "a model without experts", "expert-parallel ranks share out experts",
                "TP, PP or DP; or a model with experts, like tiny-moe-test");
  }
  const std::int64_t experts = shape.experts->router.experts;
  if (expert_ranks <= experts) return;
  throw Error(place,
              std::to_string(experts) + " experts for " + std::to_string(expert_ranks) +
                  " expert-parallel ranks",
              "a rank has at least one expert", "at most EP" + std::to_string(experts));
}

DecoderShape shard_shape(const DecoderShape& whole, const DecoderShard& shard) {
  DecoderShape part = whole;
  const Range layers =
      share(whole.layers, static_cast<unsigned>(shard.stage), static_cast<unsigned>(shard.stages));
  part.first_layer = whole.first_layer + layers.begin;
  part.layers = layers.end - layers.begin;
  part.heads = whole.heads / shard.ranks;
  part.kv_heads = std::max<std::int64_t>(1, whole.kv_heads / shard.ranks);
  part.ffn = whole.ffn / shard.ranks;
  if (!part.experts) return part;
  part.experts->ffn /= shard.ranks;
  const Range held = share(part.experts->count, static_cast<unsigned>(shard.expert_rank),
                           static_cast<unsigned>(shard.expert_ranks));
  part.experts->first += held.begin;
  part.experts->count = held.end - held.begin;
  return part;
}

Range shard_vocab(const DecoderShape& whole, const DecoderShard& shard) {
  if (!shard.last()) return {};
  return share(whole.vocab, static_cast<unsigned>(shard.rank), static_cast<unsigned>(shard.ranks));
}

std::int64_t MatrixPart::row_count() const {
  std::int64_t count = 0;
  for (const Range& range : rows) count += range.end - range.begin;
  return count;
}

MatrixPart matrix_part(const DecoderShape& whole, DecoderMatrix matrix, const DecoderShard& shard) {
  const Range mine = even(whole.heads, shard);
  const Range queries = times(mine, whole.q_width() / whole.heads);
  const Range hidden{0, whole.hidden};
  switch (matrix) {
    case DecoderMatrix::qkv: {
      if (whole.mla) return latents_part(whole, queries);
      const Range kv = kv_heads(whole, shard);
      return {.rows = {queries, times(kv, whole.head_dim, whole.q_width()),
                       times(kv, whole.head_dim, whole.q_width() + whole.kv_width())},
              .columns = hidden};
    }
    case DecoderMatrix::gate_up:
      return gate_and_up(whole, whole.ffn, shard);
    case DecoderMatrix::expert_gate_up:
      return gate_and_up(whole, whole.experts->ffn, shard);
    case DecoderMatrix::shared_gate_up:
      return gate_and_up(whole, whole.experts->shared_width(), shard);
    case DecoderMatrix::attention_out:
      return {.rows = {hidden}, .columns = times(mine, whole.out_width() / whole.heads)};
    case DecoderMatrix::query_up:
      return {.rows = {queries}, .columns = {0, whole.mla->q_lora_rank}};
    case DecoderMatrix::latent_up:
      return {.rows = {times(mine, whole.mla->qk_nope_head_dim + whole.mla->v_head_dim)},
              .columns = {0, whole.mla->kv_lora_rank}};
    case DecoderMatrix::down:
      return {.rows = {hidden}, .columns = even(whole.ffn, shard)};
    case DecoderMatrix::expert_down:
      return {.rows = {hidden}, .columns = even(whole.experts->ffn, shard)};
    case DecoderMatrix::shared_down:
      return {.rows = {hidden}, .columns = even(whole.experts->shared_width(), shard)};
    case DecoderMatrix::router:
      return {.rows = {{0, whole.experts->router.experts}}, .columns = hidden};
    case DecoderMatrix::head:
      return {.rows = {shard_vocab(whole, shard)}, .columns = hidden};
    case DecoderMatrix::embedding:
      break;
  }
  return {.rows = {{0, whole.vocab}}, .columns = hidden};
}

namespace {

bool of_experts(DecoderMatrix matrix) {
  return matrix == DecoderMatrix::expert_gate_up || matrix == DecoderMatrix::expert_down;
}

// The row of the whole matrix that is row `row` of the part.
std::int64_t row_of(const MatrixPart& part, std::int64_t row) {
  for (const Range& range : part.rows) {
    if (row < range.end - range.begin) return range.begin + row;
    row -= range.end - range.begin;
  }
  ensure(false, "a row is one of the part");
  return 0;
}

}  // namespace

WeightShard::WeightShard(const WeightSource& whole, const DecoderShard& shard)
    : WeightSource(shard_shape(whole.shape(), shard)), whole_(whole), shard_(shard) {}

std::int64_t WeightShard::rows(DecoderMatrix matrix) const {
  if (matrix == DecoderMatrix::embedding && !shard_.first()) return 0;
  if (matrix != DecoderMatrix::head) return WeightSource::rows(matrix);
  const Range vocab = shard_vocab(whole_.shape(), shard_);
  return vocab.end - vocab.begin;
}

void WeightShard::row(DecoderMatrix matrix, std::int64_t layer, std::int64_t row,
                      std::span<float> to) const {
  const bool layered = matrix != DecoderMatrix::embedding && matrix != DecoderMatrix::head;
  if (layered) layer += shape().first_layer;
  const MatrixPart part = matrix_part(whole_.shape(), matrix, shard_);
  std::int64_t from = 0;
  if (of_experts(matrix)) {
    const std::int64_t expert = shape().experts->first + row / rows_of_expert(matrix);
    from = expert * whole_.rows_of_expert(matrix);
    row %= rows_of_expert(matrix);
  }
  from += row_of(part, row);
  const std::int64_t columns = whole_.columns(matrix);
  if (part.column_count() == columns) return whole_.row(matrix, layer, from, to);
  std::vector<float> all(to_size(columns));
  whole_.row(matrix, layer, from, all);
  std::copy_n(all.begin() + part.columns.begin, part.column_count(), to.begin());
}

std::vector<float> WeightShard::vector(DecoderVector vector, std::int64_t layer) const {
  if (vector != DecoderVector::final_norm) layer += shape().first_layer;
  std::vector<float> whole = whole_.vector(vector, layer);
  if (vector != DecoderVector::qkv_bias || whole.empty()) return whole;
  std::vector<float> part;
  for (const Range& range : matrix_part(whole_.shape(), DecoderMatrix::qkv, shard_).rows) {
    part.insert(part.end(), whole.begin() + range.begin, whole.begin() + range.end);
  }
  return part;
}

}  // namespace inferbench
