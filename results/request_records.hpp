#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "harness/base/output_file.hpp"
#include "harness/replay/request_record.hpp"
#include "harness/replay/system_under_test.hpp"
#include "results/run_result.hpp"
#include "results/sha256.hpp"

namespace inferbench {

// Per-request records as JSON lines. The first line names the schema; each further line is one
// request, in the order in which requests ended:
//
//   {"schema":{"id":"inferbench.request-records","version":"1.2.0"},"time_unit":"ns", ...}
//   {"id":0,"session":0,"outcome":"completed","input_tokens":128,"output_tokens":3,
//    "scheduled_ns":0,"issued_ns":0,"admitted_ns":0,"ended_ns":30000000,"preemptions":0,"replica":0,
//    "token_deltas_ns":[10000000,10000000,10000000]}
//
// Token times are delta coded: the first is the first token minus `scheduled_ns`, which is the
// TTFT; the k-th is token k minus token k-1, which is an ITL sample. "admitted_ns" is left out when
// the request never ran.
//
// Of runs that were taken apart, "first_token_parts_ns" and "answer_parts_ns" follow: what the
// times to the first and from there to the last token went to (TimePart), which they add up to.
// Parts of 0 are left out.
inline constexpr std::string_view kRecordsSchema = "inferbench.request-records";
inline constexpr std::string_view kRecordsVersion = "1.2.0";

// Streams records to a file that appears, whole, on commit(). Construct it before the run: a place
// that cannot be written throws Error at once.
class RecordWriter final : public RecordSink {
 public:
  explicit RecordWriter(std::string path);

  void accept(RequestRecord record) override { write(record); }
  void write(const RequestRecord& record);
  // Flushes and renames. Returns what the result file says of the records. Throws Failure.
  RecordsReference commit();

 private:
  void flush();

  OutputFile file_;
  Sha256 hash_;
  std::string buffer_;
  std::uint64_t requests_ = 0;
};

// Says in the result that its records were written to `path` ("-": nowhere that could be named).
void attach_records(RunResult& result, const RecordsReference& records, const std::string& path);

// Calls `visit` for each record of the file, in the file's order, holding one line at a time.
// Throws Error with file:line when a line is damaged or the schema is not known here.
void for_each_record(const std::string& path,
                     const std::function<void(const RequestRecord&)>& visit);

// All records, sorted by id.
std::vector<RequestRecord> read_records(const std::string& path);

}  // namespace inferbench
