#pragma once

#include <memory>
#include <string>

#include "workloads/request_source.hpp"
#include "workloads/traces/byte_source.hpp"
#include "workloads/traces/row_reader.hpp"

namespace inferbench {

// Our own trace format, JSON Lines, plain or gzip: what `inferbench workload convert` writes.
//
//   {"inferbench_workload": 1, "name": "chat", "block_tokens": 16, "notes": [...]}   may be absent
//   {"arrival_ns": 1500000, "input_tokens": 812, "output_tokens": 204}
//   {"arrival_ns": 2500000, "input_tokens": 1216, "output_tokens": 80, "session": 0,
//    "max_output_tokens": 512, "prefix_blocks": [17, 18446744073709551615]}
//
// arrival_ns counts from the beginning of the run and never decreases. "session" is any string or
// integer; rows that share it are one conversation, and their input includes the history. Without
// max_output_tokens the reading options decide. "priority", 0 unless it stands there, is an integer
// of at most 1,000,000 either way; smaller is more urgent. prefix_blocks are 64-bit: parsers that
// read numbers as doubles change them. Unknown keys are refused by name, so that a misspelt one is
// not lost.
std::unique_ptr<RequestStream> read_workload_jsonl(std::unique_ptr<ByteSource> source,
                                                   const TraceOptions& options);

// The first line of a file, and the line of one request, "\n" included.
std::string workload_jsonl_header(const WorkloadInfo& info);
// `with_session`: when some requests share one, every line says its own.
void append_workload_jsonl(std::string& out, const Request& request, bool with_session);

}  // namespace inferbench
