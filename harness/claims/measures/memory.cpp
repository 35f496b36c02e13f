// Rows about what fits: weight sizes, KV caches, how many GPUs and how many requests.
#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "harness/base/error.hpp"
#include "harness/claims/measures/inputs.hpp"
#include "harness/claims/measures/measures.hpp"

namespace inferbench::claims {
namespace {

constexpr double kGiB = 1024.0 * 1024.0 * 1024.0;

double weight_bytes(const ModelSpec& model, DType type) {
  return total_parameters(model) * bytes_per_element(type);
}

// A "memory_gb" of the scenario, or what the GPU has.
double memory_bytes(const JsonObject& inputs, const World& world) {
  if (inputs.has("memory_gb")) return inputs.number("memory_gb") * 1e9;
  return gpu(inputs, world).memory.count();
}

}  // namespace

// Weight sizes of several models in one dtype, and on which of several GPUs each one fits whole.
Numbers weights(const JsonObject& inputs, const World& world) {
  const DType type = dtype(inputs, "dtype");
  const double share = inputs.optional_number("usable_fraction").value_or(1.0);
  std::vector<double> sizes, parameters, contexts, fits;
  std::string fitting;
  for (const std::string& name : inputs.texts("models")) {
    const ModelSpec model = world.model(name);
    parameters.push_back(total_parameters(model));
    contexts.push_back(static_cast<double>(model.context));
    sizes.push_back(weight_bytes(model, type) / 1e9);
    for (const std::string& part : inputs.texts("gpus")) {
      const bool fit = weight_bytes(model, type) <= share * world.gpu(part).memory.count();
      fits.push_back(fit ? 1 : 0);
      if (fit) fitting += (fitting.empty() ? "" : ", ") + part;
    }
  }
  Numbers out;
  out.set("parameters", parameters);
  out.set("context", contexts);
  out.set("size_gb", sizes);
  if (inputs.has("stated_gb")) {
    const std::vector<double> stated = numbers(inputs, "stated_gb");
    if (stated.size() != sizes.size()) {
      inputs.refuse("stated_gb", "counts " + std::to_string(stated.size()), "one size per model");
    }
    std::vector<double> ratio;
    for (std::size_t i = 0; i < sizes.size(); ++i) ratio.push_back(stated[i] / sizes[i]);
    out.set("stated_over_computed", ratio);
  }
  if (inputs.has("gpus")) {
    out.set("fits", fits);
    out.set("fitting_gpus", fitting.empty() ? std::string("none") : fitting);
  }
  return out;
}

// The fewest GPUs whose memory together holds the weights, and the power of two that a replica
// takes. No KV, no activations: a lower bound.
Numbers minimum_gpus(const JsonObject& inputs, const World& world) {
  const double parameters = inputs.has("parameters") ? inputs.number("parameters")
                                                     : total_parameters(model(inputs, world));
  const double bytes = parameters * bytes_per_element(dtype(inputs, "dtype"));
  const double per_gpu =
      memory_bytes(inputs, world) * inputs.optional_number("usable_fraction").value_or(1.0);
  const double count = std::ceil(bytes / per_gpu - 1e-9);
  Numbers out;
  out.set("weights_gb", bytes / 1e9);
  out.set("gpus", count);
  out.set("power_of_two", std::exp2(std::ceil(std::log2(count) - 1e-9)));
  return out;
}

// KV of one sequence and how many such sequences fit beside the weights, counted in decimal GB, in
// GiB of KV against GB of memory as documents tend to, and in GiB throughout.
Numbers kv_cache(const JsonObject& inputs, const World& world) {
  const ModelSpec spec = model(inputs, world);
  const Bytes kv = kv_bytes_of_sequence(spec, Tokens(inputs.integer("tokens")),
                                        dtype(inputs, "kv_dtype", DType::fp16));
  Numbers out;
  out.set("bytes", kv.count());
  out.set("gb", kv.count() / 1e9);
  out.set("gib", kv.count() / kGiB);
  out.set("bytes_per_token", kv_bytes_per_token(spec, dtype(inputs, "kv_dtype", DType::fp16)));
  if (inputs.has("stated_gib")) {
    // How many layers would make the stated size: shows which shape a document had in mind.
    out.set("layers_for_stated",
            inputs.number("stated_gib") * kGiB / kv.count() * static_cast<double>(spec.layers));
  }
  if (inputs.has("memory_gb")) {
    const double memory = inputs.number("memory_gb"), held = inputs.number("weights_gb");
    out.set("running_gb", std::floor((memory - held) / (kv.count() / 1e9)));
    out.set("running_gib_in_gb", std::floor((memory - held) / (kv.count() / kGiB)));
    out.set("running_gib", std::floor((memory * kGiB - held * 1e9) / kv.count()));
    if (inputs.has("stated_gib")) {
      out.set("running_stated", std::floor((memory - held) / inputs.number("stated_gib")));
    }
  }
  return out;
}

// The largest batch over a range of memory sizes: linear with slope 1 / KV of a sequence.
Numbers concurrency(const JsonObject& inputs, const World& world) {
  const ModelSpec spec = model(inputs, world);
  const double kv = kv_bytes_of_sequence(spec, Tokens(inputs.integer("tokens")),
                                         dtype(inputs, "kv_dtype", DType::fp16))
                        .count();
  const double held = weight_bytes(spec, dtype(inputs, "dtype"));
  std::vector<double> running, room;
  for (const double gb : numbers(inputs, "memory_gb")) {
    running.push_back(std::max(0.0, std::floor((gb * 1e9 - held) / kv)));
    room.push_back(gb * 1e9 - held);
  }
  Numbers out;
  out.set("weights_gb", held / 1e9);
  out.set("kv_gb", kv / 1e9);
  out.set("running", running);
  out.set("total", [&] {
    double sum = 0;
    for (const double count : running) sum += count;
    return sum;
  }());
  if (running.size() < 2 || room.front() < 0) {
    out.absent("slope_times_kv", "needs two memory sizes above the weights");
  } else {
    // (requests gained per byte) x (bytes per request); rounding down costs below one request.
    out.set("slope_times_kv",
            (running.back() - running.front()) / (room.back() - room.front()) * kv);
  }
  return out;
}

// Weight sizes in several dtypes, block scales included, and under 2:4 sparsity.
Numbers shrunk_weights(const JsonObject& inputs, const World& world) {
  const ModelSpec spec = model(inputs, world);
  const double base = weight_bytes(spec, DType::fp16);
  Numbers out;
  for (const std::string& named : inputs.texts("dtypes")) {
    const auto type = parse_dtype(named);
    if (!type) throw unknown_name(inputs.place() + ": \"dtypes\"", "dtype", named, dtype_names());
    out.set(named + "_gb", weight_bytes(spec, *type) / 1e9);
    out.set(named + "_ratio", weight_bytes(spec, *type) / base);
  }
  out.set("sparse_2_4_ratio",
          sparse_bytes_per_element(DType::fp16) / bytes_per_element(DType::fp16));
  return out;
}

}  // namespace inferbench::claims
