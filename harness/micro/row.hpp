#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace inferbench {

// What became of one implementation of one case.
enum class RowStatus {
  timed,
  failed,   // its results were wrong, so it was not timed
  skipped,  // not run at all, for the reason given
};

// Comparison of the results with the oracle, before anything was timed.
struct RowCheck {
  bool pass = false;
  double worst = 0;             // largest error of the elements compared, relative to their scale
  double tolerance = 0;         // what it was held to; 0: exact
  std::uint64_t compared = 0;   // elements
  std::uint64_t wrong = 0;      // of those, beyond the tolerance
  std::uint64_t unwritten = 0;  // of all outputs: never written
};

// Times of one run, in nanoseconds. The clock named is the one that median, interval, quantiles,
// rates and ratios are of; samples of both are kept, in the order in which they were taken.
struct RowTiming {
  std::string clock = "wall";  // "cpu": CPU time of all threads, divided by their number; "device"
  std::vector<double> wall_ns, cpu_ns;
  std::vector<double> device_ns{};  // of the device's clock; cpu_ns is then empty
  std::int64_t runs_per_sample = 1;
  std::int64_t warm_up_runs = 0;
  std::int64_t copies = 1;  // of inputs and outputs that take turns
  std::int64_t visits = 1;  // separate stretches of time in which samples were taken
  double median_ns = 0;
  double low_ns = 0, high_ns = 0, confidence = 0.95;  // interval of the median
  std::string stop;                                   // "precise", "budget", "most_samples" ...
  double preempted_share = 0;  // of the samples: the thread was put aside for another
};

// What a GPU's clocks say of one run, each a median; what was not measured is absent.
struct RowDevice {
  struct Kernel {
    std::string name;
    std::int64_t launches = 0;  // per run
    double median_ns = 0;       // of one launch
    std::array<std::int32_t, 3> grid{}, block{};
    std::int32_t registers = 0, shared_bytes = 0;  // per thread; per block
  };

  std::string name;                         // "NVIDIA H200"
  std::string timer;                        // of the headline: "cupti_span", "events" or "graph"
  std::string fallback{};                   // why the headline is not CUPTI's span; empty: it is
  std::optional<double> event_ns{};         // between two events; hot: a launch of the graph
  std::optional<double> span_ns{};          // from the first kernel's start to the last one's end
  std::optional<double> busy_ns{};          // of it, with at least one kernel running
  std::optional<double> graph_ns{};         // a launch of a graph of many, hot
  std::optional<double> traced_event_ns{};  // between two events, with tracing on
  std::optional<double> gap_ns{};           // events less span: what launching costs
  std::optional<double> tracing_tax{};      // share that tracing adds to event_ns
  std::optional<double> clock_hz{};         // of the multiprocessors, while it ran
  bool launch_bound = false;                // the gap is more than 2 us and a tenth of the span
  std::uint64_t invalid_records = 0, lost_records = 0;
  std::vector<double> event_samples_ns{};
  std::vector<Kernel> kernels{};  // in the order in which they start
};

// The roof of the machine that binds the case: the one under which it would take longer.
struct RowRoof {
  std::string probe;  // "fma_fp32_avx512", "read_memory"
  std::string unit;   // "GFLOP/s", "GOP/s" or "GB/s"
  double rate = 0;    // of the probe, with as many threads, in the same run
  double share = 0;   // of it that was reached: 0.93
};

// This row's speed over another's of the same case and run: 1.5 means 1.5 times as fast.
struct RowRatio {
  std::string to;  // "vendor" or "reference"
  std::string implementation;
  double speedup = 0;
  double low = 0, high = 0;  // interval; 0 and infinity where samples bound it on no side
  std::uint64_t pairs = 0;   // samples of the same round
};

// One line of a microbenchmark: one implementation of one case. A number that was not measured is
// absent; rates and intensity follow from work and time and are not stored beside them.
struct KernelRow {
  std::string op;      // "gemm", "all_reduce"
  std::string format;  // element types: "fp32", "w4a16-g128"
  std::map<std::string, std::int64_t> axes;
  std::map<std::string, std::string> tags;  // "model", "layer", "tp" ... where the case is from
  std::string implementation;               // "avx512", "ring"
  std::string provider;                     // "own", "reference" or a library's name
  std::string version;                      // of the library, where it says so
  unsigned threads = 1;                     // or ranks of a collective
  std::string cache = "hot";                // "hot", "cold" or "weights-cold"
  std::string fill = "normal";              // how inputs were drawn
  std::uint64_t seed = 1;
  std::string fidelity = "measured-host";

  RowStatus status = RowStatus::timed;
  std::string reason;  // of a row that was not timed

  std::optional<RowCheck> check;
  std::optional<double> flops;                      // of one run
  std::optional<double> read_bytes, written_bytes;  // of one run: each operand once
  std::optional<RowTiming> timing;
  std::optional<RowDevice> device;
  std::optional<RowRoof> roof;
  std::vector<RowRatio> ratios;
  std::map<std::string, double> metrics;  // of the op, unit in the key: "busbw_gb_per_s"
  std::vector<std::string> suspect;       // what stands against trusting this row

  // Of the two together; nullopt while one is missing.
  std::optional<double> bytes() const;
  std::optional<double> intensity() const;    // FLOP per byte
  std::optional<double> gflop_per_s() const;  // FLOP per nanosecond of the median
  std::optional<double> gb_per_s() const;
};

// Tags that say in which list a case stands, and not where its shape is from.
bool names_a_list(const std::string& tag);

// "gemm/bf16/k=4096/m=16/n=4096/avx512/hot/t1": what makes a row the same row in another run,
// whatever list it stands in.
std::string row_id(const KernelRow& row);

const char* name(RowStatus status);

}  // namespace inferbench
