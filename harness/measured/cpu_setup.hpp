#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "harness/catalog/model_spec.hpp"
#include "harness/execute/checkpoint/checkpoint_weights.hpp"
#include "harness/execute/cpu/cpu_executor.hpp"
#include "harness/execute/ranks/slice.hpp"
#include "harness/execute/transformer/memory_need.hpp"
#include "harness/plan/parallel_config.hpp"
#include "harness/replay/serving_options.hpp"

namespace inferbench {

enum class ReplayClockKind {
  simulated,  // measured steps, simulated arrivals: time stands still between steps
  wall,       // arrivals are waited for
};
std::vector<std::string> replay_clock_names();
ReplayClockKind replay_clock(const std::string& name);  // throws Error with the nearest names

// How a model is executed on this host.
struct CpuOptions {
  std::string weights = "bf16", kv = "bf16";
  std::string weights_file;  // a checkpoint of the model; empty: random weights
  std::string kernels = "fast";
  std::string clock = "simulated";
  ParallelConfig parallel;
  bool processes = false;      // a rank is a process of its own, not threads of this one
  std::int64_t threads = 0;    // of all ranks; 0: as many as the process may use
  std::int64_t kv_tokens = 0;  // size of the KV pool; 0: see CpuSetup
  AnswerSampling sampling;
  std::optional<SliceChoice> slice;  // one rank of `parallel` alone; absent: all of them
};

// A checkpoint whose tensors are those of the model, and where they lie.
struct OpenCheckpoint {
  OpenCheckpoint(const std::string& path, const ModelSpec& model, const DecoderShape& shape)
      : files(path), weights(shape, model.family, files) {}

  Checkpoint files;
  CheckpointWeights weights;
};

// The same, checked, before anything is allocated.
//
// Without CpuOptions::kv_tokens the pool of each attention rank holds max_batch sequences of the
// model's context, or what an eighth of the available memory holds of all of them, whichever is
// less, and at least one sequence.
struct CpuSetup {
  ModelSpec model;
  DecoderShape shape;          // that is executed: of a slice its layers
  std::optional<Slice> slice;  // one rank alone, which all threads compute
  const GemmFormat* weights = nullptr;
  std::shared_ptr<const OpenCheckpoint> checkpoint;  // of the model; null: random weights
  KvType kv = KvType::bf16;
  KernelSet kernels = KernelSet::fast;
  ReplayClockKind clock = ReplayClockKind::simulated;
  ParallelConfig parallel;
  unsigned threads = 1;  // of all ranks, each has as many as the others
  AnswerSampling sampling;
  std::uint64_t seed = 0;  // of weights, prompts and sampling
  ServingOptions serving;
  SchedulerOptions limits;
  MemoryNeed need;  // the drafting model's included
  std::optional<ModelSpec> draft_model;
  std::optional<DecoderShape> draft;

  int ranks() const { return static_cast<int>(parallel.gpus()); }  // of all replicas
  int replicas() const { return static_cast<int>(parallel.dp); }
  int ranks_of_replica() const { return static_cast<int>(parallel.replica_gpus()); }
  unsigned threads_of_each() const { return threads / static_cast<unsigned>(parallel.gpus()); }
};

// Threads of all ranks: as many as asked for, 0 being all cores, and one per rank where there are
// fewer cores. Throws Error for more than there are cores, or than ranks can share evenly.
unsigned thread_count(std::int64_t asked, std::int64_t ranks = 1, bool processes = false);

// `serving.speculation` comes from parse_measured_speculation. Throws Error for what is not
// executed: a model that decoder_shape refuses, a checkpoint that is not the model's, blocks of
// another size than 16 tokens, padded batches, swaps, a CPU tier, drafts by multi-token prediction
// or of another vocabulary, more threads than the process may use or threads that ranks cannot
// share evenly, degrees that do not divide the model, drafts, a wall clock or CP beside a slice,
// a model that does not fit.
CpuSetup cpu_setup(const ModelSpec& model, const CpuOptions& options, const ServingOptions& serving,
                   std::uint64_t seed, Bytes available = available_memory());

}  // namespace inferbench
