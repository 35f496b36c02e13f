#include "harness/execute/transformer/decoder_weights.hpp"

#include <atomic>
#include <cstring>
#include <exception>
#include <functional>
#include <mutex>

#include "harness/base/error.hpp"
#include "harness/execute/transformer/to_size.hpp"
#include "kernels/cpu/convert.hpp"

namespace inferbench {
namespace {

using Task = std::function<void()>;

// In turns, because matrices differ in size.
void run_all(const std::vector<Task>& tasks, ThreadTeam& team) {
  std::atomic<std::size_t> next{0};
  std::exception_ptr failed;
  std::mutex mutex;
  team.run([&](unsigned) {
    for (std::size_t i = next++; i < tasks.size(); i = next++) {
      try {
        tasks[i]();
      } catch (...) {
        const std::lock_guard<std::mutex> lock(mutex);
        if (!failed) failed = std::current_exception();
      }
    }
  });
  if (failed) std::rethrow_exception(failed);
}

}  // namespace

std::vector<std::string> decoder_formats() {
  std::vector<std::string> names;
  for (const GemmFormat& format : gemm_formats()) {
    if (!needs_calibration(format)) names.push_back(format.name);
  }
  return names;
}

const GemmFormat& decoder_format(const std::string& name) {
  for (const GemmFormat& format : gemm_formats()) {
    if (format.name != name) continue;
    if (!needs_calibration(format)) return format;
    throw Error(
        "--weights", name + " needs activations to calibrate with",
        "formats without calibration are executed",
        format.smooth
            ? "w8a8 is the same without smoothing"
            : "fp8-channel scales each row by itself; nvfp4-a16 takes activations as they are");
  }
  throw unknown_name("--weights", "weight format", name, decoder_formats());
}

// Matrices to be packed, and the experts that become layers when they all are.
struct DecoderWeights::Packing {
  struct Experts {
    Layer* layer;
    std::vector<std::unique_ptr<PackedLinear>> gate_up, down;
  };

  const WeightSource& source;
  const GemmFormat& format;
  Isa isa;
  std::vector<Task> tasks{};
  std::vector<Experts> experts{};

