#include "harness/base/text_table.hpp"
#include "workloads/traces/array_elements.hpp"
#include "workloads/traces/json_lines.hpp"
#include "workloads/traces/readers.hpp"

namespace inferbench {
namespace {

// A human message and the answer to it.
struct Turn {
  Tokens asked{}, answered{};
};

class ShareGptReader final : public RowReader {
 public:
  ShareGptReader(std::unique_ptr<ByteSource> source, const TraceOptions& options)
      : RowReader(source->name(), options),
        elements_(std::move(source)),
        place_([this] { return elements_.place(); }) {}

  std::string place() const override { return elements_.place(); }

  std::vector<std::string> notes() const override {
    std::vector<std::string> notes = RowReader::notes();
    const auto note = [&](long long count, const std::string& what) {
      if (count > 0) notes.push_back(with_commas(count) + what);
    };
    note(unanswered_, " messages without a question before or an answer after them skipped");
    note(empty_, " conversations without a whole turn skipped");
    note(later_turns_skipped_, " later turns of conversations skipped (--turns first)");
    return notes;
  }

 protected:
  bool read_row(Request& request) override {
    while (next_turn_ == turns_.size()) {
      if (!read_conversation()) return false;
    }
    if (next_turn_ == 0) {
      session_ = SessionId(ordinal());
      history_ = Tokens(0);
    }
    const Turn& turn = turns_[next_turn_++];
    const bool incremental = options().turns == TurnLengths::incremental;
    request.session = session_;
    request.arrival = Time{};
    request.input = incremental ? history_ + turn.asked : turn.asked;
    request.output = turn.answered;
    history_ = request.input + request.output;
    return true;
  }

 private:
  bool read_conversation() {
    std::string_view object;
    if (!elements_.next(object)) return false;
    turns_.clear();
    next_turn_ = 0;
    bool found = false;
    const auto use = [&](std::string_view key, JsonValue value) {
      if (key != "conversations") return;
      found = true;
      read_messages(value);
    };
    try {
      for_each_key(parser_, object, place_, false, use);
      if (!found) refuse_missing("conversations", place_);
    } catch (const RowError&) {
      turns_.clear();
      throw;
    }
    if (turns_.empty()) ++empty_;
    if (turns_.size() > 1 && require_turns() == TurnLengths::first) {
      later_turns_skipped_ += static_cast<long long>(turns_.size() - 1);
      turns_.resize(1);
    }
    return true;
  }

  void read_messages(JsonValue value) {
    std::optional<Tokens> question;
    for (auto element : value.get_array()) {
      const Message message = read_message(element.value());
      if (message.human) {
        if (question) ++unanswered_;
        question = message.tokens;
      } else if (question) {
        turns_.push_back({*question, message.tokens});
        question.reset();
      } else {
        ++unanswered_;
      }
    }
    if (question) ++unanswered_;
  }

  struct Message {
    bool human = false;
    Tokens tokens{};
  };

  Message read_message(JsonValue value) {
    Message message;
    std::string from;
    bool counted = false;
    for (auto field : value.get_object()) {
      const std::string_view key = field.unescaped_key();
      JsonValue item = field.value();
      if (key == "from" || key == "role") {
        from = json_label(item, key, place_);
      } else if (key == "tokens" || key == "num_tokens" || key == "token_count") {
        message.tokens = Tokens(json_integer(item, key, 1, place_));
        counted = true;
      }
    }
    message.human = from == "human" || from == "user";
    if (!message.human && from != "gpt" && from != "assistant" && from != "system") {
      throw RowError(place_(), "\"from\" is \"" + from + "\"",
                     "expected human or user, gpt or assistant, system");
    }
    if (!counted) {
      throw RowError(
          place_(), "a message has no \"tokens\"",
          "the length of every message is read, not its text",
          "count them with the model's tokenizer first: {\"from\": \"human\", \"tokens\": "
          "231}");
    }
    return message;
  }

  ArrayElements elements_;
  Place place_;
  simdjson::ondemand::parser parser_;
  std::vector<Turn> turns_;  // of the conversation being handed out
  std::size_t next_turn_ = 0;
  SessionId session_{};
  Tokens history_{};
  long long unanswered_ = 0, empty_ = 0, later_turns_skipped_ = 0;
};

}  // namespace

std::unique_ptr<RequestStream> read_sharegpt(std::unique_ptr<ByteSource> source,
                                             const TraceOptions& options) {
  return std::make_unique<ShareGptReader>(std::move(source), options);
}

}  // namespace inferbench
