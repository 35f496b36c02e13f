#include <simdjson.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>

#include "harness/base/error.hpp"
#include "results/record_names.hpp"
#include "results/request_records.hpp"

namespace inferbench {
namespace {

using simdjson::dom::element;
using simdjson::dom::object;

constexpr std::int64_t kMaxId = std::numeric_limits<std::uint32_t>::max();
constexpr std::int64_t kMaxSmall = std::numeric_limits<std::int32_t>::max();
// Times stay far from the ends of 64 bits, so that sums of deltas cannot overflow: 146 years.
constexpr std::int64_t kMaxTime = std::numeric_limits<std::int64_t>::max() / 2;

// One line of a records file and where it stands, for messages.
class Line {
 public:
  Line(const std::string& path, std::size_t number, object json)
      : path_(path), number_(number), json_(json) {}

  [[noreturn]] void refuse(const std::string& problem, const std::string& rule = "") const {
    throw Error(path_ + ":" + std::to_string(number_), problem, rule);
  }

  std::int64_t integer(const char* key, std::int64_t low, std::int64_t high) const {
    std::int64_t value = 0;
    if (json_[key].get(value) != simdjson::SUCCESS) {
      refuse("\"" + std::string(key) + "\" is missing or no integer");
    }
    if (value < low || value > high) {
      refuse("\"" + std::string(key) + "\" = " + std::to_string(value),
             "expected " + std::to_string(low) + " to " + std::to_string(high));
    }
    return value;
  }

  Time time(const char* key) const { return Time(Duration(integer(key, 0, kMaxTime))); }

  bool has(const char* key) const { return json_[key].error() == simdjson::SUCCESS; }

  Outcome outcome() const {
    std::string_view text;
    if (json_["outcome"].get(text) != simdjson::SUCCESS) {
      refuse("\"outcome\" is missing or no string");
    }
    const auto outcome = parse_outcome(text);
    if (!outcome) {
      refuse("unknown outcome \"" + std::string(text) + "\"",
             "expected completed, rejected, cancelled, failed or unfinished");
    }
    return *outcome;
  }

  Reason reason() const {
    if (!has("reason")) return Reason::none;
    std::string_view text;
    if (json_["reason"].get(text) != simdjson::SUCCESS) refuse("\"reason\" is no string");
    const auto reason = parse_reason(text);
    if (!reason) refuse("unknown reason \"" + std::string(text) + "\"");
    return *reason;
  }

  std::int32_t small(const char* key, std::int64_t low, std::int32_t absent) const {
    return has(key) ? static_cast<std::int32_t>(integer(key, low, kMaxSmall)) : absent;
  }

  // Of parts that are not named none took time.
  TimeParts parts(const char* key) const {
    object json;
    if (json_[key].get(json) != simdjson::SUCCESS) {
      refuse("\"" + std::string(key) + "\" is missing or no object");
    }
    TimeParts parts;
    for (const auto& [part, value] : json) {
      std::int64_t ns = 0;
      if (value.get(ns) != simdjson::SUCCESS || ns < 0 || ns > kMaxTime / 16) {
        refuse("\"" + std::string(key) + "\" holds something else than integers >= 0");
      }
      Duration* const named = find(parts, part);
      if (named == nullptr) {
        refuse("\"" + std::string(key) + "\" has an unknown part \"" + std::string(part) + "\"");
      }
      *named = Duration(ns);
    }
    return parts;
  }

  TokenTimes token_times(Time scheduled) const {
    simdjson::dom::array deltas;
    if (json_["token_deltas_ns"].get(deltas) != simdjson::SUCCESS) {
      refuse("\"token_deltas_ns\" is missing or no array");
    }
    std::vector<Time> times;
    times.reserve(deltas.size());
    Time at = scheduled;
    for (const element delta : deltas) {
      std::int64_t value = 0;
      if (delta.get(value) != simdjson::SUCCESS || value < 0 ||
          value > kMaxTime - at.time_since_epoch().count()) {
        refuse("\"token_deltas_ns\" holds something else than integers >= 0");
      }
      times.push_back(at += Duration(value));
    }
    return TokenTimes(std::move(times));
  }

 private:
  static Duration* find(TimeParts& parts, std::string_view part) {
    if (part == kPrefillKey) return &parts.prefill;
    if (part == kHiddenKey) return &parts.hidden_collectives;
    for (std::size_t i = 0; i < kTimeParts; ++i) {
      if (part == name(static_cast<TimePart>(i))) return &parts.of[i];
    }
    return nullptr;
  }

