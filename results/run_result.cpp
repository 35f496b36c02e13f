#include "results/run_result.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "harness/base/error.hpp"
#include "results/validate.hpp"

namespace inferbench {
namespace {

constexpr std::array<std::pair<RunKind, std::string_view>, 4> kKinds = {{
    {RunKind::replay, "replay"},
    {RunKind::sweep, "sweep"},
    {RunKind::claims, "claims"},
    {RunKind::kernels, "kernels"},
}};

constexpr std::array<std::pair<Method, std::string_view>, 4> kMethods = {{
    {Method::modelled, "modelled"},
    {Method::measured_host, "measured-host"},
    {Method::measured_device, "measured-device"},
    {Method::emulated, "emulated"},
}};

template <class Value, std::size_t N>
std::string_view name_in(const std::array<std::pair<Value, std::string_view>, N>& list,
                         Value value) {
  for (const auto& [known, text] : list) {
    if (known == value) return text;
  }
  ensure(false, "every enumerator has a name");
  return "";
}

template <class Value, std::size_t N>
std::optional<Value> value_in(const std::array<std::pair<Value, std::string_view>, N>& list,
                              std::string_view text) {
  for (const auto& [value, known] : list) {
    if (known == text) return value;
  }
  return std::nullopt;
}

void say_what_a_model_does_not_measure(RunResult& result) {
  if (result.method != Method::modelled) return;
  result.not_measured.push_back(
      {.what = "kernels", .reason = "modelled: step times come from a cost model, no kernel ran"});
  result.not_measured.push_back(
      {.what = "gpu_power_clocks", .reason = "modelled: no device was used"});
}

std::string rows_text(std::ptrdiff_t n) {
  return std::to_string(n) + (n == 1 ? " row" : " rows");
}

Validity kernels_validity(const std::vector<KernelRow>& rows) {
  const auto count = [&](RowStatus status) {
    return std::count_if(rows.begin(), rows.end(),
                         [&](const KernelRow& row) { return row.status == status; });
  };
  const auto suspect = std::count_if(rows.begin(), rows.end(),
                                     [](const KernelRow& row) { return !row.suspect.empty(); });
  Validity validity;
  const auto add = [&](const char* id, std::string text, bool invalidates) {
    validity.reasons.push_back({.id = id, .text = std::move(text), .invalidates = invalidates});
    if (invalidates) validity.valid = false;
  };
  if (const auto n = count(RowStatus::failed); n > 0) {
    add("wrong_results", rows_text(n) + " failed the check and were not timed", true);
  }
  if (count(RowStatus::timed) == 0) add("nothing_timed", "no row was timed", true);
  if (suspect > 0) add("suspect_rows", rows_text(suspect) + " with something against them", false);
  return validity;
}

}  // namespace

std::string_view name(RunKind kind) {
  return name_in(kKinds, kind);
}

std::string_view name(Method method) {
  return name_in(kMethods, method);
}

std::optional<RunKind> parse_run_kind(std::string_view name) {
  return value_in(kKinds, name);
}

std::optional<Method> parse_method(std::string_view name) {
  return value_in(kMethods, name);
}

RunResult make_run_result(Method method, JsonBlock configuration, Summary summary,
                          Provenance provenance) {
  ensure(configuration.json().is_object(), "a result's configuration is a JSON object");
  RunResult result;
  result.kind = RunKind::replay;
  result.method = method;
  result.validity = summary.validity;
  result.configuration = std::move(configuration);
  result.summary = std::move(summary);
  result.provenance = std::move(provenance);
  say_what_a_model_does_not_measure(result);
  return result;
}

RunResult make_sweep_result(Method method, JsonBlock configuration, JsonBlock points,
                            JsonBlock findings, Validity validity, Provenance provenance) {
  ensure(configuration.json().is_object(), "a result's configuration is a JSON object");
  ensure(points.json().is_array(), "a sweep's points are a JSON array");
  RunResult result;
  result.kind = RunKind::sweep;
  result.method = method;
  result.validity = std::move(validity);
  result.configuration = std::move(configuration);
  result.points = std::move(points);
  result.findings = std::move(findings);
  result.provenance = std::move(provenance);
  say_what_a_model_does_not_measure(result);
  return result;
}

RunResult make_kernels_result(Method method, JsonBlock configuration, std::vector<KernelRow> rows,
                              JsonBlock findings, Provenance provenance) {
  ensure(configuration.json().is_object(), "a result's configuration is a JSON object");
  RunResult result;
  result.kind = RunKind::kernels;
  result.method = method;
  result.validity = kernels_validity(rows);
  result.configuration = std::move(configuration);
  result.rows = std::move(rows);
  result.findings = std::move(findings);
  result.provenance = std::move(provenance);
  return result;
}

void write_run_result(const RunResult& result, OutputFile& file) {
  const std::string text = to_json_text(result);
  const std::vector<Violation> violations = validate_run_result(text);
  if (!violations.empty()) {
    const Violation& first = violations.front();
    throw std::logic_error("broken invariant: result file: " + first.pointer + ": " +
                           first.problem);
  }
  file.write(text);
  file.commit();
}

RunResult read_run_result(const std::string& path) {
  return parse_run_result(read_file(path), path);
}

}  // namespace inferbench
