// Fused operations beside the chains of operations they replace, and all of them beside the copy
// roof of the machine, timed in the same rounds.
//
//   bench_fused [rows | chains | moe ...] [--rows N] [--columns N] [--isa NAME] [--budget-ms N]
//
// chains: how much faster the fused operation is, beside how many bytes fewer it moves; where both
// agree, bytes are what fusing saves. rows: bytes per second of every row operation as a share of
// copy_memory's. Rates are per second of CPU time of one thread.
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/error.hpp"
#include "harness/timing/sampler.hpp"
#include "kernels/machine/probes.hpp"
#include "kernels/moe/problem.hpp"
#include "kernels/registry.hpp"

namespace inferbench {
namespace {

using Axes = std::map<std::string, std::int64_t>;

struct Options {
  std::vector<std::string> parts;
  std::int64_t rows = 8192, columns = 4096;
  std::string isa;
  std::int64_t budget_ms = 400;
};

MachineProbe copy_probe() {
  for (MachineProbe& p : machine_probes()) {
    if (p.name == "copy_memory") return std::move(p);
  }
  throw Error("probe", "copy_memory", "is not one of machine_probes()");
}

// Steps that run one after the other, each checked before it is timed.
struct Chain {
  std::string label;
  std::vector<std::unique_ptr<BoundKernel>> steps{};
  double bytes = 0;

