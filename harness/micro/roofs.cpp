#include "harness/micro/roofs.hpp"

#include <unistd.h>

#include <algorithm>

#include "harness/stats/percentile.hpp"
#include "kernels/cpu/team.hpp"
#include "kernels/gemm/format.hpp"
#include "kernels/machine/probes.hpp"

namespace inferbench {
namespace {

const std::vector<std::string> kFma = {"fma_fp32_portable", "fma_fp32_avx2", "fma_fp32_avx512"};
const std::vector<std::string> kMemory = {"read_memory", "read_memory_1", "read_memory_2",
                                          "read_memory_4"};

double median_of(std::vector<double> values) {
  const double middle = 50;
  return percentiles(values, std::span(&middle, 1)).front();
}

double cache_bytes(int name) {
  const long bytes = sysconf(name);
  return bytes > 0 ? static_cast<double>(bytes) : 0;
}

const Roof* best_of(const std::vector<Roof>& roofs, const std::vector<std::string>& probes,
                    unsigned threads) {
  const Roof* best = nullptr;
  for (const Roof& roof : roofs) {
    const bool listed = std::find(probes.begin(), probes.end(), roof.probe) != probes.end();
    if (listed && roof.threads == threads && (!best || roof.rate > best->rate)) best = &roof;
  }
  return best;
}

// A roof and how long it alone makes a run.
struct Bound {
  const Roof* roof = nullptr;
  double ns = 0;
};

// Rows are bound by memory on any GPU.
std::vector<std::string> tensor_probes(const Implementation& implementation,
                                       std::string_view format) {
  if (implementation.op == "gemm") {
    if (inferbench::gemm_format(format).integer) return {"gpu_int8_nominal"};
    return {format.starts_with("fp8") ? "gpu_fp8_nominal" : "gpu_bf16_nominal"};
  }
  const bool attends = implementation.op == "prefill_attention" ||
                       implementation.op == "paged_decode" || implementation.op == "mla_decode";
  return attends ? std::vector<std::string>{"gpu_bf16_nominal"} : std::vector<std::string>{};
}

// Of a GPU's memory, where operands come from there.
std::vector<std::string> device_memory_probes(bool cold) {
  return cold ? std::vector<std::string>{"gpu_read"} : std::vector<std::string>{};
}

Bound binding(const std::vector<Roof>& roofs, const Implementation& implementation,
              std::string_view format, const Work& work, unsigned threads, bool cold) {
  const Roof* arithmetic = best_of(roofs, arithmetic_probes(implementation, format), threads);
  const Roof* memory = best_of(roofs,
                               implementation.device == Device::cuda
                                   ? device_memory_probes(cold)
                                   : memory_probes(work.bytes().count(), threads, cold),
                               threads);
  Bound bound;
  if (arithmetic) bound = {arithmetic, work.flops.count() / arithmetic->rate};
  if (memory && work.bytes().count() / memory->rate >= bound.ns) {
    bound = {memory, work.bytes().count() / memory->rate};
  }
  return bound;
}

}  // namespace

std::vector<std::string> arithmetic_probes(const Implementation& implementation,
                                           std::string_view format) {
  if (implementation.device == Device::cuda) return tensor_probes(implementation, format);
  if (implementation.needs == Isa::avx512_bf16) return {"dot_bf16_avx512"};
  if (implementation.needs == Isa::avx512_vnni) return {"dot_int8_vnni"};
  if (implementation.op != "gemm" || !gemm_format(format).integer) return kFma;
  const bool eight_bits = gemm_format(format).weights == GemmFormat::Weights::int8 &&
                          gemm_format(format).largest == 127;
  // Pairs of products of two 8 bit values need more than 16 bits, so AVX2 widens them first.
  return {eight_bits || implementation.needs == Isa::portable ? "dot_int16_avx2" : "dot_int8_avx2"};
}

std::vector<std::string> memory_probes(double bytes, unsigned threads, bool cold) {
  if (cold) return kMemory;
  if (bytes <= threads * cache_bytes(_SC_LEVEL1_DCACHE_SIZE)) return {"read_l1"};
  if (bytes <= threads * cache_bytes(_SC_LEVEL2_CACHE_SIZE)) return {"read_l2"};
  if (bytes <= static_cast<double>(shared_cache_bytes())) return {"read_l3"};
  return kMemory;
}

std::optional<RowRoof> binding_roof(const std::vector<Roof>& roofs,
                                    const Implementation& implementation, std::string_view format,
                                    const Work& work, unsigned threads, bool cold,
                                    double median_ns) {
  const Bound bound = binding(roofs, implementation, format, work, threads, cold);
  if (bound.roof == nullptr || median_ns <= 0) return std::nullopt;
  return RowRoof{.probe = bound.roof->probe,
                 .unit = bound.roof->unit,
                 .rate = bound.roof->rate,
                 .share = bound.ns / median_ns};
}

double least_ns(const std::vector<Roof>& roofs, const Implementation& implementation,
                std::string_view format, const Work& work, unsigned threads, bool cold) {
  return binding(roofs, implementation, format, work, threads, cold).ns;
}

// A visit's, so that a run's two visits are four to an interval. More would cost the budget of a
// short run: each warms up again, and one look at memory is long.
constexpr Duration::rep kStretches = 2;

struct RoofProbes::State {
  unsigned threads;
  SamplerOptions options;
  std::vector<MachineProbe> probes;  // those asked for and present; without anything to run
  SubjectGroup group;
  std::vector<std::size_t> first_visit;              // samples of each after it
  std::vector<std::vector<MachineProbe>> by_thread;  // each thread has its own memory

