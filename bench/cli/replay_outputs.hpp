#pragma once

#include <memory>
#include <span>

#include "bench/cli/replay_options.hpp"
#include "bench/cli/replay_report.hpp"
#include "harness/base/output_file.hpp"
#include "results/request_records.hpp"
#include "results/run_result.hpp"

namespace inferbench {

// The files of a replay, opened before the run: a place that cannot be written is found then.
struct ReplayOutputs {
  explicit ReplayOutputs(const ReplayArguments& given);

  // The result with its provenance complete and the records' digest, if they are written.
  RunResult result(const ReplayArguments& given, Method method, JsonBlock configuration,
                   const Summary& summary, Provenance provenance);
  // Writes the result file, and prints the report unless stdout carries a file.
  void finish(const ReplayArguments& given, const ReplayOutcome& outcome, const RunResult& result,
              std::span<const RequestRecord> of_requests);

  std::unique_ptr<OutputFile> json;
  std::unique_ptr<RecordWriter> records;
};

// Throws Error for a --console that is not known.
void refuse_unknown_console(const ReplayArguments& given);

}  // namespace inferbench
