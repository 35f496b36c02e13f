#include <unordered_map>

#include "harness/base/text_table.hpp"
#include "workloads/traces/json_lines.hpp"
#include "workloads/traces/readers.hpp"

namespace inferbench {
namespace {

constexpr Tokens kBlockTokens{16};

class BailianReader final : public RowReader {
 public:
  BailianReader(std::unique_ptr<ByteSource> source, const TraceOptions& options)
      : RowReader(source->name(), options), lines_(std::move(source)) {}

  Tokens block_tokens() const override { return kBlockTokens; }
  std::string place() const override { return lines_.place()(); }

  std::vector<std::string> notes() const override {
    std::vector<std::string> notes = RowReader::notes();
    const auto note = [&](long long count, const std::string& what) {
      if (count > 0) notes.push_back(with_commas(count) + what);
    };
    note(later_turns_skipped_, " later turns of conversations skipped (--turns first)");
    note(orphans_,
         " turns whose earlier turn is not in the file: each begins a conversation; their prompts "
         "are taken as written");
    note(unhashed_,
         " later turns without prefix blocks: hash_ids of incremental rows do not cover "
         "the history");
    note(trimmed_, " rows had more hash_ids than input tokens: cut");
    return notes;
  }

 protected:
  bool read_row(Request& request) override {
    for (;;) {
      Row row;
      if (!parse(request, row)) return false;
      const bool later_turn = row.parent >= 0;
      if (later_turn && require_turns() == TurnLengths::first) {
        ++later_turns_skipped_;
        request.prefix_blocks.clear();
        continue;
      }
      if (later_turn) continue_conversation(request, row.parent);
      if (trim_prefix_blocks(request, kBlockTokens)) ++trimmed_;
      if (row.chat >= 0) {
        chats_[row.chat] = {request.session, request.input + request.output};
      }
      return true;
    }
  }

 private:
  struct Row {
    std::int64_t chat = -1, parent = -1;
  };
  struct Chat {
    SessionId session{};
    Tokens tokens{};  // its prompt and its answer: the history of the next turn
  };

  bool parse(Request& request, Row& row) {
    bool timed = false, has_input = false, has_output = false;
    const Place& place = lines_.place();
    const auto use = [&](std::string_view key, JsonValue value) {
      if (key == "timestamp") {
        request.arrival = json_time(value, key, Seconds(1), place);
        timed = true;
      } else if (key == "input_length") {
        request.input = Tokens(json_integer(value, key, 1, place));
        has_input = true;
      } else if (key == "output_length") {
        request.output = Tokens(json_integer(value, key, 1, place));
        has_output = true;
      } else if (key == "hash_ids") {
        json_hashes(value, key, request.prefix_blocks, place);
      } else if (key == "chat_id") {
        row.chat = json_integer(value, key, 0, place);
      } else if (key == "parent_chat_id") {
        row.parent = json_integer(value, key, -1, place);
      }
    };
    if (!lines_.next(use)) return false;
    if (!timed) refuse_missing("timestamp", place);
    if (!has_input) refuse_missing("input_length", place);
    if (!has_output) refuse_missing("output_length", place);
    if (row.parent >= 0 && row.chat < 0) refuse_missing("chat_id", place);
    return true;
  }

  void continue_conversation(Request& request, std::int64_t parent) {
    const auto found = chats_.find(parent);
    if (found == chats_.end()) {
      ++orphans_;
      return;
    }
    request.session = found->second.session;
    if (options().turns == TurnLengths::incremental) {
      request.input += found->second.tokens;
      if (!request.prefix_blocks.empty()) ++unhashed_;
      request.prefix_blocks.clear();
    }
  }

  JsonLines lines_;
  std::unordered_map<std::int64_t, Chat> chats_;
  long long later_turns_skipped_ = 0, orphans_ = 0, unhashed_ = 0, trimmed_ = 0;
};

}  // namespace

std::unique_ptr<RequestStream> read_bailian(std::unique_ptr<ByteSource> source,
                                            const TraceOptions& options) {
  return std::make_unique<BailianReader>(std::move(source), options);
}

}  // namespace inferbench