  void add(std::unique_ptr<PackedLinear>& to, const GemmFormat& as, DecoderMatrix matrix,
           std::int64_t rows, WeightRows weights) {
    tasks.emplace_back([this, &to, &as, matrix, rows, weights = std::move(weights)] {
      to = std::make_unique<PackedLinear>(as, rows, source.columns(matrix), weights,
                                          LinearOptions{.isa = isa, .calibration = {}});
    });
  }
  void add(std::unique_ptr<PackedLinear>& to, DecoderMatrix matrix, std::int64_t layer) {
    add(to, format, matrix, source.rows(matrix), source.of(matrix, layer));
  }
  void add_experts(Layer& layer, std::int64_t index);
  void add_latents(Layer& layer, std::int64_t index);
  void add_head(Layer& layer, std::int64_t index, std::int64_t head);
  void join_experts();
};

void DecoderWeights::Packing::add_experts(Layer& layer, std::int64_t index) {
  const std::int64_t count = source.shape().experts->count;
  add(layer.router, decoder_format("fp32"), DecoderMatrix::router,
      source.shape().experts->router.experts, source.of(DecoderMatrix::router, index));
  layer.router_bias = source.vector(DecoderVector::router_bias, index);
  experts.push_back({.layer = &layer, .gate_up = {}, .down = {}});
  Experts& all = experts.back();
  all.gate_up.resize(to_size(count));
  all.down.resize(to_size(count));
  for (std::int64_t e = 0; e < count; ++e) {
    const auto expert = [&](std::unique_ptr<PackedLinear>& to, DecoderMatrix matrix) {
      add(to, format, matrix, source.rows_of_expert(matrix), source.of_expert(matrix, index, e));
    };
    expert(all.gate_up[to_size(e)], DecoderMatrix::expert_gate_up);
    expert(all.down[to_size(e)], DecoderMatrix::expert_down);
  }
  if (source.shape().experts->shared == 0) return;
  add(layer.gate_up, DecoderMatrix::shared_gate_up, index);
  add(layer.down, DecoderMatrix::shared_down, index);
}

void DecoderWeights::Packing::add_latents(Layer& layer, std::int64_t index) {
  const DecoderShape& shape = source.shape();
  if (shape.mla->q_lora_rank > 0) add(layer.query_up, DecoderMatrix::query_up, index);
  layer.absorb.resize(to_size(shape.heads));
  layer.expand.resize(to_size(shape.heads));
  for (std::int64_t head = 0; head < shape.heads; ++head) add_head(layer, index, head);
}

// A head's keys are read whole, because queries are multiplied with them the other way round.
void DecoderWeights::Packing::add_head(Layer& layer, std::int64_t index, std::int64_t head) {
  const MlaSpec mla = *source.shape().mla;
  const std::int64_t nope = mla.qk_nope_head_dim, rank = mla.kv_lora_rank;
  const std::int64_t first = head * (nope + mla.v_head_dim);
  tasks.emplace_back([this, nope, rank, first, index, &to = layer.absorb[to_size(head)]] {
    std::vector<float> keys(to_size(nope * rank));
    for (std::int64_t r = 0; r < nope; ++r) {
      source.row(DecoderMatrix::latent_up, index, first + r,
                 std::span(keys).subspan(to_size(r * rank), to_size(rank)));
    }
    const auto transposed = [&](std::int64_t row, std::span<float> out) {
      for (std::int64_t r = 0; r < nope; ++r) out[to_size(r)] = keys[to_size(r * rank + row)];
    };
    to = std::make_unique<PackedLinear>(format, rank, nope, transposed,
                                        LinearOptions{.isa = isa, .calibration = {}});
  });
  tasks.emplace_back([this, mla, first, index, &to = layer.expand[to_size(head)]] {
    const auto values = [&](std::int64_t row, std::span<float> out) {
      source.row(DecoderMatrix::latent_up, index, first + mla.qk_nope_head_dim + row, out);
    };
    to = std::make_unique<PackedLinear>(format, mla.v_head_dim, mla.kv_lora_rank, values,
                                        LinearOptions{.isa = isa, .calibration = {}});
  });
}

void DecoderWeights::Packing::join_experts() {
  const auto take = [](std::vector<std::unique_ptr<PackedLinear>>& from) {
    std::vector<PackedLinear> matrices;
    matrices.reserve(from.size());
    for (std::unique_ptr<PackedLinear>& matrix : from) matrices.push_back(std::move(*matrix));
    return matrices;
  };
  for (Experts& all : experts) {
    all.layer->experts = std::make_unique<MoeLayer>(take(all.gate_up), take(all.down), isa);
  }
}

DecoderWeights::DecoderWeights(const DecoderShape& shape, const GemmFormat& format,
                               std::uint64_t seed, ThreadTeam& team, Isa isa)
    : DecoderWeights(RandomWeights(shape, seed), format, team, isa) {}

DecoderWeights::DecoderWeights(const WeightSource& source, const GemmFormat& format,
                               ThreadTeam& team, Isa isa)
    : shape_(source.shape()), format_(&format), layers_(to_size(shape_.layers)) {
  Packing packing{.source = source, .format = format, .isa = isa};
  packing.experts.reserve(to_size(shape_.sparse_layers()));  // tasks refer to what is in there
  if (source.rows(DecoderMatrix::head) > 0) packing.add(head_, DecoderMatrix::head, 0);
  for (std::int64_t l = 0; l < shape_.layers; ++l) {
    Layer& layer = layers_[to_size(l)];
    layer.attention_norm = source.vector(DecoderVector::attention_norm, l);
    layer.ffn_norm = source.vector(DecoderVector::ffn_norm, l);
    layer.qkv_bias = source.vector(DecoderVector::qkv_bias, l);
    layer.query_norm = source.vector(DecoderVector::query_norm, l);
    layer.key_norm = source.vector(DecoderVector::key_norm, l);
    if (shape_.sparse(l)) {
      packing.add_experts(layer, l);
    } else {
      packing.add(layer.gate_up, DecoderMatrix::gate_up, l);
      packing.add(layer.down, DecoderMatrix::down, l);
    }
    packing.add(layer.qkv, DecoderMatrix::qkv, l);
    if (shape_.mla) packing.add_latents(layer, l);
    packing.add(layer.attention_out, DecoderMatrix::attention_out, l);
  }
  final_norm_ = source.vector(DecoderVector::final_norm, 0);
  run_all(packing.tasks, team);
  packing.join_experts();
  if (source.rows(DecoderMatrix::embedding) > 0) fill_table(source, team);
}

void DecoderWeights::fill_table(const WeightSource& source, ThreadTeam& team) {
  const bool wide = format_->weights == GemmFormat::Weights::fp32;
  table_ = Buffer<std::byte>(to_size(shape_.vocab * shape_.hidden) * (wide ? 4 : 2));
  team.run([&](unsigned rank) {
    std::vector<float> row(to_size(shape_.hidden));
    const Range mine = share(shape_.vocab, rank, team.size());
    for (std::int64_t token = mine.begin; token < mine.end; ++token) {
      source.row(DecoderMatrix::embedding, 0, token, row);
      std::byte* to = table_.data() + to_size(token) * row.size() * (wide ? 4 : 2);
      if (wide) {
        std::memcpy(to, row.data(), row.size() * 4);
        continue;
      }
      for (std::size_t i = 0; i < row.size(); ++i) {
        const std::uint16_t narrow = float_to_bf16(row[i]);
        std::memcpy(to + 2 * i, &narrow, 2);
      }
    }
  });
}

void DecoderWeights::embed(std::int32_t token, float* to) const {
  ensure(token >= 0 && token < shape_.vocab, "a token is one of the vocabulary");
  const std::size_t hidden = to_size(shape_.hidden);
  if (format_->weights == GemmFormat::Weights::fp32) {
    std::memcpy(to, table_.data() + to_size(token) * hidden * 4, hidden * 4);
    return;
  }
  const std::byte* from = table_.data() + to_size(token) * hidden * 2;
  for (std::size_t i = 0; i < hidden; ++i) {
    std::uint16_t narrow = 0;
    std::memcpy(&narrow, from + 2 * i, 2);
    to[i] = bf16_to_float(narrow);
  }
}

std::size_t DecoderWeights::linear_bytes() const {
  std::size_t bytes = head_ ? head_->bytes() : 0;
  for (const Layer& layer : layers_) {
    for (const auto* matrix : {&layer.qkv, &layer.query_up, &layer.attention_out, &layer.gate_up,
                               &layer.down, &layer.router}) {
      if (*matrix) bytes += (*matrix)->bytes();
    }
    for (const auto* heads : {&layer.absorb, &layer.expand}) {
      for (const std::unique_ptr<PackedLinear>& head : *heads) bytes += head->bytes();
    }
    if (layer.experts) bytes += layer.experts->bytes();
  }
  return bytes;
}

}  // namespace inferbench
