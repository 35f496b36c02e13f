#include <memory>

#include "harness/catalog/catalog.hpp"
#include "harness/execute/cuda/cuda_gpu.hpp"
#include "harness/measured/cpu_replica.hpp"
#include "harness/replay/engine.hpp"
#include "harness/replay/record_sinks.hpp"
#include "harness/schedule/registry.hpp"
#include "kernels/cuda/load_module.hpp"
#include "results/gate/series/burst.hpp"
#include "results/gate/series/gate_series.hpp"

namespace inferbench {
namespace {

constexpr std::int64_t kExecutedRequests = 8;
constexpr std::uint64_t kExecutedSeed = 1;
constexpr Tokens kExecutedInput{24}, kExecutedOutput{8};

struct ExecutedModel {
  std::string system;  // "cpu", "cuda"
  std::string model, weights;
};

// A small model with random weights, in place on one thread of this host or on its GPU.
class ServedModel {
 public:
  explicit ServedModel(const ExecutedModel& what) : setup_(setup_of(what)) {
    if (what.system == "cuda") {
      ranks_ = std::make_unique<CudaGpu>();
    } else {
      ranks_ = std::make_unique<ThreadRanks>(1, 1);
    }
    model_ = ranks_->build(model_plans(setup_).front());
  }

  // The whole of a replay but its report: scheduling, every step computed, sampling, records. All
  // requests are there at once: their batches then do not depend on how long steps take.
  OpenedSeries serve() {
    const auto scheduler = make_scheduler(setup_.serving.scheduler, setup_.limits);
    CpuExecutor executor(*model_, *scheduler, ranks_->team(),
                         PromptTexts(setup_.seed, setup_.shape.vocab, kBurstHashTokens), {});
    SimulatedClock clock;
    Engine engine(*scheduler, executor, clock);
    EvenRequests source(kExecutedRequests, kExecutedInput, kExecutedOutput, Duration(0));
    RecordList list;
    engine.serve(source, list);
    double tokens = 0;
    for (const RequestRecord& record : list.take_by_id()) {
      tokens += static_cast<double>(record.token_times.size());
    }
    OpenedSeries opened;
    opened.answer = {.sum = tokens, .magnitude = tokens};
    opened.exact = {{"steps", static_cast<std::int64_t>(engine.stats().steps)}};
    return opened;
  }

 private:
  static CpuSetup setup_of(const ExecutedModel& what) {
    CpuOptions options;
    options.weights = what.weights;
    options.threads = 1;
    options.kv_tokens = 1024;
    ServingOptions serving;
    serving.max_batch = kExecutedRequests;
    return cpu_setup(find_model(what.model), options, serving, kExecutedSeed);
  }

  CpuSetup setup_;
  std::unique_ptr<RankGroup> ranks_;
  std::unique_ptr<RankedModel> model_;
};

GateSeries execute_of(const ExecutedModel& what) {
  return {"execute/" + what.system + "/" + what.model + "/" + what.weights, [what](bool) {
            ReadySeries ready;
            if (what.system == "cuda") ready.opened.skipped = cuda_unusable();
            if (!ready.opened.skipped.empty()) return ready;
            const auto served = std::make_shared<ServedModel>(what);
            ready.opened = served->serve();
            ready.run = [served] { served->serve(); };
            return ready;
          }};
}

}  // namespace

std::vector<GateSeries> execute_series() {
  return {execute_of({"cpu", "tiny-dense-test", "bf16"}),
          execute_of({"cpu", "tiny-dense-test", "w8a8"}),
          execute_of({"cpu", "tiny-moe-test", "bf16"}),
          execute_of({"cuda", "tiny-dense-test", "bf16"})};
}

}  // namespace inferbench
