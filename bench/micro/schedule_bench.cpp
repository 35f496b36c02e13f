// KV memory: blocks taken and given back per CPU second, prompts looked up, cached and let go in
// the prefix cache, and the CPU time of replaying 1,000 requests with Mooncake's shape: prompts of
// 12k tokens on average, hashed in blocks of 512, in conversations. INFERBENCH_MOONCAKE=FILE
// replays the first 1,000 requests of that trace instead of generated ones.

#include <benchmark/benchmark.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <variant>

#include "harness/catalog/catalog.hpp"
#include "harness/replay/deployed_system.hpp"
#include "harness/schedule/kv_memory.hpp"
#include "workloads/load.hpp"

namespace inferbench {
namespace {

class Discard final : public RecordSink {
 public:
  void accept(RequestRecord record) override { benchmark::DoNotOptimize(record.id); }
};

std::string spec() {
  if (const char* file = std::getenv("INFERBENCH_MOONCAKE")) return std::string("mooncake:") + file;
  return "poisson:rate=1,turns=uniform(1,7),gap=30s,isl=lognormal(4000,1.2),osl=lognormal(340,1),"
         "prefix=512,block=512,requests=1000";
}

std::shared_ptr<const Workload> thousand_requests() {
  WorkloadOptions options;
  options.requests = 1000;
  options.sort = true;
  return std::make_shared<const Workload>(load_workload(spec(), options));
}

// One request after the other: match, blocks, insert, release; the pool holds a tenth of the
// tokens.
void prefix_cache_prompts(benchmark::State& state) {
  const auto workload = thousand_requests();
  KvOptions options;
  options.prefix_cache = true;
  options.hash_tokens = workload->block_tokens;
  double prompts = 0, keys = 0;
  for (auto _ : state) {
    KvMemory memory(100'000, Tokens(16), options);
    for (const Request& request : workload->requests) {
      memory.open(0, request);
      benchmark::DoNotOptimize(memory.start(0, request.input, request.input, 0));
      memory.note_computed(0, request.input);
      memory.close(0, request.input);
      keys += static_cast<double>(request.prefix_blocks.size());
    }
    prompts += static_cast<double>(workload->requests.size());
  }
  state.counters["prompts_per_cpu_s"] = benchmark::Counter(prompts, benchmark::Counter::kIsRate);
  state.counters["hashes_per_cpu_s"] = benchmark::Counter(keys, benchmark::Counter::kIsRate);
}
BENCHMARK(prefix_cache_prompts);

// Prompts of 100,000 tokens in blocks of 16, eight at a time.
void pool_blocks(benchmark::State& state) {
  KvBlockPool pool(100'000, Tokens(16));
  double blocks = 0;
  for (auto _ : state) {
    for (std::size_t table = 0; table < 8; ++table) pool.reserve(table, Tokens(100'000));
    blocks += static_cast<double>(pool.used());
    for (std::size_t table = 0; table < 8; ++table) pool.release(table);
  }
  state.counters["blocks_per_cpu_s"] = benchmark::Counter(blocks, benchmark::Counter::kIsRate);
}
BENCHMARK(pool_blocks);

Deployment llama_on_eight_h200() {
  ModelSpec model = find_model("llama-3-70b");
  model.context = 200'000;
  auto placed = place(model, find_gpu("h200"), parse_parallel("tp8"), parse_precision("fp8"));
  return std::get<Deployment>(std::move(placed));
}

// Arguments: prefix cache on, GB of CPU tier. The CPU column is the time of 1,000 requests.
void replay_mooncake(benchmark::State& state) {
  const auto workload = thousand_requests();
  const Deployment deployment = llama_on_eight_h200();
  const CostProfile profile = find_cost_profile("default");
  ServingOptions serving;
  serving.kv.options.prefix_cache = state.range(0) != 0;
  serving.kv.options.hash_tokens = workload->block_tokens;
  serving.kv.cpu_tier = Bytes(static_cast<double>(state.range(1)) * 1e9);
  double hit = 0, prompts = 0;
  for (auto _ : state) {
    DeployedSystem system(deployment, profile, serving);
    const auto source = open_source(workload, {});
    Discard sink;
    system.serve(*source, sink);
    const ReplicaStats stats = system.stats().front();
    hit = static_cast<double>(stats.kv.hit_tokens);
    prompts = static_cast<double>(stats.kv.prompt_tokens);
  }
  state.counters["hit_rate"] = prompts > 0 ? hit / prompts : 0;
  state.counters["requests_per_cpu_s"] = benchmark::Counter(
      static_cast<double>(state.iterations()) * 1000, benchmark::Counter::kIsRate);
}
BENCHMARK(replay_mooncake)
    ->Args({0, 0})
    ->Args({1, 0})
    ->Args({1, 200})
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace inferbench
