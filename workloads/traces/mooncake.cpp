#include "harness/base/text_table.hpp"
#include "workloads/traces/json_lines.hpp"
#include "workloads/traces/readers.hpp"

namespace inferbench {
namespace {

constexpr Tokens kBlockTokens{512};

class MooncakeReader final : public RowReader {
 public:
  MooncakeReader(std::unique_ptr<ByteSource> source, const TraceOptions& options)
      : RowReader(source->name(), options), lines_(std::move(source)) {}

  Tokens block_tokens() const override { return kBlockTokens; }
  std::string place() const override { return lines_.place()(); }

  std::vector<std::string> notes() const override {
    std::vector<std::string> notes = RowReader::notes();
    if (trimmed_ > 0) {
      notes.push_back(with_commas(trimmed_) + " rows had more hash_ids than input tokens: cut");
    }
    return notes;
  }

 protected:
  bool read_row(Request& request) override {
    bool timed = false, has_input = false, has_output = false;
    const Place& place = lines_.place();
    const auto use = [&](std::string_view key, JsonValue value) {
      if (key == "timestamp") {
        request.arrival = json_time(value, key, std::chrono::milliseconds(1), place);
        timed = true;
      } else if (key == "input_length") {
        request.input = Tokens(json_integer(value, key, 1, place));
        has_input = true;
      } else if (key == "output_length") {
        request.output = Tokens(json_integer(value, key, 1, place));
        has_output = true;
      } else if (key == "hash_ids") {
        json_hashes(value, key, request.prefix_blocks, place);
      }
    };
    if (!lines_.next(use)) return false;
    if (!timed) refuse_missing("timestamp", place);
    if (!has_input) refuse_missing("input_length", place);
    if (!has_output) refuse_missing("output_length", place);
    if (trim_prefix_blocks(request, kBlockTokens)) ++trimmed_;
    return true;
  }

 private:
  JsonLines lines_;
  long long trimmed_ = 0;
};

}  // namespace

std::unique_ptr<RequestStream> read_mooncake(std::unique_ptr<ByteSource> source,
                                             const TraceOptions& options) {
  return std::make_unique<MooncakeReader>(std::move(source), options);
}

}  // namespace inferbench
