#include "bench/peers/measure.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include "harness/base/error.hpp"
#include "kernels/cpu/fill.hpp"
#include "kernels/machine/probes.hpp"
#include "kernels/registry.hpp"

namespace inferbench {
namespace {

// Their memory is made once and kept: a probe finds it touched.
const MachineProbe& probe(const std::string& wanted) {
  static const std::vector<MachineProbe> all = machine_probes();
  for (const MachineProbe& p : all) {
    if (p.name == wanted) return p;
  }
  throw std::logic_error("no probe " + wanted);
}

// The exact answers that errors are measured against.
struct Truth {
  std::vector<std::size_t> index;
  std::vector<double> value;
};

Truth truth_of(const Problem& original) {
  constexpr std::size_t kOutputs = 256;
  const Oracle oracle = original.oracle(kOutputs);
  return {oracle.index, oracle.value};
}

template <class Output>
double relative_error(const Truth& truth, Output output) {
  double error = 0, power = 0;
  for (std::size_t i = 0; i < truth.index.size(); ++i) {
    const double off = output(truth.index[i]) - truth.value[i];
    error += off * off, power += truth.value[i] * truth.value[i];
  }
  return std::sqrt(error / power);
}

// The case before anything is narrowed: gemm in fp32; attention over the cache as it is.
KernelCase original_case(const KernelCase& c) {
  KernelCase original = c;
  if (c.op == "gemm") original.format = "fp32";
  return original;
}

struct Field {
  std::unique_ptr<BoundKernel> own;
  std::vector<std::unique_ptr<PeerKernel>> peers;  // by bar; null: a probe, or not here
};

// Checks before anything is timed: what is wrong has no time.
void bind_peer(const Bar& bar, const Problem& original, const Truth& truth, const PeerRun& run,
               BarResult& result, std::unique_ptr<PeerKernel>& kernel) {
  const Peer& p = peer(bar.against);
  result.reason = p.missing(run.options);
  if (!result.reason.empty()) return;
  try {
    kernel = p.bind(original, run.options);
    kernel->run();
  } catch (const std::exception& e) {
    kernel.reset();
    result.reason = e.what();
    return;
  }
  result.error = relative_error(truth, [&](std::size_t i) { return kernel->output(i); });
  if (result.error <= p.tolerance) return;
  kernel.reset();
  result.verdict = BarVerdict::wrong;
  result.reason =
      "relative error " + std::to_string(result.error) + " beyond " + std::to_string(p.tolerance);
}

const Implementation* own_implementation(const KernelCase& c, Isa isa) {
  for (const Implementation* i : implementations_of(c.op)) {
    if (i->provider != "own" || !supports(*i, c).ok) continue;
    if (isa == Isa::portable || i->needs <= isa) return i;
  }
  return nullptr;
}

double cpu_ns(const std::vector<TimedSubject>& timed, const std::string& name) {
  for (const TimedSubject& t : timed) {
    if (t.name == name) return t.cpu_median_ns;
  }
  return 0;
}

const TimedSubject& named(const std::vector<TimedSubject>& timed, const std::string& name) {
  return *std::find_if(timed.begin(), timed.end(),
                       [&](const TimedSubject& t) { return t.name == name; });
}

bool is_roof(const std::string& against) {
  return against == "read" || against == "fma" || against == "bf16" || against == "int8";
}

double work_for(const ContestResult& r, const std::string& roof) {
  return roof == "read" ? r.bytes : r.flops;
}

void read_results(const std::vector<TimedSubject>& timed, const PeerRun& run, ContestResult& r) {
  const TimedSubject& own = named(timed, "own");
  r.own_ns = own.cpu_median_ns;
  const auto share = [&](const std::string& roof) {
    const std::string name = probe_name(roof, run.options.isa);
    Ratio ratio = paired_ratio(named(timed, name), own, true);
    // Rates: work over time, so the ratio of times is scaled by that of the work.
    const double scale = work_for(r, roof) / probe(name).work;
    ratio.median *= scale, ratio.interval.low *= scale, ratio.interval.high *= scale;
    return ratio;
  };
  r.roof_share = share(r.contest.roof).median;
  const std::string roof = probe_name(r.contest.roof, run.options.isa);
  r.probe_rate = probe(roof).work / cpu_ns(timed, roof);
  for (BarResult& b : r.bars) {
    if (!b.reason.empty()) continue;
    if (is_roof(b.bar.against)) {
      b.ratio = share(b.bar.against);
      b.peer_ns = cpu_ns(timed, probe_name(b.bar.against, run.options.isa));
    } else {
      b.ratio = paired_ratio(named(timed, b.bar.against), own, true);
      b.peer_ns = cpu_ns(timed, b.bar.against);
    }
  }
}

std::vector<Subject> subjects_of(const ContestResult& r, const PeerRun& run, const Field& field) {
  std::vector<Subject> subjects = {{.name = "own", .run = [&field] { field.own->run(); }}};
  const auto add_probe = [&](const std::string& roof) {
    const std::string name = probe_name(roof, run.options.isa);
    for (const Subject& s : subjects) {
      if (s.name == name) return;
    }
    subjects.push_back({.name = name, .run = probe(name).run});
  };
  add_probe(r.contest.roof);
  for (std::size_t b = 0; b < r.bars.size(); ++b) {
    if (is_roof(r.bars[b].bar.against)) add_probe(r.bars[b].bar.against);
    PeerKernel* kernel = field.peers[b].get();
    if (kernel == nullptr) continue;
    subjects.push_back({.name = r.bars[b].bar.against, .run = [kernel] { kernel->run(); }});
  }
  return subjects;
}

// Binds and checks own kernel; why it cannot be measured, or "".
std::string bind_own(const KernelCase& c, const PeerRun& run, const Truth& truth, ContestResult& r,
                     std::unique_ptr<BoundKernel>& own) {
  const Implementation* i = own_implementation(c, run.options.isa);
  if (i == nullptr) return "no own kernel for this CPU";
  r.implementation = i->name;
  const auto problem = kernel_op(c.op).problem(c);
  own = i->bind(*problem, 1);
  constexpr std::size_t kChecked = 1024;
  const Check checked = check(*own, problem->oracle(kChecked));
  if (!checked.pass) return "wrong: " + checked.reason;
  r.flops = problem->work().flops.count();
  r.bytes = problem->work().bytes().count();
  r.error =
      relative_error(truth, [&](std::size_t at) { return static_cast<double>(own->output()[at]); });
  return "";
}

}  // namespace

std::string probe_name(const std::string& roof, Isa isa) {
  if (roof == "read") return "read_memory";
  const bool wide = isa == Isa::portable || isa >= Isa::avx512;
  std::vector<std::string> by_preference = {"fma_fp32_avx512", "fma_fp32_avx2",
                                            "fma_fp32_portable"};
  if (roof == "bf16") by_preference.insert(by_preference.begin(), "dot_bf16_avx512");
  if (roof == "int8") by_preference = {"dot_int8_vnni", "dot_int8_avx2", "fma_fp32_portable"};
  for (const std::string& name : by_preference) {
    const bool needs_wide = name.ends_with("avx512") || name.ends_with("vnni");
    if (probe(name).run && (wide || !needs_wide)) return name;
  }
  return by_preference.back();
}

ContestResult measure(const Contest& contest, const PeerRun& run) {
  ContestResult r{.contest = contest};
  for (const Bar& bar : contest.bars) r.bars.push_back({.bar = bar});
  const KernelCase c = make_case(contest.op, contest.format, contest.axes, run.seed);
  Field field;
  field.peers.resize(r.bars.size());
  {
    const auto original = kernel_op(c.op).problem(original_case(c));
    const Truth truth = truth_of(*original);
    r.reason = bind_own(c, run, truth, r, field.own);
    if (!r.reason.empty()) return r;
    for (std::size_t b = 0; b < r.bars.size(); ++b) {
      if (is_roof(r.bars[b].bar.against)) continue;
      bind_peer(r.bars[b].bar, *original, truth, run, r.bars[b], field.peers[b]);
    }
  }
  ThreadStopwatch stopwatch;
  const SamplerOptions options{.budget = run.budget, .relative_width = 0.01, .seed = run.seed};
  read_results(time_subjects(subjects_of(r, run, field), stopwatch, options), run, r);
  return r;
}

void judge_all(std::vector<ContestResult>& results) {
  std::map<std::string, double> best;
  for (const ContestResult& r : results) {
    best[r.contest.roof] = std::max(best[r.contest.roof], r.probe_rate);
  }
  for (ContestResult& r : results) {
    if (!r.reason.empty()) continue;
    for (BarResult& b : r.bars) {
      if (!b.reason.empty()) continue;
      b.verdict = judge(b.bar, b.ratio.median, r.probe_rate / best[r.contest.roof]);
    }
  }
}

std::vector<Saturation> full_range_products(const PeerOptions& options) {
  constexpr std::int64_t kSize = 16, kDepth = 256;
  Int8Operands o{.m = kSize, .n = kSize, .k = kDepth, .in = {}, .weights = {}};
  o.in.assign(kSize * kDepth, 255);
  o.weights.assign(kSize * kDepth, 127);
  std::vector<Saturation> list;
  for (const Int8Peer& p : int8_peers()) {
    Saturation s{.peer = p.name, .reason = p.missing(options), .exact = 255 * 127 * kDepth};
    if (s.reason.empty()) {
      const auto kernel = p.bind(o, options);
      kernel->run();
      // Outputs are given without the 128 that makes activations unsigned.
      s.got = kernel->output(0) + 128.0 * 127 * kDepth;
    }
    list.push_back(std::move(s));
  }
  return list;
}

}  // namespace inferbench