  static std::vector<MachineProbe> pick(const std::vector<std::string>& wanted) {
    std::vector<MachineProbe> picked;
    for (MachineProbe& probe : machine_probes()) {
      const bool asked = std::find(wanted.begin(), wanted.end(), probe.name) != wanted.end();
      if (asked && probe.run) picked.push_back(std::move(probe));
    }
    return picked;
  }

  std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const MachineProbe& probe : probes) names.push_back(probe.name);
    return names;
  }

  static std::vector<Subject> unbound(const std::vector<MachineProbe>& probes) {
    std::vector<Subject> subjects;
    subjects.reserve(probes.size());
    for (const MachineProbe& probe : probes) subjects.push_back({.name = probe.name, .run = {}});
    return subjects;
  }
};

RoofProbes::RoofProbes(const std::vector<std::string>& probes, unsigned threads,
                       Stopwatch& stopwatch, const SamplerOptions& options) {
  std::vector<MachineProbe> picked = State::pick(probes);
  for (MachineProbe& probe : picked) probe.run = nullptr;
  SamplerOptions until_the_end = options;  // a probe that stopped early could not tell of a drift
  until_the_end.relative_width = 0;
  until_the_end.fewest = 3;
  SubjectGroup group(State::unbound(picked), stopwatch, until_the_end);
  state_ = std::unique_ptr<State>(
      new State{threads, options, std::move(picked), std::move(group), {}, {}});
}
RoofProbes::~RoofProbes() = default;

void RoofProbes::prepare() {
  const std::vector<std::string> names = state_->names();
  auto& by_thread = state_->by_thread;
  if (names.empty() || !by_thread.empty()) return;
  while (by_thread.size() < state_->threads) by_thread.push_back(State::pick(names));
  ThreadTeam team(state_->threads);
  for (std::size_t p = 0; p < names.size(); ++p) {
    team.run([&](unsigned thread) { by_thread[thread][p].run(); });
  }
}

void RoofProbes::visit(Duration budget) {
  prepare();
  const std::vector<std::string> names = state_->names();
  if (names.empty()) return;
  auto& by_thread = state_->by_thread;
  ThreadTeam team(state_->threads);
  std::vector<Subject> subjects;
  for (std::size_t p = 0; p < names.size(); ++p) {
    subjects.push_back({.name = names[p], .run = [&by_thread, &team, p] {
                          team.run([&](unsigned thread) { by_thread[thread][p].run(); });
                        }});
  }
  state_->group.attach(std::move(subjects));
  for (Duration::rep stretch = 0; stretch < kStretches; ++stretch) {
    state_->group.sample(budget / kStretches / static_cast<Duration::rep>(names.size()));
  }
  state_->group.detach();
  if (!state_->first_visit.empty()) return;
  for (const TimedSubject& timed : state_->group.results()) {
    state_->first_visit.push_back(timed.samples.size());
  }
}

std::vector<Roof> RoofProbes::roofs() const {
  const bool cpu = state_->options.clock == TimedClock::cpu;
  std::vector<Roof> roofs;
  const std::vector<TimedSubject> timed = state_->group.results();
  for (std::size_t p = 0; p < timed.size(); ++p) {
    std::vector<double> first, rest;
    for (std::size_t s = 0; s < timed[p].samples.size(); ++s) {
      const TimedSample& sample = timed[p].samples[s];
      (s < state_->first_visit[p] ? first : rest).push_back(cpu ? sample.cpu_ns : sample.wall_ns);
    }
    const double work = state_->probes[p].work * state_->threads;
    roofs.push_back({.probe = timed[p].name,
                     .unit = state_->probes[p].unit,
                     .threads = state_->threads,
                     .rate = work / (cpu ? timed[p].cpu_median_ns : timed[p].median_ns),
                     .low = work / timed[p].interval.high,
                     .high = work / timed[p].interval.low,
                     .samples = timed[p].samples.size(),
                     .drift = rest.empty() ? 1 : median_of(rest) / median_of(first)});
  }
  return roofs;
}

}  // namespace inferbench
