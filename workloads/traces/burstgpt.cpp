#include <string>
#include <unordered_map>

#include "harness/base/text_table.hpp"
#include "workloads/traces/csv_table.hpp"
#include "workloads/traces/readers.hpp"

namespace inferbench {
namespace {

// "Session ID" is empty for API calls and absent from the first release of the trace.
class BurstGptReader final : public RowReader {
 public:
  BurstGptReader(std::unique_ptr<ByteSource> source, const TraceOptions& options)
      : RowReader(source->name(), options),
        table_(std::move(source), {"Timestamp", "Request tokens", "Response tokens"},
               {"Session ID"}) {}

  std::string place() const override { return table_.place(); }

  std::vector<std::string> notes() const override {
    std::vector<std::string> notes = RowReader::notes();
    if (failures_ > 0) {
      notes.push_back("skipped " + with_commas(failures_) + " failed requests (0 response tokens)");
    }
    return notes;
  }

 protected:
  bool read_row(Request& request) override {
    while (table_.next()) {
      request.arrival = Time(table_.seconds(0));
      const std::int64_t output = table_.integer(2, 0);
      const std::int64_t input = table_.integer(1, output == 0 ? 0 : 1);
      if (output == 0) {
        ++failures_;
        continue;
      }
      request.input = Tokens(input);
      request.output = Tokens(output);
      request.session = session_of(table_.field(3));
      return true;
    }
    return false;
  }

 private:
  SessionId session_of(std::string_view label) {
    const SessionId own(ordinal());
    if (label.empty()) return own;
    return sessions_.try_emplace(std::string(label), own).first->second;
  }

  CsvTable table_;
  long long failures_ = 0;
  std::unordered_map<std::string, SessionId> sessions_;
};

}  // namespace

std::unique_ptr<RequestStream> read_burstgpt(std::unique_ptr<ByteSource> source,
                                             const TraceOptions& options) {
  return std::make_unique<BurstGptReader>(std::move(source), options);
}

}  // namespace inferbench
