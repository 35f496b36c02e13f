#include "harness/micro/run_cases.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>
#include <tuple>

#include "harness/base/error.hpp"
#include "harness/base/text_table.hpp"
#include "harness/micro/device_rows.hpp"
#include "harness/timing/pinning.hpp"
#include "kernels/cpu/team.hpp"
#include "kernels/registry.hpp"

namespace inferbench {
namespace {

// The reference is one plain loop; anything slower than this a run is skipped unless asked for.
constexpr double kReferenceStepsPerNs = 1;
constexpr double kSlowestReferenceNs = 5e7;
// A later visit is worth it when it samples for this many times as long as it prepares.
constexpr double kSamplingPerPreparation = 2;
// While a case rests between two visits, so that they meet different moods of the machine, nothing
// else may be left to do.
constexpr Duration kLongestWait{50'000'000};

// Windows of a case's records, each at another time, and their samples.
constexpr std::int64_t kWindows = 8;
constexpr double kFewestTraced = 3, kMostTraced = 40;
constexpr double kTracedOverheadNs = 250'000;  // of a sample: flushing, queueing, waiting

constexpr double kSuspectPreempted = 0.2, kSuspectWidth = 0.2;

std::string seconds_text(double ns) {
  return human_seconds(ns / 1e9);
}

const char* fill_name(Fill fill) {
  switch (fill) {
    case Fill::outliers:
      return "outliers";
    case Fill::extreme:
      return "extreme";
    case Fill::normal:
      break;
  }
  return "normal";
}

// One case on its way through the visits.
struct CaseState {
  const BenchCase* given = nullptr;
  Work foreseen;
  double memory = 0, reference_ns = 0;  // foreseen as well
  std::vector<KernelRow> rows;          // one per implementation
  std::vector<const Implementation*> runnable;
  std::unique_ptr<BoundCase> bound;
  std::optional<SubjectGroup> group;
  std::vector<std::string> subjects;  // of the group, in its order
  Work work;
  double preparation_ns = 0;
  double kept_bytes = 0;  // while it stays bound between visits
  std::int64_t visits = 0;
  double width = 0;       // of the least certain interval, relative to its median
  Duration last_visit{};  // when it ended
  std::optional<DeviceRows> device;
};

class Run {
 public:
  Run(const std::vector<BenchCase>& cases, const BenchOptions& options, Stopwatch& stopwatch,
      const std::function<void(const BenchProgress&)>& progress)
      : cases_(cases),
        options_(options),
        stopwatch_(stopwatch),
        progress_(progress),
        start_(now()) {}

  BenchOutcome run() {
    on_team_thread_start([](unsigned rank) { pin_to_allowed_core(rank); });
    const PinnedThread pinned;
    open_rows();
    probe_roofs();
    first_visits();
    further_rounds();
    trace_cases();
    if (probes_ && !interrupted()) probes_->visit(options_.roof_budget / 2);
    on_team_thread_start(nullptr);
    return finish();
  }

 private:
  Duration now() { return stopwatch_.begin().wall; }
  Duration left() {
    const Duration roofs = probes_ ? options_.roof_budget / 2 : Duration(0);
    const Duration windows = traces() && !tracing_ ? options_.budget / 4 : Duration(0);
    return options_.budget - roofs - windows - (now() - start_);
  }
  DeviceBench* device() const { return options_.bind.device; }
  bool traces() const {
    return options_.trace && device() != nullptr && device()->trace != nullptr;
  }
  bool interrupted() const {
    return options_.sampler.interrupted && options_.sampler.interrupted();
  }

  void open_rows() {
    for (const BenchCase& given : cases_) {
      CaseState& state = states_.emplace_back();
      state.given = &given;
      if (given.implementations.empty()) {  // perhaps of an op that no one here computes
        state.rows.push_back(row(given, nullptr));
        continue;
      }
      state.foreseen = foreseen_work(given.kernel);
      state.memory = foreseen_memory(given.kernel);
      state.reference_ns = foreseen_reference_steps(given.kernel) / kReferenceStepsPerNs;
      for (const Implementation* i : given.implementations) state.rows.push_back(row(given, i));
      for (std::size_t r = 0; r < given.implementations.size(); ++r) judge(state, r);
    }
  }

