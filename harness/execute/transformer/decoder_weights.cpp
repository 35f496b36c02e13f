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
    if (!format.smooth) names.push_back(format.name);
  }
  return names;
}

const GemmFormat& decoder_format(const std::string& name) {
  for (const GemmFormat& format : gemm_formats()) {
    if (format.name != name) continue;
    if (!format.smooth) return format;
    throw Error("--weights", name + " needs activations to calibrate with",
                "formats without calibration are executed", "w8a8 is the same without smoothing");
  }
  throw unknown_name("--weights", "weight format", name, decoder_formats());
}

DecoderWeights::DecoderWeights(const DecoderShape& shape, const GemmFormat& format,
                               std::uint64_t seed, ThreadTeam& team, Isa isa)
    : shape_(shape), format_(&format), layers_(to_size(shape.layers)) {
  const RandomWeights random(shape, seed);
  std::vector<Task> tasks;
  const auto add = [&](std::unique_ptr<PackedLinear>& to, DecoderMatrix matrix,
                       std::int64_t layer) {
    tasks.emplace_back([&random, &to, &format, isa, matrix, layer] {
      to = std::make_unique<PackedLinear>(format, random.rows(matrix), random.columns(matrix),
                                          random.of(matrix, layer),
                                          LinearOptions{.isa = isa, .calibration = {}});
    });
  };
  add(head_, DecoderMatrix::head, 0);
  for (std::int64_t l = 0; l < shape.layers; ++l) {
    Layer& layer = layers_[to_size(l)];
    layer.attention_norm = random.norm(2 * l);
    layer.ffn_norm = random.norm(2 * l + 1);
    add(layer.gate_up, DecoderMatrix::gate_up, l);
    add(layer.down, DecoderMatrix::down, l);
    add(layer.qkv, DecoderMatrix::qkv, l);
    add(layer.attention_out, DecoderMatrix::attention_out, l);
  }
  final_norm_ = random.norm(2 * shape.layers);
  run_all(tasks, team);

  const bool wide = format.weights == GemmFormat::Weights::fp32;
  table_ = Buffer<std::byte>(to_size(shape.vocab * shape.hidden) * (wide ? 4 : 2));
  team.run([&](unsigned rank) {
    std::vector<float> row(to_size(shape.hidden));
    const Range mine = share(shape.vocab, rank, team.size());
    for (std::int64_t token = mine.begin; token < mine.end; ++token) {
      random.row(DecoderMatrix::embedding, 0, token, row);
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
  std::size_t bytes = head_->bytes();
  for (const Layer& layer : layers_) {
    bytes += layer.qkv->bytes() + layer.attention_out->bytes() + layer.gate_up->bytes() +
             layer.down->bytes();
  }
  return bytes;
}

}  // namespace inferbench
