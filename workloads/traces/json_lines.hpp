#pragma once

#include <simdjson.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "workloads/traces/line_reader.hpp"
#include "workloads/traces/row_reader.hpp"

namespace inferbench {

static_assert(LineReader::kPadding >= simdjson::SIMDJSON_PADDING);

using JsonValue = simdjson::ondemand::value;
// "file.jsonl:12"; composed only for a message, a string per row would cost as much as the parsing.
using Place = std::function<std::string()>;

// Checked values; throw RowError naming place and key.
std::int64_t json_integer(JsonValue value, std::string_view key, std::int64_t least,
                          const Place& place);
double json_number(JsonValue value, std::string_view key, const Place& place);
// An array of integers, negative ones as their two's complement: only equality matters.
void json_hashes(JsonValue value, std::string_view key, std::vector<std::uint64_t>& hashes,
                 const Place& place);
// A string, or a number as its text: ids come as either.
std::string json_label(JsonValue value, std::string_view key, const Place& place);
// Milliseconds or seconds, as the unit says, since the trace's own start; throws when negative.
Time json_time(JsonValue value, std::string_view key, Seconds unit, const Place& place);

[[noreturn]] void refuse_missing(std::string_view key, const Place& place);
[[noreturn]] void refuse_broken(const simdjson::simdjson_error& error, const Place& place,
                                bool cut_short);
[[noreturn]] void refuse_trailing(const Place& place);

// Calls use(key, value) for every key of the object in `text`, which has LineReader::kPadding
// readable bytes behind it. Throws RowError unless it is one JSON object. `cut_short`: the file
// ends with it, and without a line end.
template <class Use>
void for_each_key(simdjson::ondemand::parser& parser, std::string_view text, const Place& place,
                  bool cut_short, const Use& use) {
  try {
    simdjson::ondemand::document document =
        parser.iterate(text.data(), text.size(), text.size() + LineReader::kPadding);
    for (auto field : document.get_object()) {
      const std::string_view key = field.unescaped_key();
      use(key, JsonValue(field.value()));
    }
    // At the end of the text there is no current location.
    if (document.current_location().error() == simdjson::SUCCESS) refuse_trailing(place);
  } catch (const simdjson::simdjson_error& error) {
    refuse_broken(error, place, cut_short);
  }
}

// JSON Lines: one object per line.
class JsonLines {
 public:
  explicit JsonLines(std::unique_ptr<ByteSource> source)
      : lines_(std::move(source)), place_([this] { return lines_.place(); }) {}
  JsonLines(const JsonLines&) = delete;
  JsonLines& operator=(const JsonLines&) = delete;

  // As for_each_key, for the next line; false at the end.
  template <class Use>
  bool next(const Use& use) {
    std::string_view line;
    if (!lines_.next(line)) return false;
    for_each_key(parser_, line, place_, !lines_.terminated(), use);
    return true;
  }

  const std::string& name() const { return lines_.name(); }
  const Place& place() const { return place_; }

 private:
  LineReader lines_;
  simdjson::ondemand::parser parser_;
  Place place_;
};

}  // namespace inferbench
