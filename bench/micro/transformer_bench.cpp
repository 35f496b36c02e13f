// A model executed on this host: prompts and decodes beside the memory's reads of the same run, in
// turns, so that shares survive a busy machine.
//
//   bench_transformer [--model tinyllama-1.1b] [--weights w4a8-g128] [--kv bf16] [--threads N]
//                     [--kernels fast] [--rounds 5]
//
//   prefill 512      tokens per second of one prompt of 512 tokens
//   decode B @ D     tokens per second of B sequences with D cached tokens each, and the share of
//                    the read probe that the bytes of a step are: packed weights, LM head included,
//                    and keys and values
//   parts            where a step's time goes
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "bench/micro/decoder_options.hpp"
#include "harness/base/error.hpp"
#include "harness/catalog/catalog.hpp"
#include "harness/execute/cpu/step_batch.hpp"
#include "harness/execute/transformer/memory_need.hpp"
#include "kernels/machine/probes.hpp"

namespace inferbench {
namespace {

struct Options : DecoderBenchOptions {
  unsigned threads = std::max(1U, std::thread::hardware_concurrency());
};

Options parse(int count, char** arguments) {
  Options options;
  read_options(count, arguments, options, [&](const std::string& name, const std::string& value) {
    if (name == "--threads") options.threads = static_cast<unsigned>(std::atoi(value.c_str()));
  });
  return options;
}

double seconds_of(const std::function<void()>& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + values.size() / 2, values.end());
  return values[values.size() / 2];
}

// Bytes per second of all threads reading their own memory at once.
class ReadProbe {
 public:
  explicit ReadProbe(ThreadTeam& team) : team_(team) {
    for (unsigned rank = 0; rank < team.size(); ++rank) {
      for (MachineProbe& probe : machine_probes()) {
        if (probe.name == "read_memory") probes_.push_back(std::move(probe));
      }
    }
  }
  double rate() {
    const double time = seconds_of([&] { team_.run([&](unsigned rank) { probes_[rank].run(); }); });
    return probes_[0].work * static_cast<double>(team_.size()) / time;
  }

 private:
  ThreadTeam& team_;
  std::vector<MachineProbe> probes_;
};

struct Subject {
  std::int64_t batch = 1, depth = 0, tokens = 1;

  std::string label() const {
    if (tokens > 1) return "prefill " + std::to_string(tokens);
    return "decode " + std::to_string(batch) + " @ " + std::to_string(depth);
  }
  std::int64_t blocks() const { return (depth + tokens + kKvBlock - 1) / kKvBlock; }
};

class Bench {
 public:
  explicit Bench(const Options& options)
      : options_(options),
        team_(options.threads),
        shape_(decoder_shape(find_model(options.model))),
        weights_(shape_, decoder_format(options.weights), 1, team_),
        decoder_(weights_, kv_store_type(options.kv), kBlocks, team_, kernel_set(options.kernels)),
        batch_(kBlocks),
        probe_(team_) {}

  void run() {
    std::printf("%s, %s weights of %.0f MB, %s KV, %u threads, %s kernels\n\n",
                options_.model.c_str(), options_.weights.c_str(),
                static_cast<double>(weights_.linear_bytes()) / 1e6, options_.kv.c_str(),
                team_.size(), options_.kernels.c_str());
    std::printf("%-16s %10s %10s %9s   %s\n", "case", "tok/s", "ms/step", "of reads",
                "GEMM / attention / other / host");
    for (const Subject& subject : kSubjects) measure(subject);
  }

 private:
  static constexpr std::int64_t kBlocks = 512;
  static constexpr Subject kSubjects[] = {{1, 0, 512}, {1, 64, 1},  {4, 64, 1},
                                          {16, 64, 1}, {1, 512, 1}, {1, 4096, 1}};

  void step(const Subject& subject) {
    batch_.clear();
    for (std::int64_t s = 0; s < subject.batch; ++s) {
      const BlockRun table{static_cast<std::uint32_t>(s * subject.blocks()),
                           static_cast<std::uint32_t>(subject.blocks())};
      tables_[static_cast<std::size_t>(s)] = table;
      batch_.begin_sequence(subject.depth, {&tables_[static_cast<std::size_t>(s)], 1});
      for (std::int64_t t = 0; t < subject.tokens; ++t) {
        batch_.add(static_cast<std::int32_t>((7 * t + 31 * s) % shape_.vocab));
      }
      batch_.want_logits();
    }
    logits_.resize(static_cast<std::size_t>(subject.batch * shape_.vocab));
    decoder_.forward(batch_.batch(), logits_);
  }

  void measure(const Subject& subject) {
    step(subject);  // buffers grow
    const double kv_per_token =
        KvStore::bytes_per_block(shape_, decoder_.kv().type()) / static_cast<double>(kKvBlock);
    const double bytes =
        static_cast<double>(weights_.linear_bytes()) +
        kv_per_token * static_cast<double>(subject.batch * (subject.depth + subject.tokens));
    const KernelTimes before = decoder_.times();
    std::vector<double> times, shares;
    double all = 0;
    for (int round = 0; round < options_.rounds; ++round) {
      times.push_back(seconds_of([&] { step(subject); }));
      all += times.back();
      shares.push_back(bytes / times.back() / probe_.rate());
    }
    const KernelTimes after = decoder_.times();
    const auto part = [&](Duration from, Duration to) {
      return 100 * std::chrono::duration<double>(to - from).count() / all;
    };
    const double gemm = part(before.gemm, after.gemm),
                 attention = part(before.attention, after.attention),
                 other = part(before.other, after.other);
    const double typical = median(times);
    std::printf("%-16s %10.1f %10.2f %7.1f %%   %.1f / %.1f / %.1f / %.1f %%\n",
                subject.label().c_str(),
                static_cast<double>(subject.batch * subject.tokens) / typical, typical * 1e3,
                100 * median(shares), gemm, attention, other, 100 - gemm - attention - other);
  }

  Options options_;
  ThreadTeam team_;
  DecoderShape shape_;
  DecoderWeights weights_;
  Decoder decoder_;
  StepBatch batch_;
  ReadProbe probe_;
  BlockRun tables_[64];
  std::vector<float> logits_;
};

}  // namespace
}  // namespace inferbench

int main(int count, char** arguments) {
  try {
    inferbench::Bench(inferbench::parse(count, arguments)).run();
    return 0;
  } catch (const inferbench::Error& error) {
    std::fprintf(stderr, "error: %s\n", error.what());
    return static_cast<int>(inferbench::ExitCode::bad_input);
  }
}
