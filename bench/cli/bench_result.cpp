#include "bench/cli/bench_result.hpp"

#include <fstream>
#include <nlohmann/json.hpp>

#include "results/json_numbers.hpp"

namespace inferbench {
namespace {

using nlohmann::ordered_json;

ordered_json configuration_json(const BenchKernelsArguments& given, Duration budget) {
  ordered_json json = {{"ops", given.ops},
                       {"axes", given.axes},
                       {"formats", given.formats},
                       {"providers", given.providers},
                       {"cache", given.cache},
                       {"fill", given.fill},
                       {"clock", given.clock},
                       {"threads", given.threads},
                       {"budget_ns", budget.count()},
                       {"longest_run", given.longest_run}};
  if (given.device != "cpu") {
    json["device"] = given.device;
    json["timer"] = given.timer;
  }
  if (!given.suite.empty()) json["suite"] = given.suite;
  return json;
}

ordered_json findings_json(const BenchOutcome& outcome, const BenchNoise& noise) {
  ordered_json roofs = ordered_json::array();
  for (const Roof& roof : outcome.roofs) {
    roofs.push_back({{"probe", roof.probe},
                     {"unit", roof.unit},
                     {"threads", roof.threads},
                     {"rate", roof.rate},
                     {"rate_low", roof.low},
                     {"rate_high", roof.high},
                     {"samples", roof.samples},
                     {"drift", roof.drift}});
  }
  ordered_json health = {{"elapsed_ns", noise.elapsed.count()},
                         {"stolen_ns", noise.stolen.count()},
                         {"load_average_before", noise.load_before},
                         {"load_average_after", noise.load_after}};
  put_number(health, "frequency_hz", noise.frequency_hz, "the kernel does not tell it");
  return {{"roofs", std::move(roofs)},
          {"noise", std::move(health)},
          {"rounds", outcome.rounds},
          {"interrupted", outcome.interrupted}};
}

}  // namespace

std::optional<double> core_frequency_hz() {
  std::ifstream in("/sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq");
  double khz = 0;
  if (!(in >> khz)) return std::nullopt;
  return khz * 1000;
}

RunResult bench_result(const BenchKernelsArguments& given, Duration budget, BenchOutcome outcome,
                       const BenchNoise& noise, Provenance provenance) {
  ordered_json findings = findings_json(outcome, noise);
  const bool no_roofs = outcome.roofs.empty();
  const bool interrupted = outcome.interrupted;
  const std::string fault = outcome.fault;
  RunResult result =
      make_kernels_result(given.device == "cpu" ? Method::measured_host : Method::measured_device,
                          configuration_json(given, budget), std::move(outcome.rows),
                          std::move(findings), std::move(provenance));
  if (interrupted) {
    result.validity.reasons.push_back(
        {.id = "interrupted", .text = "ended before its time", .invalidates = false});
  }
  if (!fault.empty()) {
    result.validity.reasons.push_back(
        {.id = "device_fault", .text = "the device failed in " + fault, .invalidates = false});
  }
  if (no_roofs) {
    result.not_measured.push_back({.what = "roofs", .reason = "not asked for"});
  }
  return result;
}

}  // namespace inferbench