  KernelRow row(const BenchCase& given, const Implementation* implementation) const {
    KernelRow row;
    row.op = given.kernel.op;
    row.format = given.kernel.format;
    row.axes = given.kernel.axes;
    row.tags = given.tags;
    row.implementation = implementation ? implementation->name : "none";
    row.provider = implementation ? implementation->provider : "none";
    row.threads = options_.bind.threads;
    row.cache = std::string(name(options_.bind.cache));
    row.fill = fill_name(given.kernel.fill);
    row.seed = given.kernel.seed;
    if (device() != nullptr) row.fidelity = "measured-device";
    if (!implementation) skip(row, given.unusable);
    return row;
  }

  static void skip(KernelRow& row, std::string reason) {
    row.status = RowStatus::skipped;
    row.reason = std::move(reason);
  }

  // What can be told before anything is bound.
  void judge(CaseState& state, std::size_t r) const {
    const BenchCase& given = *state.given;
    const Implementation* implementation = given.implementations[r];
    const Support support = supports(*implementation, given.kernel);
    if (!support.ok) return skip(state.rows[r], support.reason);
    if (const std::string reason = unfit(state, implementation); !reason.empty()) {
      return skip(state.rows[r], reason);
    }
    state.runnable.push_back(implementation);
  }

  std::string unfit(const CaseState& state, const Implementation* implementation) const {
    if (state.memory > options_.memory_limit) {
      return "needs about " + human_bytes(state.memory) + " of memory, " +
             human_bytes(options_.memory_limit) + " are allowed";
    }
    const bool reference = implementation->provider == "reference";
    if (reference && !state.given->reference_asked_for &&
        state.reference_ns > kSlowestReferenceNs) {
      return "the reference would take about " + seconds_text(state.reference_ns) +
             " a run; --provider reference runs it";
    }
    return "";
  }

  void probe_roofs() {
    if (device() != nullptr) roofs_ = device()->roofs;
    if (options_.roof_budget <= Duration(0)) return;
    std::set<std::string> probes = {"read_l1", "read_l2", "read_l3"};
    for (std::string& probe : memory_probes(0, 1, true)) probes.insert(std::move(probe));
    for (const CaseState& state : states_) {
      if (state.runnable.empty()) continue;
      for (const Implementation* i : state.runnable) {
        for (std::string& probe : arithmetic_probes(*i, state.given->kernel.format)) {
          probes.insert(std::move(probe));
        }
      }
    }
    probes_.emplace(std::vector<std::string>(probes.begin(), probes.end()), options_.bind.threads,
                    stopwatch_, options_.sampler);
    tell("the machine's roofs", 0);
    // Memory of four times the last cache takes long to fault in: not at the expense of samples.
    const Duration before = now();
    probes_->prepare();
    start_ += now() - before;
    probes_->visit(options_.roof_budget / 2);
    roofs_ = probes_->roofs();
  }

  void first_visits() {
    const auto cases = static_cast<Duration::rep>(std::max<std::size_t>(1, states_.size()));
    const Duration each = left() / 4 / cases;
    bool visited = false;  // the first case is measured however long the roofs took
    for (CaseState& state : states_) {
      if (!state.runnable.empty() && visited && left() <= Duration(0)) {
        skip_unvisited(state, "the budget was spent before its turn; --budget gives it more");
      } else if (!state.runnable.empty() && interrupted()) {
        skip_unvisited(state, "interrupted before its turn");
      } else if (!fault_.empty()) {
        skip_unvisited(state, "the device failed before its turn: " + fault_);
      } else if (!state.runnable.empty()) {
        tell(case_text(state.given->kernel), 0);
        visit(state, std::max(each, Duration(0)));
        visited = visited || state.visits > 0;
        release(state);
      }
      ++done_;
    }
  }

  void further_rounds() {
    const auto cases = static_cast<Duration::rep>(std::max<std::size_t>(1, states_.size()));
    const Duration slice = left() / (2 * options_.sampler.visits) / cases;
    const Duration rest = left() / (2 * options_.sampler.visits);
    while (!interrupted() && fault_.empty()) {
      CaseState* const state = next_case(rest);
      if (state == nullptr) return;
      if (!rested(*state, rest)) {
        stopwatch_.wait(std::min(kLongestWait, state->last_visit + rest - now()));
        continue;
      }
      ++rounds_;
      tell(case_text(state->given->kernel), rounds_);
      const auto worth =
          Duration(static_cast<Duration::rep>(kSamplingPerPreparation * state->preparation_ns));
      visit(*state, std::min(left(), std::max(slice, state->bound ? slice : worth)));
      release(*state);
    }
  }

