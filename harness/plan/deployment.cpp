#include "harness/plan/deployment.hpp"

#include <algorithm>
#include <cmath>

#include "harness/base/text_table.hpp"
#include "harness/plan/placement.hpp"

namespace inferbench {
namespace {

std::string text(std::int64_t value) {
  return std::to_string(value);
}

// The replica's weights in host memory: no catalog says how much of it a server has.
void note_offload(const Deployment& d, std::vector<std::string>& notes) {
  if (!d.budget.offload.active()) return;
  double replica = 0;
  for (std::int64_t stage = 0; stage < d.parallel.pp; ++stage) {
    const StageLayers layers = stage_layers(d.model, d.parallel.pp, stage);
    const auto parts = weight_parts(d.model, d.parallel, d.precision, layers);
    replica += streamed_weights(parts, d.budget.offload).count();
  }
  replica *= static_cast<double>(d.parallel.tp * d.parallel.cp * d.parallel.ep);
  notes.push_back("each replica streams " + human_bytes(replica) +
                  " of weights from host memory at every step; whether the host has that much is "
                  "not checked");
}

MemoryPart lora_part(const LoraAdapters& lora, const ModelSpec& model,
                     const ParallelConfig& parallel, const StageLayers& layers) {
  return {.name = "lora adapters",
          .bytes = lora_bytes(lora, model, parallel.tp, static_cast<double>(layers.count)),
          .how = label(lora) + ", 16 bit"};
}

// One stage's GPU: everything but KV, and how many tokens fit in what is left.
struct StageFit {
  std::vector<MemoryPart> parts;
  Bytes needed{};
  Bytes kv_per_token{};
  double kv_tokens = 0;  // negative: short of memory
};

StageFit fit_stage(const ModelSpec& model, const ParallelConfig& parallel,
                   const Precision& precision, const MemoryBudget& budget, Bytes available,
                   std::int64_t stage) {
  const StageLayers layers = stage_layers(model, parallel.pp, stage);
  StageFit fit;
  fit.parts = weight_parts(model, parallel, precision, layers);
  move_to_host(fit.parts, budget.offload, static_cast<double>(layers.count));
  if (budget.lora) fit.parts.push_back(lora_part(*budget.lora, model, parallel, layers));
  fit.parts.push_back(activation_part(model, parallel, precision, budget.activation_tokens));
  fit.parts.push_back({.name = "runtime",
                       .bytes = budget.runtime_reserve,
                       .how = "CUDA context, collectives, workspaces"});
  for (const MemoryPart& part : fit.parts) fit.needed += part.bytes;
  fit.kv_per_token = kv_bytes_per_token_gpu(model, parallel, precision, layers, budget.kv_sequence);
  fit.kv_tokens = (available - fit.needed) / fit.kv_per_token;
  return fit;
}

// One stage of each kind. Most stages of a pipeline are alike; they differ at its ends, where the
// layer count changes, where dense layers lie and in how many layers attend to everything.
std::vector<std::int64_t> distinct_stages(const ModelSpec& model, std::int64_t stages) {
  std::vector<std::int64_t> distinct;
  std::vector<StageLayers> seen;
  for (std::int64_t stage = 0; stage < stages; ++stage) {
    const StageLayers layers = stage_layers(model, stages, stage);
    const bool end = stage == 0 || stage + 1 == stages;
    const bool known = std::any_of(seen.begin(), seen.end(), [&](const StageLayers& other) {
      return other.count == layers.count && other.dense == layers.dense &&
             other.full_attention == layers.full_attention;
    });
    if (known && !end) continue;
    if (!end) seen.push_back(layers);
    distinct.push_back(stage);
  }
  return distinct;
}

// The stage that holds the fewest tokens decides.
StageFit tightest_stage(const ModelSpec& model, const ParallelConfig& parallel,
                        const Precision& precision, const MemoryBudget& budget, Bytes available) {
  std::optional<StageFit> tightest;
  for (const std::int64_t stage : distinct_stages(model, parallel.pp)) {
    StageFit fit = fit_stage(model, parallel, precision, budget, available, stage);
    const bool short_of_memory = fit.kv_tokens < 0 || (tightest && tightest->kv_tokens < 0);
    if (!tightest ||
        (short_of_memory ? fit.needed > tightest->needed : fit.kv_tokens < tightest->kv_tokens)) {
      tightest = std::move(fit);
    }
  }
  return std::move(*tightest);
}

std::vector<std::string> uneven_shares(const ModelSpec& model, const ParallelConfig& parallel) {
  std::vector<std::string> notes;
  const auto check = [&](std::int64_t total, std::int64_t ways, const std::string& what,
                         const char* degree) {
    if (total % ways == 0) return;
    notes.push_back(text(total) + " " + what + " over " + degree + text(ways) +
                    ": uneven, the largest share is " + text(largest_share(total, ways)));
  };
  check(model.layers, parallel.pp, "layers", "PP");
  check(model.heads, parallel.tp, "heads", "TP");
  if (!model.mla && parallel.tp < model.kv_heads) {
    check(model.kv_heads, parallel.tp, "KV heads", "TP");
  }
  if (model.dense_layers() > 0) check(model.ffn, parallel.tp, "FFN columns", "TP");
  if (model.moe) {
    check(model.moe->experts, parallel.ep, "experts", "EP");
    check(model.moe->ffn, parallel.tp, "expert columns", "TP");
  }
  return notes;
}

// Memory does not care whether a type can be multiplied; who plans on it should know.
void note_missing_units(const HardwareSpec& gpu, const Precision& precision,
                        std::vector<std::string>& notes) {
  for (const DType type : {precision.attention, precision.ffn, precision.experts}) {
    if (peak(gpu, type)) continue;
    notes.push_back(gpu.name + " has no " + std::string(name(type)) + " unit");
    return;
  }
}

std::vector<std::int64_t> powers_of_two(std::int64_t most) {
  std::vector<std::int64_t> powers;
  for (std::int64_t power = 1; power <= most; power *= 2) powers.push_back(power);
  return powers;
}

// Ways to use exactly `gpus` GPUs for one replica, best first.
std::vector<ParallelConfig> replicas_of(std::int64_t gpus, std::int64_t domain) {
  std::vector<ParallelConfig> all;
  for (const std::int64_t tp : powers_of_two(gpus)) {
    for (const std::int64_t ep : powers_of_two(gpus / tp)) {
      all.push_back({.tp = tp, .ep = ep, .pp = gpus / tp / ep});
    }
  }
  std::stable_sort(all.begin(), all.end(), [&](const ParallelConfig& a, const ParallelConfig& b) {
    const bool a_inside = a.tp <= domain, b_inside = b.tp <= domain;
    if (a_inside != b_inside) return a_inside;
    if (a.tp != b.tp) return a.tp > b.tp;
    return a.ep > b.ep;
  });
  return all;
}

std::string shortfall(const ModelSpec& model, const HardwareSpec& gpu,
                      const ParallelConfig& parallel, const StageFit& fit, Bytes available) {
  std::string what = model.name + " as " + label(parallel) + " needs " +
                     human_bytes(fit.needed.count()) + " per GPU before any KV; " + gpu.name +
                     " gives " + human_bytes(available.count());
  if (fit.kv_tokens < 0) return what;
  return what + ", which leaves no room for one token of KV";
}

}  // namespace

std::optional<std::string> cannot_work(const ModelSpec& model, const ParallelConfig& parallel) {
  if (parallel.pp > model.layers) {
    return "PP" + text(parallel.pp) + " is above the " + text(model.layers) + " layers";
  }
  if (parallel.tp > model.heads) {
    return "TP" + text(parallel.tp) + " is above the " + text(model.heads) + " attention heads";
  }
  if (parallel.ep > 1 && !model.moe) {
    return "EP" + text(parallel.ep) + " on a dense model: it has no experts to spread";
  }
  if (model.moe && parallel.ep > model.moe->experts) {
    return "EP" + text(parallel.ep) + " is above the " + text(model.moe->experts) + " experts";
  }
  return std::nullopt;
}

std::variant<Deployment, DoesNotFit> place(const ModelSpec& model, const HardwareSpec& gpu,
                                           const ParallelConfig& parallel,
                                           const Precision& precision, const MemoryBudget& budget) {
  ensure(parallel.tp >= 1 && parallel.cp >= 1 && parallel.ep >= 1 && parallel.pp >= 1 &&
             parallel.dp >= 1,
         "parallel degrees are at least 1");
  if (const auto reason = cannot_work(model, parallel)) {
    throw Error("--parallel " + label(parallel), *reason, model.name + " cannot be split so",
                "`inferbench plan --model ... --gpu ... --gpus " + text(parallel.gpus()) +
                    "` lists what can");
  }
  if (gpu.instances_per_gpu > 1 && parallel.replica_gpus() > 1) {
    throw Error("--parallel " + label(parallel), "a replica over several instances of a GPU",
                "instances have no link to each other", "use --instances with DP alone");
  }
  const Bytes available = memory_available(gpu, budget);
  StageFit fit = tightest_stage(model, parallel, precision, budget, available);
  if (fit.kv_tokens < 1.0) {
    DoesNotFit no;
    no.needed = fit.needed;
    no.available = available;
    no.parts = fit.parts;
    no.reason = shortfall(model, gpu, parallel, fit, available);
    no.smallest = smallest_replica(model, gpu, precision, budget);
    if (no.smallest) no.smallest_gpus = no.smallest->gpus();
    return no;
  }
  Deployment deployment;
  deployment.model = model;
  deployment.gpu = gpu;
  deployment.parallel = parallel;
  deployment.precision = precision;
  deployment.budget = budget;
  deployment.memory = std::move(fit.parts);
  deployment.memory_available = available;
  deployment.kv_capacity = Tokens(static_cast<std::int64_t>(fit.kv_tokens));
  deployment.notes = uneven_shares(model, parallel);
  deployment.uneven = !deployment.notes.empty();
  note_missing_units(gpu, precision, deployment.notes);
  note_offload(deployment, deployment.notes);
  deployment.memory.push_back({.name = "kv",
                               .bytes = available - fit.needed,
                               .how = with_commas(deployment.kv_capacity.count()) + " tokens x " +
                                      with_commas(std::llround(fit.kv_per_token.count())) + " B, " +
                                      std::string(name(precision.kv))});
  return deployment;
}

std::optional<ParallelConfig> smallest_replica(const ModelSpec& model, const HardwareSpec& gpu,
                                               const Precision& precision,
                                               const MemoryBudget& budget, Tokens kv_tokens,
                                               std::int64_t most_gpus) {
  const Bytes available = memory_available(gpu, budget);
  for (const std::int64_t gpus : powers_of_two(most_gpus)) {
    for (const ParallelConfig& parallel : replicas_of(gpus, gpu.domain_size)) {
      if (cannot_work(model, parallel)) continue;
      const StageFit fit = tightest_stage(model, parallel, precision, budget, available);
      if (fit.kv_tokens >= static_cast<double>(kv_tokens.count())) return parallel;
    }
  }
  return std::nullopt;
}

Error does_not_fit_error(const std::string& place, const ModelSpec& model, const HardwareSpec& gpu,
                         const ParallelConfig& parallel, const DoesNotFit& no) {
  std::string parts;
  for (const MemoryPart& part : no.parts) {
    parts += (parts.empty() ? "" : ", ") + part.name + " " + human_bytes(part.bytes.count());
  }
  std::string way_out = "no replica of up to 4,096 GPUs would fit";
  if (no.smallest) {
    way_out = "the smallest replica that fits is " + text(no.smallest->gpus()) + " " + gpu.name +
              (no.smallest->gpus() == 1 ? "" : "s") + ", for example --parallel " +
              label(*no.smallest);
  }
  return {place, model.name + " does not fit " + gpu.name + " as " + label(parallel),
          no.reason + " (" + parts + ")", way_out};
}

}  // namespace inferbench
