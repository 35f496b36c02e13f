// Rows about tensor parallelism as arithmetic: linear layers split over ranks, and what those
// exchange.
#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "harness/base/random.hpp"
#include "harness/claims/measures/inputs.hpp"
#include "harness/claims/measures/measures.hpp"
#include "kernels/collectives/collectives.hpp"
#include "kernels/collectives/thread_world.hpp"

namespace inferbench::claims {
namespace {

using Matrix = std::vector<float>;

struct Layers {
  std::size_t tokens = 0, in = 0, hidden = 0, out = 0;
  Matrix x, first, second;  // [tokens, in], [hidden, in], [out, hidden]
};

Matrix draw(std::size_t size, double deviation, RandomStream random) {
  Matrix matrix(size);
  for (float& value : matrix) value = static_cast<float>(random.normal(0, deviation));
  return matrix;
}

// out[m, n] = sum over [begin, end) of in[m, k] * weights[n, k] for outputs [first, last), in fp32.
Matrix product(const Matrix& in, const Matrix& weights, std::size_t k, std::size_t begin,
               std::size_t end, std::size_t first, std::size_t last) {
  Matrix out;
  for (std::size_t m = 0; m < in.size(); m += k) {
    for (std::size_t n = first; n < last; ++n) {
      float sum = 0;
      for (std::size_t j = begin; j < end; ++j) sum += in[m + j] * weights[n * k + j];
      out.push_back(sum);
    }
  }
  return out;
}

// Bytes that came to this rank during one collective.
std::uint64_t run_counted(Communicator& comm, Collective kind, std::span<const float> in,
                          std::span<float> out) {
  const std::uint64_t before = comm.traffic().total();
  CollectiveCall call;
  call.in = std::as_bytes(in);
  call.out = std::as_writable_bytes(out);
  collective_implementation(kind, "ring", "claims").run(comm, call);
  return comm.traffic().total() - before;
}

// What the ranks found: columns of the first layer gathered, sums of the second.
struct Sharded {
  Matrix gathered, reduced;                          // of the last rank; all have the same
  std::uint64_t gather_bytes = 0, reduce_bytes = 0;  // of the busiest rank
  std::size_t weights = 0;                           // of the largest rank, elements
};

Sharded shard(const Layers& layers, int ranks) {
  ThreadWorld world(ranks);
  std::vector<Sharded> by_rank(static_cast<std::size_t>(ranks));
  world.run([&](Communicator& comm) {
    const auto rank = static_cast<std::size_t>(comm.rank());
    const auto n = static_cast<std::size_t>(comm.size());
    const std::size_t part = layers.hidden / n, from = rank * part;
    Sharded& own = by_rank[rank];
    own.weights = part * (layers.in + layers.out);
    // Columns: full inputs, a part of the outputs.
    const Matrix columns =
        product(layers.x, layers.first, layers.in, 0, layers.in, from, from + part);
    own.gathered.resize(layers.tokens * layers.hidden);
    own.gather_bytes = run_counted(comm, Collective::all_gather, columns, own.gathered);
    // Rows: the same part of the inputs, sums that are not complete.
    Matrix inputs(layers.tokens * layers.hidden);
    for (std::size_t m = 0; m < layers.tokens; ++m) {
      std::copy_n(&columns[m * part], part, &inputs[m * layers.hidden + from]);
    }
    const Matrix partial =
        product(inputs, layers.second, layers.hidden, from, from + part, 0, layers.out);
    own.reduced.resize(partial.size());
    own.reduce_bytes = run_counted(comm, Collective::all_reduce, partial, own.reduced);
  });
  Sharded all = by_rank.back();
  for (const Sharded& one : by_rank) {
    all.gather_bytes = std::max(all.gather_bytes, one.gather_bytes);
    all.reduce_bytes = std::max(all.reduce_bytes, one.reduce_bytes);
    all.weights = std::max(all.weights, one.weights);
  }
  return all;
}

// Blocks [rank][tokens][part] of an all-gather as [tokens][hidden].
Matrix in_token_order(const Matrix& blocks, std::size_t tokens, std::size_t hidden,
                      std::size_t ranks) {
  Matrix out(blocks.size());
  const std::size_t part = hidden / ranks;
  for (std::size_t rank = 0; rank < ranks; ++rank) {
    for (std::size_t m = 0; m < tokens; ++m) {
      std::copy_n(&blocks[(rank * tokens + m) * part], part, &out[m * hidden + rank * part]);
    }
  }
  return out;
}

// Largest difference over the largest magnitude.
double difference(const Matrix& a, const Matrix& b) {
  float most = 0, largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    most = std::max(most, std::abs(a[i] - b[i]));
    largest = std::max(largest, std::abs(b[i]));
  }
  return static_cast<double>(most / largest);
}

}  // namespace