  bool rested(const CaseState& state, Duration rest) {
    return state.visits >= options_.sampler.visits || now() >= state.last_visit + rest;
  }

  // Of the cases that a visit within the budget can still make more certain: one that has rested
  // before one that has not, one with fewer visits than an interval wants before one with enough
  // of them, the least certain of those.
  CaseState* next_case(Duration rest) {
    const auto room = static_cast<double>(left().count());
    CaseState* next = nullptr;
    std::tuple<bool, std::int64_t, double> most;
    for (CaseState& state : states_) {
      if (!state.group || state.group->settled() || room <= 0) continue;
      const double preparation = state.bound ? 0 : state.preparation_ns;
      if (preparation * (1 + kSamplingPerPreparation) > room) continue;
      const std::int64_t missing =
          std::max<std::int64_t>(0, options_.sampler.visits - state.visits);
      const std::tuple need(rested(state, rest), missing, state.width);
      if (next == nullptr || need > most) next = &state, most = need;
    }
    return next;
  }

  void visit(CaseState& state, Duration budget) {
    guarded(state, [&] { visit_bound(state, budget); });
  }

  // After a device has failed nothing that it says can be trusted: the case it was computing is
  // named, and what was measured before is kept.
  template <class Work>
  void guarded(CaseState& state, Work work) {
    if (device() == nullptr) return work();
    try {
      work();
    } catch (const Failure& failure) {
      fault_ = case_text(state.given->kernel) + ": " + failure.what();
      for (const Implementation* i : state.runnable) {
        KernelRow& row = row_of(state, i->name);
        row.status = RowStatus::failed;
        row.reason = "the device failed: " + std::string(failure.what());
      }
      state.group.reset();
      state.runnable.clear();
    }
  }

  void visit_bound(CaseState& state, Duration budget) {
    if (!state.bound && !prepare(state)) return;
    std::vector<Subject> subjects = state.bound->subjects();
    ++state.visits;
    if (!state.group) {
      for (const Subject& subject : subjects) state.subjects.push_back(subject.name);
      if (subjects.empty()) return;
      state.group.emplace(std::move(subjects), stopwatch_, options_.sampler);
    } else {
      state.group->attach(std::move(subjects));
    }
    state.group->sample(budget / static_cast<Duration::rep>(state.subjects.size()));
    state.group->detach();
    if (device() != nullptr) look_at_device(state);
    state.width = state.group->relative_width();
    state.last_visit = now();
  }

  void look_at_device(CaseState& state) {
    if (state.device) return state.device->keep_clocks();
    state.device.emplace(*device());
    state.device->replay(*state.bound);
  }

  // Windows of all cases, in turns: one session of the process's tracing, begun when everything
  // that is timed without it has been.
  void trace_cases() {
    if (!traces() || interrupted() || !fault_.empty()) return;
    std::vector<CaseState*> traced;
    for (CaseState& state : states_) {
      if (state.group) traced.push_back(&state);
    }
    if (traced.empty()) return;
    try {
      device()->trace->start();
      tracing_ = true;
      trace_windows(traced);
    } catch (const Failure& failure) {
      // What events have measured stands; the records end here.
      device()->untraceable = failure.what();
    }
  }

  void trace_windows(const std::vector<CaseState*>& traced) {
    WindowTracer tracer(*device()->timer, *device()->trace);
    const Duration each = left() / (static_cast<Duration::rep>(traced.size()) * kWindows);
    for (std::int64_t window = 0; window < kWindows; ++window) {
      for (CaseState* state : traced) {
        if (interrupted() || (window > 0 && left() <= Duration(0))) return;
        if (!state->bound && !prepare(*state)) continue;
        tell(case_text(state->given->kernel) + ", traced", rounds_);
        state->device->trace(*state->bound, tracer, traced_samples(*state, each));
        if (window + 1 == kWindows || state->kept_bytes == 0) state->bound.reset();
      }
    }
  }

