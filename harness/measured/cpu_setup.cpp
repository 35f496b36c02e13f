#include "harness/measured/cpu_setup.hpp"

#include <sys/sysinfo.h>

#include <algorithm>
#include <thread>

#include "harness/base/error.hpp"
#include "harness/catalog/catalog.hpp"
#include "harness/execute/ranks/ranked_model.hpp"
#include "harness/execute/transformer/kv_store.hpp"
#include "harness/execute/transformer/weight_shard.hpp"
#include "harness/schedule/registry.hpp"

namespace inferbench {
namespace {

constexpr double kPoolShare = 0.125;

// Degrees that a slice is one rank of.
void check_sliced(const CpuSetup& setup) {
  if (setup.parallel.cp > 1) {
    throw Error("--parallel " + label(setup.parallel), "CP with --slice",
                "the requests of a slice are whole", "sweep --method slices composes CP");
  }
  if (setup.serving.speculation) {
    throw Error("--speculate", "with --slice", "a rank alone has no logits to verify drafts by",
                "leave one of them out");
  }
  if (setup.clock == ReplayClockKind::wall) {
    throw Error("--clock wall", "with --slice",
                "times are composed of measured and modelled ones, which no clock shows",
                "leave it out");
  }
}

void refuse_what_is_not_executed(const ServingOptions& serving) {
  const KvOptions& kv = serving.kv.options;
  if (serving.block_tokens != Tokens(kKvBlock)) {
    throw Error("--block-tokens", std::to_string(serving.block_tokens.count()),
                "CPU kernels read keys and values in blocks of 16 tokens", "leave it out");
  }
  if (serving.scheduler == "static_padded") {
    throw Error("--scheduler", "static_padded pads its batches", "the CPU executes packed batches",
                "static is the same without padding");
  }
  if (kv.preemption == KvOptions::Preemption::swap || serving.kv.cpu_tier.count() > 0) {
    throw Error(kv.preemption == KvOptions::Preemption::swap ? "--preempt" : "--kv-cpu-tier",
                "moves keys and values to host memory",
                "on the CPU they are in host memory already", "leave it out");
  }
}

void set_draft(CpuSetup& setup) {
  const std::optional<Speculation>& speculation = setup.serving.speculation;
  if (!speculation || speculation->method == Speculation::Method::ngram) return;
  if (speculation->method == Speculation::Method::mtp) {
    throw Error("--speculate", "mtp needs a layer trained along with the model",
                "the CPU drafts by n-gram or by another model", "gamma=4, or draft=MODEL,gamma=4");
  }
  setup.draft_model = find_model(speculation->draft_model);
  setup.draft = decoder_shape(*setup.draft_model);
  if (setup.draft->vocab == setup.shape.vocab) return;
  throw Error("--speculate",
              setup.draft_model->name + " has a vocabulary of " +
                  std::to_string(setup.draft->vocab) + " tokens, " + setup.model.name + " of " +
                  std::to_string(setup.shape.vocab),
              "both speak the same tokens", "a draft model of the same family");
}

constexpr std::int64_t kMostBlocks = 0xFFFFFFFF;  // of a KV pool

// Of a KV block: 16 on each context-parallel rank that is executed.
std::int64_t block_tokens(const CpuSetup& setup) {
  return setup.slice ? kKvBlock : kKvBlock * setup.parallel.cp;
}

// What ranks that are executed here hold, of all replicas.
std::vector<DecoderShard> shards(const CpuSetup& setup) {
  if (setup.slice) return {setup.slice->shard()};
  const ParallelConfig& parallel = setup.parallel;
  std::vector<DecoderShard> all;
  const ModelPlan plan{.shape = {}, .parallel = parallel};
  const auto of_replica = static_cast<int>(parallel.replica_gpus());
  all.reserve(static_cast<std::size_t>(parallel.gpus()));
  for (int rank = 0; rank < parallel.gpus(); ++rank) all.push_back(plan.shard(rank % of_replica));
  return all;
}

std::int64_t pool_blocks(const CpuSetup& setup, std::int64_t tokens, Bytes available) {
  if (tokens != 0) {
    const std::int64_t blocks = tokens < 0 ? 0 : tokens / block_tokens(setup);
    if (blocks >= 1 && blocks <= kMostBlocks) return blocks;
    throw Error(
        "--kv-tokens", std::to_string(tokens),
        "from one block of " + std::to_string(block_tokens(setup)) + " tokens to 2^32 - 1 blocks",
        "leave it out for an eighth of the memory");
  }
  const auto on_all_ranks = [&](const DecoderShape& shape) {
    double bytes = 0;
    for (const DecoderShard& shard : shards(setup)) {
      bytes += KvStore::bytes_per_block(shard_shape(shape, shard), setup.kv);
    }
    return bytes;
  };
  double block = on_all_ranks(setup.shape);
  if (setup.draft) block += on_all_ranks(*setup.draft);
  const auto affordable =
      static_cast<std::int64_t>(kPoolShare * std::max(available.count(), 4e9) / block);
  const std::int64_t sequence =
      (setup.shape.context + block_tokens(setup) - 1) / block_tokens(setup);
  const std::int64_t batch = std::clamp<std::int64_t>(setup.limits.max_batch, 1, kMostBlocks);
  return std::clamp(affordable, sequence, sequence * batch);
}

SchedulerOptions limits_of(const CpuSetup& setup) {
  SchedulerOptions limits;
  limits.step_tokens = setup.serving.step_tokens;
  limits.max_batch = setup.serving.max_batch;
  limits.block_tokens = Tokens(block_tokens(setup));
  limits.watermark = setup.serving.watermark;
  limits.aging = setup.serving.aging;
  limits.kv = setup.serving.kv.options;
  limits.kv.cache_answers = false;
  if (setup.serving.speculation) limits.draft_tokens = setup.serving.speculation->draft_tokens;
  limits.context = Tokens(setup.shape.context);
  limits.attention_ranks = setup.parallel.ep;
  if (setup.slice) limits.steps_in_flight = setup.parallel.pp;
  return limits;
}

// What all ranks need for a model.
void add_need(CpuSetup& setup, const DecoderShape& shape, std::int64_t step_tokens) {
  for (const DecoderShard& shard : shards(setup)) {
    const MemoryNeed need =
        memory_need(shape, *setup.weights, setup.kv, setup.limits.kv_blocks, step_tokens, shard);
    setup.need.weights += need.weights;
    setup.need.table += need.table;
    setup.need.kv += need.kv;
    setup.need.activations += need.activations;
  }
}

}  // namespace

std::vector<std::string> replay_clock_names() {
  return {"simulated", "wall"};
}

ReplayClockKind replay_clock(const std::string& name) {
  if (name == "simulated") return ReplayClockKind::simulated;
  if (name == "wall") return ReplayClockKind::wall;
  throw unknown_name("--clock", "clock", name, replay_clock_names());
}

unsigned thread_count(std::int64_t asked, std::int64_t ranks, bool processes) {
  std::int64_t most = std::max<std::int64_t>(1, std::thread::hardware_concurrency());
  // A launcher may have given each process cores of its own.
  if (processes) most = std::max(most, std::min<std::int64_t>(most * ranks, get_nprocs()));
  if (asked == 0) return static_cast<unsigned>(std::max<std::int64_t>(1, most / ranks) * ranks);
  if (asked >= 1 && asked <= most) {
    if (asked % ranks == 0) return static_cast<unsigned>(asked);
    throw Error("--threads",
                std::to_string(asked) + " threads for " + std::to_string(ranks) + " ranks",
                "every rank has as many as the others",
                "a multiple of " + std::to_string(ranks) + ", or leave it out");
  }
  throw Error("--threads", std::to_string(asked) + " threads",
              "1 to " + std::to_string(most) + ", the cores of this host",
              "leave it out for all of them");
}

CpuSetup cpu_setup(const ModelSpec& model, const CpuOptions& options, const ServingOptions& serving,
                   std::uint64_t seed, Bytes available) {
  CpuSetup setup;
  setup.model = model;
  setup.shape = decoder_shape(model);
  setup.weights = &decoder_format(options.weights);
  if (!options.weights_file.empty()) {
    setup.checkpoint = std::make_shared<OpenCheckpoint>(options.weights_file, model, setup.shape);
  }
  setup.kv = kv_store_type(options.kv);
  setup.kernels = kernel_set(options.kernels);
  setup.clock = replay_clock(options.clock);
  setup.parallel = options.parallel;
  setup.serving = serving;
  if (options.slice) check_sliced(setup);
  const std::string place = "--parallel " + label(setup.parallel);
  check_shards(place, setup.shape, *setup.weights, setup.parallel.tp, setup.parallel.pp);
  check_expert_ranks(place, setup.shape, setup.parallel.ep);
  if (options.slice) {
    setup.slice = make_slice(model, setup.shape, *setup.weights, setup.parallel, *options.slice);
    setup.shape = slice_shape(setup.shape, *setup.slice);
  }
  setup.threads = thread_count(options.threads, setup.slice ? 1 : setup.ranks(), options.processes);
  setup.sampling = options.sampling;
  setup.sampling.seed = seed;
  setup.seed = seed;
  check_sampling_request(sampling_of(setup.sampling)(RequestId(0), 0));
  refuse_what_is_not_executed(serving);
  set_draft(setup);
  if (setup.draft) {
    const std::string drafting = place + ", " + setup.draft_model->name;
    check_shards(drafting, *setup.draft, *setup.weights, setup.parallel.tp, setup.parallel.pp);
    // Without experts it computes each rank's sequences there.
    if (setup.draft->experts) check_expert_ranks(drafting, *setup.draft, setup.parallel.ep);
  }
  setup.limits = limits_of(setup);
  setup.limits.kv_blocks = pool_blocks(setup, options.kv_tokens, available);
  make_scheduler(serving.scheduler, setup.limits);  // a policy and limits that work
  const std::int64_t step = serving.step_tokens.count();
  add_need(setup, setup.shape, step);
  if (setup.draft) add_need(setup, *setup.draft, step);
  check_memory(model.name, setup.need, available);
  return setup;
}

}  // namespace inferbench
