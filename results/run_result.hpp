#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/output_file.hpp"
#include "harness/metrics/summary.hpp"
#include "harness/micro/row.hpp"
#include "results/json_block.hpp"
#include "results/provenance.hpp"

namespace inferbench {

// Minor versions only add keys; readers accept any minor version of a major version they know.
inline constexpr std::string_view kRunResultSchema = "inferbench.run-result";
inline constexpr std::string_view kRunResultVersion = "1.5.0";

enum class RunKind { replay, sweep, claims, kernels };

// What the numbers are; nothing mixes them silently.
enum class Method {
  modelled,         // a cost model's times on a simulated clock
  measured_host,    // CPU kernels timed on this machine
  measured_device,  // GPU kernels timed on this machine
  emulated,         // measured on a stand-in for the system named
};

std::string_view name(RunKind kind);   // "replay"
std::string_view name(Method method);  // "measured-host"
std::optional<RunKind> parse_run_kind(std::string_view name);
std::optional<Method> parse_method(std::string_view name);

struct NotMeasured {
  std::string what;    // "kernels", "gpu_power"
  std::string reason;  // "modelled: no kernel ran"
};

// Per-request records written beside the result (results/request_records.hpp). The file's name is
// provenance; its content is not.
struct RecordsReference {
  std::uint64_t requests = 0;
  std::string sha256;  // of the records file, 64 hex digits
};

// One run: what was run, what came out, whether it counts, and where it comes from.
struct RunResult {
  RunKind kind = RunKind::replay;
  Method method = Method::modelled;
  Validity validity;
  JsonBlock configuration;         // an object: everything the numbers depend on
  std::optional<Summary> summary;  // of a replay
  JsonBlock points;                // of a sweep: an array of objects
  std::vector<KernelRow> rows;     // of kernels
  JsonBlock findings;  // of a sweep, claims or kernels: an object (frontier, best, ties, roofs ...)
  std::optional<RecordsReference> records;
  std::vector<NotMeasured> not_measured;
  Provenance provenance;  // the only part in which equal runs may differ
};

// The result of a replay; its verdict is the summary's. A modelled result says by itself that no
// kernel ran. `configuration` is an object, see results/configuration.hpp.
RunResult make_run_result(Method method, JsonBlock configuration, Summary summary,
                          Provenance provenance);

// The result of a sweep: `points` an array with one object per point, unit in each key;
// `findings` an object, possibly empty.
RunResult make_sweep_result(Method method, JsonBlock configuration, JsonBlock points,
                            JsonBlock findings, Validity validity, Provenance provenance);

// The result of a microbenchmark: rows with the machine's roofs and noise as `findings`. It counts
// when at least one row was timed and none failed its check; each row says more about itself.
RunResult make_kernels_result(Method method, JsonBlock configuration, std::vector<KernelRow> rows,
                              JsonBlock findings, Provenance provenance);

// The result file's text: UTF-8 JSON with a stable order of keys, ending with a newline. Numbers
// that are not finite are left out with the reason; integers above 2^53 are strings. Equal runs
// give equal bytes, the provenance block aside.
std::string to_json_text(const RunResult& result);

// Writes the text and commits the file. Checks it against the schema and the semantic rules first:
// a result that we would not accept ourselves is a broken invariant.
void write_run_result(const RunResult& result, OutputFile& file);

// Reads a result file's text; `place` names it in errors. Throws Error when it is not JSON, not a
// result of a schema version known here, or damaged.
RunResult parse_run_result(const std::string& text, const std::string& place);
RunResult read_run_result(const std::string& path);

}  // namespace inferbench