  static std::size_t traced_samples(const CaseState& state, Duration budget) {
    double round = 0;
    for (const TimedSubject& subject : state.group->results()) {
      round += subject.cpu_median_ns + kTracedOverheadNs;
    }
    const double samples = static_cast<double>(budget.count()) / std::max(1.0, round);
    return static_cast<std::size_t>(std::clamp(samples, kFewestTraced, kMostTraced));
  }

  // Binds and checks; false when nothing is left to be timed.
  bool prepare(CaseState& state) {
    const Duration before = now();
    if (const std::string reason = too_slow(state); !reason.empty()) {
      skip_unvisited(state, reason);
      return false;
    }
    BindOptions bind = options_.bind;
    bind.check = bind.check && state.visits == 0;  // the same inputs again need no second check
    state.bound = std::make_unique<BoundCase>(state.given->kernel, state.runnable, bind);
    state.work = state.bound->work();
    state.preparation_ns = static_cast<double>((now() - before).count());
    for (const BoundVariant& variant : state.bound->variants()) {
      KernelRow& row = row_of(state, variant.implementation->name);
      if (state.visits > 0) continue;
      row.check = variant.check;
      row.flops = state.work.flops.count();
      row.read_bytes = state.work.read.count();
      row.written_bytes = state.work.written.count();
      if (variant.status == RowStatus::timed) continue;
      row.status = variant.status;
      row.reason = variant.reason;
      // Later visits bind what may be timed, in the order of the first.
      std::erase(state.runnable, variant.implementation);
    }
    return !state.runnable.empty();
  }

  // By the roofs: none of them can be faster.
  std::string too_slow(const CaseState& state) const {
    if (roofs_.empty()) return "";
    double ns = HUGE_VAL;
    for (const Implementation* i : state.runnable) {
      ns = std::min(ns, least_ns(roofs_, *i, state.given->kernel.format,
                                 {.flops = state.foreseen.flops}, options_.bind.threads, cold()));
    }
    if (ns <= static_cast<double>(options_.longest_run.count())) return "";
    return "one run takes at least " + seconds_text(ns) + " here; --longest-run allows it";
  }

  bool cold() const { return options_.bind.cache != CachePolicy::hot; }

  static KernelRow& row_of(CaseState& state, const std::string& implementation) {
    return *std::find_if(state.rows.begin(), state.rows.end(), [&](const KernelRow& row) {
      return row.implementation == implementation;
    });
  }

  static const Implementation& implementation_of(const CaseState& state, const std::string& name) {
    const auto& all = state.given->implementations;
    return **std::find_if(all.begin(), all.end(),
                          [&](const Implementation* i) { return i->name == name; });
  }

  static void skip_unvisited(CaseState& state, const std::string& reason) {
    for (const Implementation* i : state.runnable) skip(row_of(state, i->name), reason);
    state.runnable.clear();
  }

  // Cases that are not settled stay bound while they fit together.
  void release(CaseState& state) {
    if (!state.bound) return;
    const bool settled = !state.group || (state.group->settled() && !traces());
    if (!settled && state.kept_bytes > 0) return;
    double bytes = 0;
    for (const BoundVariant& variant : state.bound->variants()) {
      bytes += static_cast<double>(variant.copies.size()) * state.work.bytes().count();
    }
    if (!settled && kept_bytes_ + bytes <= options_.keep_limit) {
      state.kept_bytes = bytes;
      kept_bytes_ += bytes;
      return;
    }
    kept_bytes_ -= state.kept_bytes;
    state.kept_bytes = 0;
    state.bound.reset();
  }

  void tell(std::string what, std::size_t round) const {
    if (progress_) {
      progress_({.done = done_, .cases = states_.size(), .round = round, .what = std::move(what)});
    }
  }

  BenchOutcome finish() {
    if (probes_) roofs_ = probes_->roofs();
    BenchOutcome outcome{.rows = {},
                         .roofs = roofs_,
                         .rounds = rounds_,
                         .interrupted = interrupted(),
                         .fault = fault_};
    for (CaseState& state : states_) {
      fill_times(state);
      for (KernelRow& row : state.rows) outcome.rows.push_back(std::move(row));
    }
    return outcome;
  }

  void fill_times(CaseState& state) const {
    if (!state.group) return;
    const std::vector<TimedSubject> timed = state.group->results();
    for (const TimedSubject& subject : timed) {
      KernelRow& row = row_of(state, subject.name);
      row.timing = timing(subject, state);
      if (state.device) state.device->fill(row, options_.trace);
      row.roof = binding_roof(roofs_, implementation_of(state, subject.name), row.format,
                              state.work, row.threads, cold(), row.timing->median_ns);
      add_suspicions(row);
      for (const TimedSubject& other : timed)
        add_ratio(row, subject, row_of(state, other.name), other);
    }
  }

