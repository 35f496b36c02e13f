#include "bench/cli/bench_machine.hpp"

#include <algorithm>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "bench/cli/bench_gpu.hpp"
#include "bench/cli/bench_threads.hpp"
#include "bench/cli/sweep_interrupt.hpp"
#include "harness/base/error.hpp"
#include "harness/base/output_file.hpp"
#include "harness/base/text_table.hpp"
#include "harness/timing/pinning.hpp"
#include "harness/timing/sampler.hpp"
#include "kernels/cpu/team.hpp"
#include "kernels/machine/probes.hpp"
#include "results/host_info.hpp"
#include "workloads/text_values.hpp"

namespace inferbench {
namespace {

// One probe on one number of threads; timed is empty where the machine cannot, or where an
// interrupt came before.
struct Row {
  MachineProbe probe;
  unsigned threads = 1;
  std::optional<TimedSubject> timed;

  std::string not_measured() const {
    return probe.reason.empty() ? "interrupted before its turn" : probe.reason;
  }

  // Work of all threads per nanosecond is giga-work per second.
  double rate(double ns) const { return probe.work * threads / ns; }
};

std::vector<std::string> probe_names(const std::vector<MachineProbe>& probes) {
  std::vector<std::string> names;
  for (const MachineProbe& probe : probes) names.push_back(probe.name);
  return names;
}

void check_names(const std::vector<std::string>& wanted) {
  const std::vector<std::string> known = probe_names(machine_probes());
  for (const std::string& name : wanted) {
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      throw unknown_name("--only", "probe", name, known);
    }
  }
}

bool asked_for(const BenchMachineArguments& given, const std::string& name) {
  return given.only.empty() ||
         std::find(given.only.begin(), given.only.end(), name) != given.only.end();
}

std::vector<Row> measure(const BenchMachineArguments& given, unsigned threads, Duration budget) {
  std::vector<std::vector<MachineProbe>> by_thread;  // each thread has its own memory
  for (unsigned t = 0; t < threads; ++t) by_thread.push_back(machine_probes());
  ThreadTeam team(threads);
  team.run([](unsigned thread) { pin_to_allowed_core(thread); });
  std::vector<Row> rows;
  std::vector<Subject> subjects;
  for (std::size_t p = 0; p < by_thread.front().size(); ++p) {
    const MachineProbe& probe = by_thread.front()[p];
    if (!asked_for(given, probe.name)) continue;
    rows.push_back({.probe = probe, .threads = threads, .timed = {}});
    if (!probe.run) continue;
    subjects.push_back({.name = probe.name, .run = [&by_thread, &team, p] {
                          team.run([&](unsigned thread) { by_thread[thread][p].run(); });
                        }});
  }
  if (subjects.empty() || InterruptGuard::requested()) return rows;
  ThreadStopwatch stopwatch;
  SamplerOptions options;
  options.budget = budget / static_cast<Duration::rep>(subjects.size());
  options.relative_width = 0.01;
  options.seed = given.seed;
  options.interrupted = InterruptGuard::requested;
  std::vector<TimedSubject> timed = time_subjects(subjects, stopwatch, options);
  for (TimedSubject& subject : timed) {
    const auto row = std::find_if(rows.begin(), rows.end(),
                                  [&](const Row& r) { return r.probe.name == subject.name; });
    row->timed = std::move(subject);
  }
  return rows;
}

TextTable table_of(const std::vector<Row>& rows) {
  TextTable table({"probe", "threads", "rate", "95 % interval", "unit", "samples", "stopped",
                   "preempted", "what"});
  for (const Row& row : rows) {
    const MachineProbe& probe = row.probe;
    if (!row.timed) {
      table.add({probe.name, std::to_string(row.threads), "-", "", probe.unit, "", "", "",
                 row.not_measured()});
      continue;
    }
    const TimedSubject& timed = *row.timed;
    table.add({probe.name, std::to_string(row.threads), significant(row.rate(timed.median_ns)),
               significant(row.rate(timed.interval.high)) + " to " +
                   significant(row.rate(timed.interval.low)),
               probe.unit, std::to_string(timed.samples.size()), std::string(name(timed.stop)),
               fixed(100 * timed.preempted_share, 0) + " %", probe.what});
  }
  return table;
}

nlohmann::ordered_json json_of(const std::vector<Row>& rows, const BenchMachineArguments& given) {
  const HostInfo host = read_host_info();
  nlohmann::ordered_json json = {{"schema", "inferbench.machine"},
                                 {"version", "1.0.0"},
                                 {"method", "measured-host"},
                                 {"seed", given.seed}};
  json["host"] = {{"cpu", host.cpu},
                  {"usable_cpus", host.allowed_cpus},
                  {"load_average", host.load_average},
                  {"kernel", host.kernel}};
  json["probes"] = nlohmann::ordered_json::array();
  for (const Row& row : rows) {
    nlohmann::ordered_json entry = {{"name", row.probe.name},
                                    {"threads", row.threads},
                                    {"unit", row.probe.unit},
                                    {"what", row.probe.what}};
    if (!row.timed) {
      entry["not_measured"] = row.not_measured();
    } else {
      const TimedSubject& timed = *row.timed;
      entry["work_per_thread"] = row.probe.work;
      entry["rate"] = row.rate(timed.median_ns);
      entry["rate_low"] = row.rate(timed.interval.high);
      entry["rate_high"] = row.rate(timed.interval.low);
      entry["confidence"] = timed.interval.confidence;
      entry["stop_reason"] = name(timed.stop);
      entry["preempted_share"] = timed.preempted_share;
      entry["runs_per_sample"] = timed.runs_per_sample;
      entry["warm_up_runs"] = timed.warm_up_runs;
      for (const TimedSample& sample : timed.samples) entry["wall_ns"].push_back(sample.wall_ns);
    }
    json["probes"].push_back(std::move(entry));
  }
  return json;
}

std::vector<unsigned> thread_counts(const BenchMachineArguments& given) {
  const auto cores = static_cast<unsigned>(std::max(1, read_host_info().allowed_cpus));
  if (given.threads.empty()) return cores == 1 ? std::vector{1U} : std::vector{1U, cores};
  for (const unsigned threads : given.threads) check_bench_threads(threads);
  return given.threads;
}

}  // namespace

ExitCode run_bench_machine(const BenchMachineArguments& given) {
  if (given.device == "cuda") return run_bench_gpu(given);
  if (given.device != "cpu") {
    throw unknown_name("--device", "device", given.device, {"cpu", "cuda"});
  }
  check_names(given.only);
  const std::vector<unsigned> counts = thread_counts(given);
  const Duration budget = parse_duration(given.budget, "--budget");
  const InterruptGuard guard;  // from before there is a file to be left behind
  std::unique_ptr<OutputFile> file;
  if (!given.json.empty()) file = std::make_unique<OutputFile>(given.json);
  std::vector<Row> rows;
  for (const unsigned threads : counts) {
    std::vector<Row> measured =
        measure(given, threads, budget / static_cast<Duration::rep>(counts.size()));
    std::move(measured.begin(), measured.end(), std::back_inserter(rows));
  }
  if (file) {
    file->write(json_of(rows, given).dump(1) + "\n");
    file->commit();
  }
  const TextTable table = table_of(rows);
  if (!file || !file->is_stdout()) std::cout << (given.csv ? table.csv() : table.str());
  if (!InterruptGuard::requested()) return ExitCode::done;
  std::cerr << "interrupted: rates are of what was measured until then\n";
  return kInterruptedExit;
}

}  // namespace inferbench
