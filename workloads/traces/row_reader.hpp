#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "harness/base/error.hpp"
#include "workloads/request_stream.hpp"
#include "workloads/workload_options.hpp"

namespace inferbench {

// A row that cannot be used, where the rows after it may be: what --skip-invalid skips. Damage that
// ends the file (a truncated gzip, say) is a plain Error.
class RowError : public Error {
 public:
  using Error::Error;
};

struct TraceOptions {
  std::optional<TurnLengths> turns;
  bool skip_invalid = false;
};

// The frame of every reader: numbers the rows, skips and counts the invalid ones when asked to, and
// refuses a file without rows. Arrivals are the trace's own, not yet relative to its first row.
class RowReader : public RequestStream {
 public:
  bool next(Request& request) final;
  std::vector<std::string> notes() const override;

 protected:
  RowReader(std::string name, const TraceOptions& options)
      : name_(std::move(name)), options_(options) {}

  // Fills arrival, input, output and, where the trace has them, prefix_blocks and session; false at
  // the end. Throws RowError.
  virtual bool read_row(Request& request) = 0;

  std::uint64_t ordinal() const { return rows_; }  // id of the row being read
  const TraceOptions& options() const { return options_; }
  // "bailian.jsonl:7: a row of a conversation; ...": for formats that do not say what they count.
  TurnLengths require_turns() const;

 private:
  std::string name_;
  TraceOptions options_;
  std::uint64_t rows_ = 0, invalid_ = 0;
  std::string first_invalid_;
};

// The block hashes that `input` tokens have room for; surplus ones are dropped. Whether any was.
bool trim_prefix_blocks(Request& request, Tokens block_tokens);

}  // namespace inferbench