  RowTiming timing(const TimedSubject& subject, const CaseState& state) const {
    const bool cpu = options_.sampler.clock == TimedClock::cpu;
    RowTiming timing;
    timing.clock = device() != nullptr ? "device" : cpu ? "cpu" : "wall";
    for (const TimedSample& sample : subject.samples) {
      timing.wall_ns.push_back(sample.wall_ns);
      (device() != nullptr ? timing.device_ns : timing.cpu_ns).push_back(sample.cpu_ns);
    }
    timing.runs_per_sample = subject.runs_per_sample;
    timing.warm_up_runs = subject.warm_up_runs;
    timing.copies =
        std::max<std::int64_t>(1, rotating_copies(options_.bind.cache, state.work.bytes().count(),
                                                  options_.bind.last_cache_bytes));
    timing.visits = state.visits;
    timing.median_ns = cpu ? subject.cpu_median_ns : subject.median_ns;
    timing.low_ns = subject.interval.low;
    timing.high_ns = subject.interval.high;
    timing.confidence = subject.interval.confidence;
    timing.stop = std::string(name(subject.stop));
    timing.preempted_share = subject.preempted_share;
    return timing;
  }

  static void add_suspicions(KernelRow& row) {
    const RowTiming& timing = *row.timing;
    const double width = (timing.high_ns - timing.low_ns) / timing.median_ns;
    if (width > kSuspectWidth) {
      row.suspect.push_back("the interval is " + fixed(100 * width, 0) + " % of the median");
    }
    if (timing.visits == 1) row.suspect.emplace_back("one visit: a spell of load would not show");
    if (row.device && row.device->invalid_records > 0) {
      row.suspect.push_back(std::to_string(row.device->invalid_records) + " invalid CUPTI records");
    }
    if (row.device) return;  // who else had the core does not count
    if (timing.preempted_share > kSuspectPreempted) {
      row.suspect.push_back("preempted in " + fixed(100 * timing.preempted_share, 0) +
                            " % of the samples");
    }
  }

  void add_ratio(KernelRow& row, const TimedSubject& subject, const KernelRow& other_row,
                 const TimedSubject& other) const {
    if (row.implementation == other_row.implementation || other_row.provider == "own") return;
    const bool reference = other_row.provider == "reference";
    const Ratio ratio = paired_ratio(other, subject, options_.sampler.clock == TimedClock::cpu);
    row.ratios.push_back({.to = reference ? "reference" : "vendor",
                          .implementation = other_row.implementation,
                          .speedup = ratio.median,
                          .low = ratio.interval.low,
                          .high = ratio.interval.high,
                          .pairs = ratio.pairs});
  }

  const std::vector<BenchCase>& cases_;
  const BenchOptions& options_;
  Stopwatch& stopwatch_;
  const std::function<void(const BenchProgress&)>& progress_;
  Duration start_;
  std::vector<CaseState> states_;
  std::optional<RoofProbes> probes_;
  std::vector<Roof> roofs_;
  double kept_bytes_ = 0;
  bool tracing_ = false;
  std::string fault_;
  std::size_t done_ = 0, rounds_ = 0;
};

}  // namespace

BenchOutcome run_cases(const std::vector<BenchCase>& cases, const BenchOptions& options,
                       Stopwatch& stopwatch,
                       const std::function<void(const BenchProgress&)>& progress) {
  return Run(cases, options, stopwatch, progress).run();
}

std::size_t run_once(const std::vector<BenchCase>& cases, const BindOptions& options) {
  std::size_t runs = 0;
  BindOptions unchecked = options;
  unchecked.check = false;
  unchecked.cache = CachePolicy::hot;
  for (const BenchCase& given : cases) {
    BoundCase bound(given.kernel, given.implementations, unchecked);
    if (options.device != nullptr) {
      for (const DeviceWork& work : bound.device_work()) work.kernel->run(), ++runs;
      continue;
    }
    for (const Subject& subject : bound.subjects()) subject.run(), ++runs;
  }
  return runs;
}

}  // namespace inferbench
