// A model on ranks of this host beside the same on one thread, step by step in turns, so that
// ratios survive a busy machine.
//
//   bench_ranks [--model tinyllama-1.1b] [--weights w4a8-g128] [--kv bf16] [--parallel tp2]
//               [--kernels fast] [--rounds 7]
//
//   prefill 512      one prompt of 512 tokens
//   decode B @ D     B sequences with D cached tokens each
//   ratio            one thread's time over that of the ranks, one thread each; median of rounds
//   collectives      share of the ranks' step, waiting for the slowest included
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "bench/micro/decoder_options.hpp"
#include "harness/base/error.hpp"
#include "harness/catalog/catalog.hpp"
#include "harness/execute/cpu/step_batch.hpp"
#include "harness/execute/ranks/thread_ranks.hpp"

namespace inferbench {
namespace {

constexpr std::int64_t kPoolBlocks = 512;

struct RanksOptions : DecoderBenchOptions {
  RanksOptions() { rounds = 7; }
  std::string parallel = "tp2";
};

RanksOptions options_of(int count, char** arguments) {
  RanksOptions options;
  read_options(count, arguments, options, [&](const std::string& name, const std::string& value) {
    if (name == "--parallel") options.parallel = value;
  });
  return options;
}

ModelPlan plan_of(const RanksOptions& options, const ParallelConfig& parallel) {
  return {.shape = decoder_shape(find_model(options.model)),
          .format = &decoder_format(options.weights),
          .kv = kv_store_type(options.kv),
          .kv_blocks = kPoolBlocks,
          .kernels = kernel_set(options.kernels),
          .seed = 1,
          .trained = nullptr,
          .parallel = parallel};
}

struct RankedCase {
  const char* label;
  std::int64_t batch, depth, tokens;
};
constexpr RankedCase kCases[] = {{"prefill 512", 1, 0, 512},
                                 {"decode 1 @ 64", 1, 64, 1},
                                 {"decode 16 @ 64", 16, 64, 1},
                                 {"decode 1 @ 4096", 1, 4096, 1}};

// A model on its ranks, and one step of it.
class Contestant {
 public:
  Contestant(const RanksOptions& options, const ParallelConfig& parallel)
      : ranks_(static_cast<int>(parallel.gpus()), 1),
        model_(plan_of(options, parallel), ranks_),
        batch_(kPoolBlocks, model_.block_tokens()) {}

  double seconds(const RankedCase& subject) {
    batch_.clear();
    const std::int64_t block = model_.block_tokens();
    const std::int64_t blocks = (subject.depth + subject.tokens + block - 1) / block;
    std::vector<BlockRun> tables;
    for (std::int64_t s = 0; s < subject.batch; ++s) {
      tables.push_back(
          {static_cast<std::uint32_t>(s * blocks), static_cast<std::uint32_t>(blocks)});
    }
    for (std::int64_t s = 0; s < subject.batch; ++s) {
      batch_.begin_sequence(subject.depth, {&tables[static_cast<std::size_t>(s)], 1});
      for (std::int64_t t = 0; t < subject.tokens; ++t) {
        batch_.add(static_cast<std::int32_t>((7 * t + 31 * s) % model_.vocab()));
      }
      batch_.want_logits();
    }
    logits_.resize(static_cast<std::size_t>(subject.batch * model_.vocab()));
    const TokenBatch batch = batch_.batch();
    const auto begin = std::chrono::steady_clock::now();
    model_.forward(batch, logits_);
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  }
  double collectives() const {
    return std::chrono::duration<double>(model_.times().collectives).count();
  }

 private:
  ThreadRanks ranks_;
  ThreadRankedModel model_;
  StepBatch batch_;
  std::vector<float> logits_;
};

double median_of(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

void compare(const RanksOptions& options) {
  const ParallelConfig parallel = parse_parallel(options.parallel);
  if (parallel.gpus() > parallel.tp * parallel.pp) {
    throw Error("--parallel", label(parallel), "ranks that share every sequence are timed",
                "tp2, pp2 or tp2pp2; inferbench replay --system cpu runs the others");
  }
  const ModelPlan plan = plan_of(options, parallel);
  check_shards("--parallel " + options.parallel, plan.shape, *plan.format, parallel.tp,
               parallel.pp);
  Contestant one(options, {}), ranks(options, parallel);
  std::printf("%s, %s weights, %s KV, %s kernels: %s beside one thread\n\n", options.model.c_str(),
              options.weights.c_str(), options.kv.c_str(), options.kernels.c_str(),
              label(parallel).c_str());
  std::printf("%-16s %12s %12s %8s %12s\n", "case", "1 thread ms", "ranks ms", "ratio",
              "collectives");
  for (const RankedCase& subject : kCases) {
    one.seconds(subject), ranks.seconds(subject);  // buffers grow
    std::vector<double> alone, together, ratios;
    double all = 0;
    const double before = ranks.collectives();
    for (int round = 0; round < options.rounds; ++round) {
      alone.push_back(one.seconds(subject));
      together.push_back(ranks.seconds(subject));
      ratios.push_back(alone.back() / together.back());
      all += together.back();
    }
    std::printf("%-16s %12.2f %12.2f %7.2fx %10.1f %%\n", subject.label, 1e3 * median_of(alone),
                1e3 * median_of(together), median_of(ratios),
                100 * (ranks.collectives() - before) / all);
  }
}

}  // namespace
}  // namespace inferbench

int main(int count, char** arguments) {
  try {
    inferbench::compare(inferbench::options_of(count, arguments));
    return 0;
  } catch (const inferbench::Error& error) {
    std::fprintf(stderr, "error: %s\n", error.what());
    return static_cast<int>(inferbench::ExitCode::bad_input);
  }
}
