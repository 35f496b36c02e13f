#include <array>
#include <charconv>
#include <filesystem>
#include <string_view>

#include "harness/base/error.hpp"
#include "results/record_names.hpp"
#include "results/request_records.hpp"

namespace inferbench {
namespace {

constexpr std::size_t kFlushAt = std::size_t{1} << 18;

void append(std::string& out, std::int64_t value) {
  std::array<char, 24> digits{};
  const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), value);
  out.append(digits.data(), end);
  ensure(error == std::errc(), "24 characters hold any 64-bit integer");
}

void append(std::string& out, std::string_view key, std::int64_t value) {
  out.append(key);
  append(out, value);
}

std::int64_t ns(Time time) {
  return time.time_since_epoch().count();
}

// Parts that took time, and what is said within and beside them.
void append(std::string& out, std::string_view key, const TimeParts& parts) {
  out.append(key);
  const auto put = [&](std::string_view part, Duration time) {
    if (time == Duration(0)) return;
    if (out.back() != '{') out += ',';
    out.append("\"").append(part).append("\":");
    append(out, time.count());
  };
  for (std::size_t i = 0; i < kTimeParts; ++i) put(name(static_cast<TimePart>(i)), parts.of[i]);
  put(kPrefillKey, parts.prefill);
  put(kHiddenKey, parts.hidden_collectives);
  out += '}';
}

std::string header() {
  return "{\"schema\":{\"id\":\"" + std::string(kRecordsSchema) + "\",\"version\":\"" +
         std::string(kRecordsVersion) +
         "\"},\"time_unit\":\"ns\",\"token_deltas_ns\":\"first token minus scheduled_ns (TTFT), "
         "then each token minus the one before (ITL)\"}\n";
}

}  // namespace

RecordWriter::RecordWriter(std::string path) : file_(std::move(path)), buffer_(header()) {}

void RecordWriter::write(const RequestRecord& record) {
  append(buffer_, R"({"id":)", record.id.value);
  append(buffer_, R"(,"session":)", record.session.value);
  buffer_.append(R"(,"outcome":")").append(outcome_name(record.outcome));
  buffer_ += '"';
  if (record.reason != Reason::none) {
    buffer_.append(R"(,"reason":")").append(reason_name(record.reason)).append("\"");
  }
  append(buffer_, R"(,"input_tokens":)", record.input.count());
  append(buffer_, R"(,"output_tokens":)", record.output.count());
  append(buffer_, R"(,"scheduled_ns":)", ns(record.scheduled));
  append(buffer_, R"(,"issued_ns":)", ns(record.issued));
  if (record.admitted) append(buffer_, R"(,"admitted_ns":)", ns(*record.admitted));
  append(buffer_, R"(,"ended_ns":)", ns(record.ended));
  append(buffer_, R"(,"preemptions":)", record.preemptions);
  append(buffer_, R"(,"replica":)", record.replica);
  if (record.prefill_replica) append(buffer_, R"(,"prefill_replica":)", *record.prefill_replica);
  if (record.attempts != 1) append(buffer_, R"(,"attempts":)", record.attempts);
  if (record.reroutes != 0) append(buffer_, R"(,"reroutes":)", record.reroutes);
  buffer_.append(R"(,"token_deltas_ns":[)");
  Time before = record.scheduled;
  for (const Time time : record.token_times) {
    if (buffer_.back() != '[') buffer_ += ',';
    append(buffer_, (time - before).count());
    before = time;
  }
  buffer_ += ']';
  if (record.parts != nullptr) {
    append(buffer_, R"(,"first_token_parts_ns":{)", record.parts->first_token);
    append(buffer_, R"(,"answer_parts_ns":{)", record.parts->answer);
  }
  buffer_.append("}\n");
  ++requests_;
  if (buffer_.size() >= kFlushAt) flush();
}

void RecordWriter::flush() {
  hash_.update(buffer_);
  file_.write(buffer_);
  buffer_.clear();
}

RecordsReference RecordWriter::commit() {
  flush();
  file_.commit();
  return {.requests = requests_, .sha256 = hash_.hex()};
}

void attach_records(RunResult& result, const RecordsReference& records, const std::string& path) {
  result.records = records;
  result.provenance.records_file =
      path == "-" ? "" : std::filesystem::path(path).filename().string();
}

}  // namespace inferbench
