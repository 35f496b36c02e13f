// Opening a table of 600,000 rows, and predicting steps from it: eight ops of a decoder layer and
// its head, each at the step's own sizes. `BM_RepeatedStep` asks for one step again and again,
// `BM_NewStep` for steps that were not asked before; both include the sum of times and bands.
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <filesystem>

#include "harness/base/random.hpp"
#include "harness/kernel_times/kernel_predictor.hpp"
#include "harness/kernel_times/learn.hpp"

namespace inferbench {
namespace {

constexpr std::int32_t kHidden = 8192, kHeads = 16, kKvHeads = 2, kHeadDim = 128;

MachineSheet bench_machine() {
  MachineSheet sheet{.name = "synthetic", .rates = {}};
  sheet.rates.memory_bytes_per_s = 3e12;
  sheet.rates.bf16_flops_per_s = 1e15;
  sheet.rates.link_bytes_per_s = 4e11;
  return sheet;
}

class BenchTable {
 public:
  explicit BenchTable(std::size_t gemm_sides) {
    std::vector<double> tokens;
    for (int i = 1; i <= 64; ++i) tokens.push_back(i * i);
    for (std::size_t i = 1; i <= gemm_sides; ++i) {
      for (std::size_t j = 1; j <= gemm_sides; ++j) {
        add(KernelOp::gemm, {side(i), side(j)}, tokens, {0});
      }
    }
    const std::vector<double> batches = {1, 2, 4, 8, 16, 32, 64, 128, 256};
    const std::vector<double> contexts = {1, 64, 256, 1024, 4096, 16'384, 65'536};
    const KernelDims heads = {kHeads, kKvHeads, kHeadDim, kHeadDim, 0};
    add(KernelOp::decode_attention, heads, batches, contexts);
    add(KernelOp::prefill_attention, heads, batches, contexts);
    std::vector<double> messages;
    for (double bytes = 256; bytes < 1e9; bytes *= 2) messages.push_back(bytes);
    add(KernelOp::all_reduce, {4, 1}, messages, {0});
  }

  KernelTable build() { return builder_.build("bench_tables"); }

 private:
  static std::int32_t side(std::size_t i) { return static_cast<std::int32_t>(128 * i); }

  void add(KernelOp op, const KernelDims& dims, const std::vector<double>& xs,
           const std::vector<double>& ys) {
    const SeriesKey key{op, "synthetic", "bench", "1", "bf16", "synthetic"};
    const std::uint32_t series = builder_.series(key, machine_);
    for (const double y : ys) {
      for (const double x : xs) {
        const double roof = kernel_roof_ns(op, format_traits("bf16"), machine_.rates, dims, x, y);
        builder_.add(series, {dims, x, y, 3000 + 1.3 * roof}, builder_.kernel("k"), "bench");
      }
    }
  }

  MachineSheet machine_ = bench_machine();
  KernelTableBuilder builder_;
};

void BM_OpenTable(benchmark::State& state) {
  const auto path = std::filesystem::temp_directory_path() /
                    ("bench_tables." + std::to_string(getpid()) + ".kernels");
  std::size_t rows = 0;
  {
    const KernelTable table = BenchTable(97).build();
    rows = table.rows().size();
    write_kernel_table(table, path.string());
  }
  for (auto _ : state) {
    const KernelTable table = KernelTable::open(path.string());
    benchmark::DoNotOptimize(table.rows().data());
  }
  std::filesystem::remove(path);
  state.counters["rows"] = static_cast<double>(rows);
}
BENCHMARK(BM_OpenTable)->Unit(benchmark::kMillisecond);

// A decoder layer of Llama 3 70B at TP 4, its head left out.
class BenchStep {
 public:
  explicit BenchStep(const KernelPredictor& times) {
    const auto gemm = [&](std::int32_t n, std::int32_t k) {
      return &times.site(KernelOp::gemm, "bf16", {n, k});
    };
    gemms_ = {gemm(2560, kHidden), gemm(kHidden, 2048), gemm(14'336, kHidden), gemm(kHidden, 7168)};
    const KernelDims heads = {kHeads, kKvHeads, kHeadDim, kHeadDim, 0};
    decode_ = &times.site(KernelOp::decode_attention, "bf16", heads);
    prefill_ = &times.site(KernelOp::prefill_attention, "bf16", heads);
    reduce_ = &times.site(KernelOp::all_reduce, "bf16", {4, 1});
  }

  KernelAnswer answer(double requests, double context, double chunk) const {
    KernelAnswer sum;
    const double tokens = requests + chunk;
    const auto add = [&](const KernelAnswer& a) {
      sum.ns += a.ns, sum.low_ns += a.low_ns, sum.high_ns += a.high_ns;
    };
    for (const SiteTimes* gemm : gemms_) add(gemm->at(tokens));
    add(decode_->at(requests, context));
    add(prefill_->at(1, chunk));
    add(reduce_->at(tokens * kHidden * 2));
    add(reduce_->at(tokens * kHidden * 2));
    return sum;
  }

 private:
  std::array<const SiteTimes*, 4> gemms_{};
  const SiteTimes *decode_ = nullptr, *prefill_ = nullptr, *reduce_ = nullptr;
};

const KernelPredictor& bench_times() {
  static const KernelPredictor times({learn(BenchTable(30).build())}, {bench_machine(), "", ""});
  return times;
}

void BM_RepeatedStep(benchmark::State& state) {
  const BenchStep step(bench_times());
  double requests = 48;
  for (auto _ : state) {
    benchmark::DoNotOptimize(requests);
    benchmark::DoNotOptimize(step.answer(requests, 2000, 512));
  }
}
BENCHMARK(BM_RepeatedStep);

void BM_NewStep(benchmark::State& state) {
  const BenchStep step(bench_times());
  constexpr std::size_t kSteps = 1 << 16;
  std::vector<std::array<double, 3>> steps(kSteps);
  RandomStream stream = Random(5).stream("steps");
  for (auto& s : steps) {
    s = {static_cast<double>(stream.between(1, 256)),
         static_cast<double>(stream.between(1, 30'000)),
         static_cast<double>(stream.between(1, 2048))};
  }
  std::size_t at = 0;
  for (auto _ : state) {
    const auto& s = steps[at++ % kSteps];
    benchmark::DoNotOptimize(step.answer(s[0], s[1], s[2]));
  }
}
BENCHMARK(BM_NewStep);

// A shape that nobody measured, worked out once.
void BM_NewSite(benchmark::State& state) {
  std::int32_t n = 1000;
  for (auto _ : state) {
    benchmark::DoNotOptimize(bench_times().site(KernelOp::gemm, "bf16", {n++, 3000}).at(100).ns);
  }
}
BENCHMARK(BM_NewSite)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace inferbench