// Two linear layers, "tokens" by "in_features" to "hidden" to "out_features", the first split by
// columns and the second by rows over "ranks" threads that exchange fp32 by rings: the largest
// difference from the unsharded results, the share of the weights that a rank holds, and the bytes
// that it receives, counted, beside the formulas of kernels/shapes.
//
// Source of the split: Shoeybi et al., "Megatron-LM", arXiv 1909.08053, section 3.
Numbers sharded_layers(const JsonObject& inputs, const World&) {
  const auto size = [&](const std::string& key, std::int64_t most) {
    const std::int64_t value = inputs.integer(key);
    if (value < 1 || value > most) {
      inputs.refuse(key, "is out of range", "expected 1.." + std::to_string(most));
    }
    return static_cast<std::size_t>(value);
  };
  const auto ranks = static_cast<int>(size("ranks", 64));
  Layers layers{.tokens = size("tokens", 4096),
                .in = size("in_features", 4096),
                .hidden = size("hidden", 4096),
                .out = size("out_features", 4096),
                .x = {},
                .first = {},
                .second = {}};
  if (layers.hidden % static_cast<std::size_t>(ranks) != 0) {
    inputs.refuse("hidden", "is not divisible by \"ranks\"", "expected a multiple of it");
  }
  const Random random(static_cast<std::uint64_t>(inputs.integer("seed", 1)));
  const auto deviation = [](std::size_t k) { return 1 / std::sqrt(static_cast<double>(k)); };
  layers.x = draw(layers.tokens * layers.in, 1, random.stream("claims.activations"));
  layers.first =
      draw(layers.hidden * layers.in, deviation(layers.in), random.stream("claims.first_weights"));
  layers.second = draw(layers.out * layers.hidden, deviation(layers.hidden),
                       random.stream("claims.second_weights"));
  const Matrix hidden = product(layers.x, layers.first, layers.in, 0, layers.in, 0, layers.hidden);
  const Matrix out = product(hidden, layers.second, layers.hidden, 0, layers.hidden, 0, layers.out);
  const Sharded sharded = shard(layers, ranks);
  const auto bytes_of = [&](Collective kind, const Matrix& message) {
    return wire_bytes(kind, Bytes(4.0 * static_cast<double>(message.size())), ranks).count();
  };
  Numbers numbers;
  numbers.set("weight_share", static_cast<double>(sharded.weights) /
                                  static_cast<double>(layers.first.size() + layers.second.size()));
  numbers.set("column_difference",
              difference(in_token_order(sharded.gathered, layers.tokens, layers.hidden,
                                        static_cast<std::size_t>(ranks)),
                         hidden));
  numbers.set("row_difference", difference(sharded.reduced, out));
  numbers.set("all_gather_bytes", static_cast<double>(sharded.gather_bytes));
  numbers.set("formula_all_gather_bytes", bytes_of(Collective::all_gather, hidden));
  numbers.set("all_reduce_bytes", static_cast<double>(sharded.reduce_bytes));
  numbers.set("formula_all_reduce_bytes", bytes_of(Collective::all_reduce, out));
  return numbers;
}

}  // namespace inferbench::claims
