// Rows whose claim is a division: reading weights, reading speed, doubling times, offloading.
#include <algorithm>
#include <cmath>

#include "harness/claims/measures/inputs.hpp"
#include "harness/claims/measures/measures.hpp"

namespace inferbench::claims {
namespace {

constexpr double kGiB = 1024.0 * 1024.0 * 1024.0;

}  // namespace

// Time to read every weight once from the memory of `cards` GPUs: the floor of one decode step.
// Reported in consistent units and, because it is a common slip, with GiB divided by decimal GB/s.
Numbers weight_read(const JsonObject& inputs, const World& world) {
  const Bytes bytes(inputs.number("parameters") * bytes_per_element(dtype(inputs, "dtype")));
  const HardwareSpec part = gpu(inputs, world);
  const double cards = static_cast<double>(inputs.integer("cards", 1));
  Numbers out;
  out.set("size_gb", bytes.count() / 1e9);
  out.set("size_gib", bytes.count() / kGiB);
  out.set("read_ms", (bytes / (part.memory_bandwidth * cards)).count() * 1e3);
  out.set("read_ms_gib_over_gb",
          bytes.count() / kGiB / (part.memory_bandwidth.count() / 1e9 * cards) * 1e3);
  return out;
}

Numbers reading_speed(const JsonObject& inputs, const World&) {
  const std::vector<double> words = numbers(inputs, "words_per_s");
  const double ratio = inputs.number("tokens_per_word");
  std::vector<double> tokens;
  tokens.reserve(words.size());
  for (const double rate : words) tokens.push_back(rate * ratio);
  Numbers out;
  out.set("tokens_per_s", tokens);
  if (inputs.has("tokens_per_s")) {
    const double rate = inputs.number("tokens_per_s");
    std::vector<double> implied;
    implied.reserve(words.size());
    for (const double w : words) implied.push_back(rate / w);
    out.set("implied_tokens_per_word", implied);
  }
  return out;
}

// An exponential that gains `factor` in `months` halves (or doubles) every months / log2(factor).
Numbers halving_time(const JsonObject& inputs, const World&) {
  Numbers out;
  out.set("halving_months", inputs.number("months") / std::log2(inputs.number("factor")));
  return out;
}

// Weights kept in host memory and streamed over PCIe once per forward pass (ZeRO-Inference): a pass
// takes the slower of the transfer and the compute of its batch, so throughput grows with the batch
// until compute hides the transfer.
//
// Source: Aminabadi et al., "DeepSpeed Inference", SC 2022, section 6.
Numbers offload(const JsonObject& inputs, const World& world) {
  const double parameters = inputs.number("parameters");
  const HardwareSpec part = gpu(inputs, world);
  const BytesPerSecond host_link(
      inputs.optional_number("link_bytes_per_s").value_or(part.pcie.count()));
  const DType type = dtype(inputs, "dtype");
  const auto rate = peak(part, type);
  if (!rate) inputs.refuse("dtype", "has no unit on this GPU", "choose a dtype it multiplies in");
  const double efficiency = inputs.optional_number("compute_efficiency").value_or(1.0);
  const Seconds transfer = Bytes(parameters * bytes_per_element(type)) / host_link;
  std::vector<double> tokens_per_s;
  for (const double batch : numbers(inputs, "batches")) {
    const Seconds math = Flops(2 * parameters * batch) / (*rate * efficiency);
    tokens_per_s.push_back(batch / std::max(transfer, math).count());
  }
  const std::vector<double> batches = numbers(inputs, "batches");
  std::vector<double> per_batch;
  for (std::size_t i = 0; i < batches.size(); ++i)
    per_batch.push_back(tokens_per_s[i] / batches[i]);
  Numbers out;
  out.set("pass_s", transfer.count());
  out.set("tokens_per_s", tokens_per_s);
  out.set("tokens_per_s_per_sequence", per_batch);
  out.set("compute_bound_from_batch",
          transfer.count() * rate->count() * efficiency / (2 * parameters));
  return out;
}

}  // namespace inferbench::claims
