// Attention beside the machine's own limits: every kernel is timed in rounds with the reads of
// memory and the fused multiply-adds of the same run, so that shares survive a busy machine.
//
//   bench_attention [decode | prefill | drafts | skew | mla ...] [--threads N] [--isa NAME]
//                   [--budget-ms N]
//
// Rates are per second of CPU time of one thread, or of wall time with several threads (then the
// probes, which run on one, are left out).
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "harness/base/error.hpp"
#include "harness/timing/sampler.hpp"
#include "kernels/machine/probes.hpp"
#include "kernels/registry.hpp"

namespace inferbench {
namespace {

using Axes = std::map<std::string, std::int64_t>;

struct Options {
  std::vector<std::string> parts;
  unsigned threads = 1;
  std::string isa;  // empty: the preferred one
  std::int64_t budget_ms = 200;
};

struct Case {
  std::string op, format, label;
  Axes axes;
};

MachineProbe probe(const std::string& name) {
  for (MachineProbe& p : machine_probes()) {
    if (p.name == name) return std::move(p);
  }
  throw Error("probe", name, "is not one of machine_probes()");
}

std::string share_of(const TimedSubject& kernel, double work, const TimedSubject& probe,
                     double probe_work) {
  const Ratio ratio = paired_ratio(probe, kernel, true);  // probe time over kernel time
  char text[32];
  std::snprintf(text, sizeof(text), "%5.1f %%", 100 * ratio.median * work / probe_work);
  return text;
}

// Cases of one table share their rounds with the probes.
void table(const char* title, const std::vector<Case>& cases, const Options& options) {
  std::printf("\n%s\n  %-34s %-9s %10s %8s %10s %9s %8s\n", title, "case", "kernel", "us", "GB/s",
              "of read", "GFLOP/s", "of FMA");
  for (const Case& one : cases) {
    const KernelCase c = make_case(one.op, one.format, one.axes);
    const Implementation& i =
        options.isa.empty() ? preferred(c) : implementation(one.op, options.isa);
    const Support support = supports(i, c);
    if (!support.ok) {
      std::printf("  %-34s %-9s skipped: %s\n", one.label.c_str(), i.name.c_str(),
                  support.reason.c_str());
      continue;
    }
    const auto problem = kernel_op(one.op).problem(c);
    const auto bound = i.bind(*problem, options.threads);
    const Check checked = check(*bound, problem->oracle(256));
    if (!checked.pass) {
      std::printf("  %-34s %-9s wrong: %s\n", one.label.c_str(), i.name.c_str(),
                  checked.reason.c_str());
      continue;
    }
    const MachineProbe read = probe("read_memory"),
                       fma = probe(best_isa() >= Isa::avx512 ? "fma_fp32_avx512"
                                   : best_isa() >= Isa::avx2 ? "fma_fp32_avx2"
                                                             : "fma_fp32_portable");
    const std::vector<Subject> subjects = {{.name = i.name, .run = [&] { bound->run(); }},
                                           {.name = read.name, .run = read.run},
                                           {.name = fma.name, .run = fma.run}};
    ThreadStopwatch stopwatch;
    SamplerOptions sampler;
    sampler.budget = Duration(options.budget_ms * 1'000'000);
    const auto timed = time_subjects(subjects, stopwatch, sampler);
    const Work work = problem->work();
    const double bytes = work.bytes().count(), flops = work.flops.count();
    const bool alone = options.threads == 1;
    const double ns = alone ? timed[0].cpu_median_ns : timed[0].median_ns;
    std::printf("  %-34s %-9s %10.1f %8.2f %10s %9.1f %8s\n", one.label.c_str(), i.name.c_str(),
                ns / 1e3, bytes / ns,
                alone ? share_of(timed[0], bytes, timed[1], read.work).c_str() : "-", flops / ns,
                alone ? share_of(timed[0], flops, timed[2], fma.work).c_str() : "-");
    std::fflush(stdout);
  }
}

void decode(const Options& options) {
  std::vector<Case> cases;
  for (const std::string& format : kernel_op("paged_decode").formats) {
    for (const std::int64_t context : {1024, 4096, 16384}) {
      cases.push_back({"paged_decode",
                       format,
                       format + ", context " + std::to_string(context),
                       {{"context", context - 1}}});
    }
  }
  table("paged decode, 32/8 heads of 128, one request", cases, options);
}

void prefill(const Options& options) {
  const std::vector<Case> cases = {
      {"prefill_attention", "fp16", "512 tokens", {{"tokens", 512}}},
      {"prefill_attention", "fp16", "2048 tokens", {{"tokens", 2048}}},
      {"prefill_attention", "fp32", "2048 tokens, fp32 cache", {{"tokens", 2048}}},
      {"prefill_attention", "fp8_e4m3", "2048 tokens, e4m3 cache", {{"tokens", 2048}}},
      {"prefill_attention", "fp16", "512 over 4096 cached", {{"tokens", 512}, {"context", 4096}}},
      {"prefill_attention", "fp16", "2048, window 512", {{"tokens", 2048}, {"window", 512}}},
      {"prefill_attention",
       "fp16",
       "512, MLA expanded 16 x 192/128",
       {{"tokens", 512}, {"q_heads", 16}, {"kv_heads", 16}, {"head_dim", 192}, {"value_dim", 128}}},
  };
  table("prefill, causal, 32/8 heads of 128", cases, options);
}

void drafts(const Options& options) {
  std::vector<Case> cases;
  for (const std::int64_t q : {1, 2, 3, 4}) {
    cases.push_back({"paged_decode",
                     "fp16",
                     "q = " + std::to_string(q),
                     {{"context", 4096}, {"q", q}, {"requests", 2}}});
  }
  table("decode of q drafts, fp16, two requests of 4096", cases, options);
}

void skew(const Options& options) {
  std::vector<Case> cases;
  for (const std::int64_t skew : {0, 50, 100}) {
    cases.push_back({"paged_decode",
                     "fp16",
                     "skew " + std::to_string(skew),
                     {{"context", 8192}, {"requests", 8}, {"skew", skew}}});
  }
  table("decode of eight requests, contexts 8192 / rank^(skew/100), fp16", cases, options);
}

void mla(const Options& options) {
  std::vector<Case> cases;
  for (const char* format : {"bf16", "fp8_e4m3"}) {
    for (const std::int64_t q : {1, 2}) {
      cases.push_back({"mla_decode",
                       format,
                       std::string(format) + ", q = " + std::to_string(q),
                       {{"context", 4096}, {"q", q}}});
    }
  }
  table("MLA decode, 128 heads of 576/512, one request of 4096", cases, options);
}

Options parse(int argc, char** argv) {
  Options o;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "--threads" && i + 1 < argc) {
      o.threads = static_cast<unsigned>(std::max(1, std::atoi(argv[++i])));
    } else if (word == "--isa" && i + 1 < argc) {
      o.isa = argv[++i];
    } else if (word == "--budget-ms" && i + 1 < argc) {
      o.budget_ms = std::max(1, std::atoi(argv[++i]));
    } else {
      o.parts.push_back(word);
    }
  }
  return o;
}

int run(int argc, char** argv) {
  const std::vector<std::pair<std::string, void (*)(const Options&)>> parts = {
      {"decode", decode}, {"prefill", prefill}, {"drafts", drafts}, {"skew", skew}, {"mla", mla}};
  const Options options = parse(argc, argv);
  std::vector<std::string> names;
  for (const auto& [name, part] : parts) names.push_back(name);
  for (const std::string& wanted : options.parts) {
    if (std::find(names.begin(), names.end(), wanted) == names.end()) {
      throw unknown_name("bench_attention", "part", wanted, names);
    }
  }
  for (const auto& [name, part] : parts) {
    const auto& asked = options.parts;
    if (asked.empty() || std::find(asked.begin(), asked.end(), name) != asked.end()) part(options);
  }
  return 0;
}

}  // namespace
}  // namespace inferbench

int main(int argc, char** argv) {
  try {
    return inferbench::run(argc, argv);
  } catch (const inferbench::Error& e) {
    std::fprintf(stderr, "error: %s\n", e.what());
    return 2;
  }
}