  const std::string& path_;
  std::size_t number_;
  object json_;
};

void check_parts(const Line& line, const RequestRecord& record) {
  if (record.parts == nullptr || record.token_times.empty()) return;
  const TokenTimes& tokens = record.token_times;
  if (record.parts->first_token.total() != tokens.front() - record.scheduled) {
    line.refuse("\"first_token_parts_ns\" do not add up to the TTFT");
  }
  if (record.parts->answer.total() != tokens.back() - tokens.front()) {
    line.refuse("\"answer_parts_ns\" do not add up to the time between first and last token");
  }
}

void check(const Line& line, const RequestRecord& record) {
  if (record.outcome == Outcome::completed && record.reason != Reason::none) {
    line.refuse("a completed request has a \"reason\"");
  }
  // A run that is cut leaves requests without an end, some not yet issued.
  if (record.outcome == Outcome::unfinished) return;
  if (record.issued < record.scheduled) line.refuse("\"issued_ns\" is before \"scheduled_ns\"");
  if (record.ended < record.issued) line.refuse("\"ended_ns\" is before \"issued_ns\"");
  if (record.admitted && *record.admitted < record.issued) {
    line.refuse("\"admitted_ns\" is before \"issued_ns\"");
  }
  const auto tokens = static_cast<std::int64_t>(record.token_times.size());
  if (tokens > record.output.count()) line.refuse("has more token times than output tokens");
  if (record.outcome == Outcome::completed && tokens != record.output.count()) {
    line.refuse("a completed request has " + std::to_string(record.output.count()) +
                " output tokens but " + std::to_string(tokens) + " token times");
  }
  if (!record.token_times.empty()) {
    if (record.token_times.front() < record.issued) line.refuse("a token precedes its request");
    if (record.token_times.back() > record.ended) line.refuse("a token follows the end");
  }
}

RequestRecord record_from(const Line& line) {
  RequestRecord record;
  record.id = RequestId(static_cast<std::uint64_t>(line.integer("id", 0, kMaxId)));
  record.session = SessionId(static_cast<std::uint64_t>(line.integer("session", 0, kMaxId)));
  record.outcome = line.outcome();
  record.reason = line.reason();
  record.input = Tokens(line.integer("input_tokens", 1, kMaxTime));
  record.output = Tokens(line.integer("output_tokens", 1, kMaxTime));
  record.scheduled = line.time("scheduled_ns");
  record.issued = line.time("issued_ns");
  if (line.has("admitted_ns")) record.admitted = line.time("admitted_ns");
  record.ended = line.time("ended_ns");
  record.preemptions = static_cast<std::int32_t>(line.integer("preemptions", 0, kMaxSmall));
  record.replica = static_cast<std::int32_t>(line.integer("replica", 0, kMaxSmall));
  if (line.has("prefill_replica")) record.prefill_replica = line.small("prefill_replica", 0, 0);
  record.attempts = line.small("attempts", 1, 1);
  record.reroutes = line.small("reroutes", 0, 0);
  record.token_times = line.token_times(record.scheduled);
  if (line.has("first_token_parts_ns")) {
    record.parts = std::make_shared<RequestParts>(
        RequestParts{line.parts("first_token_parts_ns"), line.parts("answer_parts_ns")});
    check_parts(line, record);
  }
  check(line, record);
  return record;
}

void check_header(const std::string& path, simdjson::simdjson_result<element> first) {
  std::string_view id, version;
  if (first.error() != simdjson::SUCCESS || first["schema"]["id"].get(id) != simdjson::SUCCESS ||
      id != kRecordsSchema || first["schema"]["version"].get(version) != simdjson::SUCCESS) {
    throw Error(path + ":1", "is not a records file",
                "its first line names the schema \"" + std::string(kRecordsSchema) + "\"",
                "`inferbench replay --records FILE` writes one");
  }
  if (!version.starts_with("1.")) {
    throw Error(path + ":1", "records version " + std::string(version) + " is not known here",
                "this program reads 1.x");
  }
}

}  // namespace

void for_each_record(const std::string& path,
                     const std::function<void(const RequestRecord&)>& visit) {
  if (std::filesystem::is_directory(path)) throw Error(path, "is a folder", "expected a file");
  std::ifstream in(path, std::ios::binary);
  if (!in) throw Error(path, std::string("cannot be read: ") + std::strerror(errno));
  simdjson::dom::parser parser;
  std::string text;
  std::size_t number = 0;
  while (std::getline(in, text)) {
    const bool truncated = in.eof();
    if (!text.empty() && text.back() == '\r') text.pop_back();
    auto parsed = parser.parse(text);
    if (++number == 1) {
      check_header(path, parsed);
      continue;
    }
    object json;
    if (parsed.get(json) != simdjson::SUCCESS) {
      throw Error(path + ":" + std::to_string(number),
                  truncated ? "the last line is cut off" : "is not a JSON object",
                  "each line is one request's record");
    }
    visit(record_from(Line(path, number, json)));
  }
  if (in.bad()) throw Error(path, std::string("cannot be read: ") + std::strerror(errno));
  if (number == 0) throw Error(path, "is empty", "expected a header line and one line per request");
}

std::vector<RequestRecord> read_records(const std::string& path) {
  std::vector<RequestRecord> records;
  for_each_record(path, [&](const RequestRecord& record) { records.push_back(record); });
  std::stable_sort(records.begin(), records.end(),
                   [](const RequestRecord& a, const RequestRecord& b) { return a.id < b.id; });
  for (std::size_t i = 1; i < records.size(); ++i) {
    if (records[i].id == records[i - 1].id) {
      throw Error(path, "request " + std::to_string(records[i].id.value) + " stands there twice");
    }
  }
  return records;
}

}  // namespace inferbench