  void add(const KernelCase& c, const std::string& implementation_name) {
    const auto problem = kernel_op(c.op).problem(c);
    steps.push_back(implementation(c.op, implementation_name).bind(*problem, 1));
    const Check checked = check(*steps.back(), problem->oracle(256));
    if (!checked.pass) throw Failure(c.op + "/" + implementation_name + ": " + checked.reason);
    bytes += problem->work().bytes().count();
  }
  Subject subject() {
    return {.name = label, .run = [this] {
              for (const auto& step : steps) step->run();
            }};
  }
};

std::vector<TimedSubject> timed(std::vector<Subject> subjects, const Options& options) {
  ThreadStopwatch stopwatch;
  SamplerOptions sampling;
  sampling.budget = Duration(options.budget_ms * 1'000'000);
  return time_subjects(subjects, stopwatch, sampling);
}

KernelCase rows_case(const std::string& op, const std::string& format, const Options& options) {
  return make_case(op, format, {{"rows", options.rows}, {"columns", options.columns}});
}

std::string isa_of(const KernelCase& c, const Options& options) {
  return options.isa.empty() ? preferred(c).name : options.isa;
}

void chain(const std::string& fused, const std::vector<std::string>& steps,
           const std::string& format, const Options& options) {
  const KernelCase c = rows_case(fused, format, options);
  const std::string name = isa_of(c, options);
  Chain one{.label = fused}, many{.label = "chain"};
  one.add(c, name);
  for (std::size_t s = 0; s < steps.size(); ++s) {
    // What the first step gives is fp32, whatever came in.
    many.add(rows_case(steps[s], s == 0 ? format : "fp32", options), name);
    many.label += (s == 0 ? ": " : " + ") + steps[s];
  }
  const auto times = timed({one.subject(), many.subject()}, options);
  const Ratio ratio = paired_ratio(times[1], times[0], true);
  std::printf("  %-24s %-5s %-36s %6.2f x [%.2f, %.2f]   %6.2f x\n", fused.c_str(), format.c_str(),
              many.label.c_str(), ratio.median, ratio.interval.low, ratio.interval.high,
              many.bytes / one.bytes);
}

void chains(const Options& options) {
  std::printf("\nfused against unfused, %ld rows of %ld\n  %-24s %-5s %-36s %-23s %s\n",
              options.rows, options.columns, "fused", "in", "instead of", "time of chain / fused",
              "bytes of chain / fused");
  for (const char* format : {"fp32", "bf16"}) {
    chain("add_rmsnorm", {"add", "rmsnorm"}, format, options);
    chain("silu_mul", {"silu", "mul"}, format, options);
    chain("rmsnorm_quant_int8", {"rmsnorm", "quant_int8"}, format, options);
    chain("rmsnorm_quant_fp8", {"rmsnorm", "quant_fp8"}, format, options);
    chain("add_rmsnorm_quant_int8", {"add", "rmsnorm", "quant_int8"}, format, options);
    chain("add_rmsnorm_quant_fp8", {"add", "rmsnorm", "quant_fp8"}, format, options);
  }
}

void row_ops_beside_the_roof(const Options& options) {
  const MachineProbe roof = copy_probe();
  std::printf("\nrow operations, %ld rows of %ld\n  %-24s %-5s %-16s %8s %14s\n", options.rows,
              options.columns, "op", "in", "kernel", "GB/s", "of copy roof");
  for (const Op& op : kernel_ops()) {
    if (op.axes.size() != 2 || op.axes[0].name != "rows") continue;
    for (const std::string& format : op.formats) {
      const KernelCase c = rows_case(op.name, format, options);
      const std::string name = isa_of(c, options);
      Chain one{.label = op.name};
      one.add(c, name);
      const auto times = timed({one.subject(), {.name = "copy", .run = roof.run}}, options);
      const Ratio ratio = paired_ratio(times[1], times[0], true);
      std::printf("  %-24s %-5s %-16s %8.1f %12.1f %%\n", op.name.c_str(), format.c_str(),
                  name.c_str(), one.bytes / times[0].cpu_median_ns,
                  100 * ratio.median * one.bytes / roof.work);
    }
  }
}

void moe_layers(const Options& options) {
  std::printf("\nmoe_layer, fused against step by step\n  %-42s %-23s %s\n", "case",
              "time of steps / fused", "bytes of steps / fused");
  for (const std::int64_t tokens : {1, 16, 64, 512}) {
    for (const std::int64_t skew : {0, 1200}) {
      const KernelCase c = make_case(
          "moe_layer", "bf16",
          {{"tokens", tokens}, {"hidden", 2048}, {"inter", 512}, {"skew_permille", skew}});
      const std::string name = isa_of(c, options);
      Chain fused{.label = "fused"}, steps{.label = "steps"};
      fused.add(c, name);
      steps.add(c, name + "_unfused");
      const MoeShape shape = MoeLayerProblem(c).moe_shape();
      const Work route = route_work(shape);
      const double ratio_of_bytes = (moe_layer_unfused_work(shape) + route).bytes().count() /
                                    (moe_layer_work(shape) + route).bytes().count();
      const auto times = timed({fused.subject(), steps.subject()}, options);
      const Ratio ratio = paired_ratio(times[1], times[0], true);
      std::printf("  %-12s tokens %4ld, %3.0f rows, skew %.1f  %8.2f x [%.2f, %.2f]   %6.2f x\n",
                  name.c_str(), tokens, shape.rows, static_cast<double>(skew) / 1000, ratio.median,
                  ratio.interval.low, ratio.interval.high, ratio_of_bytes);
    }
  }
}

Options parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string_view text = argv[i];
    const auto value = [&]() -> std::string {
      if (++i == argc) throw Error("arguments", std::string(text), "needs a value");
      return argv[i];
    };
    const auto count = [&] {
      const std::string given = value();
      const std::int64_t number = std::atoll(given.c_str());
      if (number < 1) throw Error(std::string(text), given, "must be at least 1");
      return number;
    };
    if (text == "--rows") {
      options.rows = count();
    } else if (text == "--columns") {
      options.columns = count();
    } else if (text == "--budget-ms") {
      options.budget_ms = count();
    } else if (text == "--isa") {
      options.isa = value();
    } else if (text == "rows" || text == "chains" || text == "moe") {
      options.parts.emplace_back(text);
    } else {
      throw unknown_name("bench_fused", "argument", text,
                         {"rows", "chains", "moe", "--rows", "--columns", "--isa", "--budget-ms"});
    }
  }
  if (options.parts.empty()) options.parts = {"chains", "rows", "moe"};
  return options;
}

void run(const Options& options) {
  for (const std::string& part : options.parts) {
    if (part == "chains") chains(options);
    if (part == "rows") row_ops_beside_the_roof(options);
    if (part == "moe") moe_layers(options);
  }
}

}  // namespace
}  // namespace inferbench

int main(int argc, char** argv) {
  try {
    inferbench::run(inferbench::parse(argc, argv));
    return 0;
  } catch (const inferbench::Error& e) {
    std::fprintf(stderr, "error: %s\n", e.what());
    return 2;
  } catch (const inferbench::Failure& e) {
    std::fprintf(stderr, "failed: %s\n", e.what());
    return 1;
  }
}
