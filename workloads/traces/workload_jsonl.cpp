#include "workloads/traces/workload_jsonl.hpp"

#include <nlohmann/json.hpp>
#include <string>
#include <unordered_map>

#include "workloads/traces/json_lines.hpp"

namespace inferbench {
namespace {

constexpr std::int64_t kVersion = 1;
constexpr std::int64_t kMostPriority = 1'000'000;  // either way of 0; the format's own limit

class WorkloadJsonlReader final : public RowReader {
 public:
  WorkloadJsonlReader(std::unique_ptr<ByteSource> source, const TraceOptions& options)
      : RowReader(source->name(), options), lines_(std::move(source)) {}

  Tokens block_tokens() const override { return block_tokens_; }
  std::string place() const override { return lines_.place()(); }

  std::vector<std::string> notes() const override {
    std::vector<std::string> notes = written_notes_;
    for (std::string& note : RowReader::notes()) notes.push_back(std::move(note));
    return notes;
  }

 protected:
  bool read_row(Request& request) override {
    for (;;) {
      seen_ = {};
      const auto use = [&](std::string_view key, JsonValue value) { use_key(request, key, value); };
      if (!lines_.next(use)) return false;
      if (!seen_.header) break;
      if (ordinal() > 0) {
        throw RowError(place(), "a header after the first request", "expected it on line 1");
      }
    }
    if (!seen_.arrival) refuse_missing("arrival_ns", lines_.place());
    if (!seen_.input) refuse_missing("input_tokens", lines_.place());
    if (!seen_.output) refuse_missing("output_tokens", lines_.place());
    check(request);
    return true;
  }

 private:
  struct Seen {
    bool header = false, arrival = false, input = false, output = false;
  };

  void use_key(Request& request, std::string_view key, JsonValue value) {
    const Place& place = lines_.place();
    if (key == "arrival_ns") {
      request.arrival = Time(Duration(json_integer(value, key, 0, place)));
      seen_.arrival = true;
    } else if (key == "input_tokens") {
      request.input = Tokens(json_integer(value, key, 1, place));
      seen_.input = true;
    } else if (key == "output_tokens") {
      request.output = Tokens(json_integer(value, key, 1, place));
      seen_.output = true;
    } else if (key == "max_output_tokens") {
      request.max_output = Tokens(json_integer(value, key, 1, place));
    } else if (key == "priority") {
      const std::int64_t priority = json_integer(value, key, -kMostPriority, place);
      if (priority > kMostPriority) {
        throw RowError(place(), "priority is " + std::to_string(priority),
                       "expected at most " + std::to_string(kMostPriority));
      }
      request.priority = static_cast<std::int32_t>(priority);
    } else if (key == "prefix_blocks") {
      json_hashes(value, key, request.prefix_blocks, place);
    } else if (key == "session") {
      const SessionId own(ordinal());
      request.session = sessions_.try_emplace(json_label(value, key, place), own).first->second;
    } else {
      use_header_key(key, value);
    }
  }

  void use_header_key(std::string_view key, JsonValue value) {
    const Place& place = lines_.place();
    if (key == "inferbench_workload") {
      const std::int64_t version = json_integer(value, key, 1, place);
      if (version > kVersion) {
        throw Error(place(), "version " + std::to_string(version) + " of the format",
                    "this program reads version 1", "use a newer inferbench");
      }
      seen_.header = true;
    } else if (key == "block_tokens") {
      block_tokens_ = Tokens(json_integer(value, key, 0, place));
    } else if (key == "notes") {
      for (auto note : value.get_array()) {
        written_notes_.push_back(json_label(note.value(), key, place));
      }
    } else if (key != "name" && key != "source") {
      throw RowError(place(), "unknown key \"" + std::string(key) + "\"",
                     "known: arrival_ns, input_tokens, output_tokens, max_output_tokens, priority, "
                     "session, prefix_blocks");
    }
  }

  void check(Request& request) {
    if (request.max_output.count() != 0 && request.max_output < request.output) {
      throw RowError(place(), "max_output_tokens is below output_tokens",
                     "an answer ends at max_output_tokens");
    }
    if (request.prefix_blocks.empty()) return;
    if (block_tokens_.count() == 0) {
      throw Error(place(), "prefix_blocks without their size",
                  "the first line must be a header with \"block_tokens\"",
                  "{\"inferbench_workload\": 1, \"block_tokens\": 16}");
    }
    if (trim_prefix_blocks(request, block_tokens_)) {
      throw RowError(place(), "more prefix_blocks than input_tokens have room for",
                     "expected at most one per " + std::to_string(block_tokens_.count()) +
                         " tokens, the last one partial");
    }
  }

  JsonLines lines_;
  Seen seen_;
  Tokens block_tokens_{0};
  std::vector<std::string> written_notes_;
  std::unordered_map<std::string, SessionId> sessions_;
};

}  // namespace

std::unique_ptr<RequestStream> read_workload_jsonl(std::unique_ptr<ByteSource> source,
                                                   const TraceOptions& options) {
  return std::make_unique<WorkloadJsonlReader>(std::move(source), options);
}

std::string workload_jsonl_header(const WorkloadInfo& info) {
  nlohmann::ordered_json header;
  header["inferbench_workload"] = kVersion;
  header["name"] = info.name;
  header["source"] = info.source;
  if (info.block_tokens.count() > 0) header["block_tokens"] = info.block_tokens.count();
  if (!info.notes.empty()) header["notes"] = info.notes;
  // A file name need not be UTF-8.
  return header.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

void append_workload_jsonl(std::string& out, const Request& request, bool with_session) {
  const auto number = [&](const char* key, std::int64_t value) {
    out += key;
    out += std::to_string(value);
  };
  number("{\"arrival_ns\":", request.arrival.time_since_epoch().count());
  number(",\"input_tokens\":", request.input.count());
  number(",\"output_tokens\":", request.output.count());
  number(",\"max_output_tokens\":", request.max_output.count());
  if (request.priority != 0) number(",\"priority\":", request.priority);
  if (with_session) number(",\"session\":", request.session.value);
  if (!request.prefix_blocks.empty()) {
    out += ",\"prefix_blocks\":[";
    for (const std::uint64_t hash : request.prefix_blocks) {
      out += std::to_string(hash);
      out += ',';
    }
    out.back() = ']';
  }
  out += "}\n";
}

}  // namespace inferbench
