// Rows about sequences: padding, shared prefixes, what a KV cache saves, what tiling saves.
#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "harness/base/error.hpp"
#include "harness/base/random.hpp"
#include "harness/claims/measures/inputs.hpp"
#include "harness/claims/measures/measures.hpp"

namespace inferbench::claims {

// Tokens computed for a batch when every sequence is padded to the longest, and when they are
// packed end to end. Lengths are given, or drawn uniformly from "uniform": [min, max].
Numbers padding(const JsonObject& inputs, const World&) {
  std::vector<double> lengths;
  if (inputs.has("lengths")) {
    lengths = numbers(inputs, "lengths");
  } else {
    const std::vector<std::int64_t> range = integers(inputs, "uniform");
    if (range.size() != 2 || range[0] > range[1]) {
      inputs.refuse("uniform", "is not [min, max]", "expected two ascending integers");
    }
    RandomStream random(static_cast<std::uint64_t>(inputs.integer("seed", 1)), "claims.padding");
    for (std::int64_t i = 0; i < inputs.integer("sequences"); ++i) {
      lengths.push_back(static_cast<double>(random.between(range[0], range[1])));
    }
  }
  double packed = 0, longest = 0;
  for (const double length : lengths) {
    packed += length;
    longest = std::max(longest, length);
  }
  const double count = static_cast<double>(lengths.size());
  Numbers out;
  out.set("packed_tokens", packed);
  out.set("padded_tokens", count * longest);
  out.set("waste", 1 - packed / (count * longest));
  out.set("one_minus_mean_over_max", 1 - packed / count / longest);
  return out;
}

// Attention and GEMM work of generating `new_tokens` after `prompt_tokens`, recomputing the whole
// sequence for every token against keeping keys and values.
Numbers cached_decode(const JsonObject& inputs, const World& world) {
  const ModelSpec spec = model(inputs, world);
  const std::int64_t prompt = inputs.integer("prompt_tokens");
  const std::int64_t fresh = inputs.integer("new_tokens");
  if (prompt < 1 || fresh < 1) inputs.refuse("new_tokens", "is below 1", "expected at least one");
  const double per_token = 2 * active_parameters(spec);
  const double per_pair = 4.0 * static_cast<double>(spec.heads * spec.head_dim * spec.layers);
  const auto flops = [&](double tokens, double context) {
    return tokens * per_token + per_pair * tokens * (context + (tokens + 1) / 2);
  };
  std::vector<double> naive_lengths, cached_lengths;
  double naive = 0, cached = 0, all = 0, all_cached = 0;
  for (std::int64_t i = 0; i < fresh; ++i) {
    const double length = static_cast<double>(prompt + i);
    const double step = i == 0 ? length : 1;
    naive_lengths.push_back(length);
    cached_lengths.push_back(step);
    naive += flops(length, 0);
    cached += flops(step, length - step);
    all += length;
    all_cached += step;
  }
  Numbers out;
  // The first lengths suffice to show the pattern.
  const std::size_t shown = std::min<std::size_t>(naive_lengths.size(), 8);
  naive_lengths.resize(shown);
  cached_lengths.resize(shown);
  out.set("input_lengths", naive_lengths);
  out.set("input_lengths_cached", cached_lengths);
  out.set("total_tokens", all);
  out.set("total_tokens_cached", all_cached);
  out.set("flops_ratio", naive / cached);
  out.set("cache_gb",
          kv_bytes_of_sequence(spec, Tokens(prompt + fresh), DType::fp16).count() / 1e9);
  return out;
}

// Bytes that attention of one sequence moves through memory per layer and head: with the S x S
// score and probability matrices written and read, and with them kept on chip.
//
// Source: Dao et al., "FlashAttention", NeurIPS 2022, section 3.2.
Numbers attention_memory(const JsonObject& inputs, const World&) {
  const double d = inputs.number("head_dim");
  std::vector<double> unfused, fused, extra;
  for (const double s : numbers(inputs, "tokens")) {
    const double vectors = 4 * s * d * 2;      // Q, K, V in and O out, 16 bit
    const double squares = s * s * 2;          // one S x S matrix, 16 bit
    unfused.push_back(vectors + 6 * squares);  // scores, masked, probabilities: written and read
    fused.push_back(vectors);
    extra.push_back(3 * squares);  // what lies in memory at once
  }
  std::vector<double> ratio, intermediates;
  for (std::size_t i = 0; i < fused.size(); ++i) {
    ratio.push_back(unfused[i] / fused[i]);
    intermediates.push_back((unfused[i] - fused[i]) / extra[i]);
  }
  // Doubling the length multiplies memory by 4 when it is O(S^2), by 2 when it is O(S).
  Numbers out;
  out.set("unfused_bytes", unfused);
  out.set("fused_bytes", fused);
  out.set("traffic_ratio", ratio);
  out.set("saved_over_intermediates", intermediates);
  out.set("unfused_growth", extra.back() / extra.front());
  out.set("fused_growth", fused.back() / fused.front());
  return out;
}

}  // namespace inferbench::claims
