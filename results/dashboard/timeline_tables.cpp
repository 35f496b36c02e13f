#include <simdjson.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "harness/base/error.hpp"
#include "results/dashboard/column_table.hpp"
#include "results/dashboard/run_tables.hpp"

namespace inferbench {
namespace {

using nlohmann::ordered_json;
using simdjson::dom::element;
using simdjson::dom::object;

constexpr std::uint64_t kMostKernels = 20000;
constexpr std::int64_t kRequestsProcess = 1;  // as harness/timeline names its processes
constexpr std::int64_t kFirstReplica = 2;
constexpr std::int64_t kRankLanes = 1000;

double real_of(const object& json, const char* key) {
  double value = 0;
  return json[key].get(value) == simdjson::SUCCESS ? value : 0;
}

std::int64_t whole_of(const object& json, const char* key) {
  std::int64_t value = 0;
  return json[key].get(value) == simdjson::SUCCESS ? value : 0;
}

std::string_view text_of(const object& json, const char* key) {
  std::string_view value;
  return json[key].get(value) == simdjson::SUCCESS ? value : std::string_view();
}

// One "X", "C" or other event of the trace format; its times are in microseconds.
struct Event {
  explicit Event(const object& json)
      : phase(text_of(json, "ph")),
        name(text_of(json, "name")),
        process(whole_of(json, "pid")),
        lane(whole_of(json, "tid")),
        begin_ms(real_of(json, "ts") / 1e3),
        elapsed_ms(real_of(json, "dur") / 1e3) {
    has_args = json["args"].get(args) == simdjson::SUCCESS;
  }
  std::string_view phase, name;
  std::int64_t process, lane;
  double begin_ms, elapsed_ms;
  object args;
  bool has_args = false;
};

class TimelineTables {
 public:
  void add(const Event& event) {
    if (event.phase == "C" && event.has_args) return count(event);
    if (event.phase != "X") return;
    if (event.process == kRequestsProcess) return request(event);
    if (event.name == "step" || event.name == "lost step") return step(event);
    kernel(event);
  }

  bool has_steps() const { return !steps_.empty(); }

  ordered_json json() const {
    ColumnTable sums;
    for (const auto& [of, sum] : kernel_sums_) {
      sums.begin_row();
      sums.text("name", of.first);
      sums.number("rank", static_cast<double>(of.second));
      sums.number("count", static_cast<double>(sum.first));
      sums.number("total_ms", sum.second);
    }
    return {{"steps", steps_.json()},
            {"requests", requests_json()},
            {"kernels", kernels_.json(kernel_count_)},
            {"kernel_sums", sums.json()}};
  }

 private:
  struct Counters {
    std::optional<double> running, waiting, kv_used;
  };
  struct Lifeline {
    double begin_ms = 0, elapsed_ms = 0, queue_ms = 0, prefill_ms = 0, decode_ms = 0;
    std::int64_t request = 0, input = 0, output = 0, replica = 0, preemptions = 0;
    std::string outcome;
  };

  // What a step found when it began stands before it, at the same instant.
  void count(const Event& event) {
    Counters& at = counters_[{event.process, event.begin_ms}];
    if (event.name == "requests") {
      at.running = real_of(event.args, "running");
      at.waiting = real_of(event.args, "waiting");
    } else if (event.name == "KV blocks") {
      at.kv_used = real_of(event.args, "used");
    }
  }

  void step(const Event& event) {
    steps_.begin_row();
    steps_.number("replica", static_cast<double>(event.process - kFirstReplica));
    steps_.number("lane", static_cast<double>(event.lane));
    steps_.number("begin_ms", event.begin_ms);
    steps_.number("elapsed_ms", event.elapsed_ms);
    if (const auto found = counters_.find({event.process, event.begin_ms});
        found != counters_.end()) {
      steps_.number("running", found->second.running);
      steps_.number("waiting", found->second.waiting);
      steps_.number("kv_blocks_used", found->second.kv_used);
      counters_.erase(found);
    }
    if (event.name != "step") steps_.text("lost", "lost");
    if (event.has_args) step_args(event.args);
  }

  void step_args(const object& args) {
    for (const auto& [key, value] : args) {
      double number = 0;
      if (value.get(number) != simdjson::SUCCESS) continue;
      std::string column(key);
      const bool microseconds = column.ends_with("_us");
      if (microseconds) column.replace(column.size() - 3, 3, "_ms");
      steps_.number(column, microseconds ? number / 1e3 : number);
    }
  }

  void request(const Event& event) {
    Lifeline& latest = latest_[event.lane];
    if (event.name == "queue") {
      latest.queue_ms = event.elapsed_ms;
    } else if (event.name == "prefill") {
      latest.prefill_ms = event.elapsed_ms;
    } else if (event.name == "decode") {
      latest.decode_ms = event.elapsed_ms;
    } else if (event.has_args) {
      if (!latest.outcome.empty()) lifelines_.push_back(latest);
      latest = {.begin_ms = event.begin_ms,
                .elapsed_ms = event.elapsed_ms,
                .request = whole_of(event.args, "request"),
                .input = whole_of(event.args, "input_tokens"),
                .output = whole_of(event.args, "output_tokens"),
                .replica = whole_of(event.args, "replica"),
                .preemptions = whole_of(event.args, "preemptions"),
                .outcome = std::string(text_of(event.args, "outcome"))};
    }
  }

  void kernel(const Event& event) {
    const std::int64_t rank = event.lane > kRankLanes ? event.lane - kRankLanes : 0;
    auto& [count, total_ms] = kernel_sums_[{std::string(event.name), rank}];
    ++count;
    total_ms += event.elapsed_ms;
    if (kernel_count_++ >= kMostKernels) return;
    kernels_.begin_row();
    kernels_.text("name", std::string(event.name));
    kernels_.number("replica", static_cast<double>(event.process - kFirstReplica));
    kernels_.number("rank", static_cast<double>(rank));
    kernels_.number("begin_ms", event.begin_ms);
    kernels_.number("elapsed_ms", event.elapsed_ms);
  }

  ordered_json requests_json() const {
    std::vector<Lifeline> all = lifelines_;
    for (const auto& [lane, latest] : latest_) {
      if (!latest.outcome.empty()) all.push_back(latest);
    }
    std::sort(all.begin(), all.end(), [](const Lifeline& a, const Lifeline& b) {
      return std::pair(a.begin_ms, a.request) < std::pair(b.begin_ms, b.request);
    });
    ColumnTable table;
    for (const Lifeline& one : all) {
      table.begin_row();
      table.number("request", static_cast<double>(one.request));
      table.number("begin_ms", one.begin_ms);
      table.number("elapsed_ms", one.elapsed_ms);
      table.number("queue_ms", one.queue_ms);
      table.number("prefill_ms", one.prefill_ms);
      table.number("decode_ms", one.decode_ms);
      table.text("outcome", one.outcome);
      table.number("input_tokens", static_cast<double>(one.input));
      table.number("output_tokens", static_cast<double>(one.output));
      table.number("replica", static_cast<double>(one.replica));
      table.number("preemptions", static_cast<double>(one.preemptions));
    }
    return table.json();
  }

  ColumnTable steps_, kernels_;
  std::uint64_t kernel_count_ = 0;
  std::map<std::pair<std::string, std::int64_t>, std::pair<std::uint64_t, double>> kernel_sums_;
  std::map<std::pair<std::int64_t, double>, Counters> counters_;  // by process and instant
  std::map<std::int64_t, Lifeline> latest_;                       // by lane
  std::vector<Lifeline> lifelines_;
};

}  // namespace

ordered_json timeline_tables(const std::string& path) {
  simdjson::dom::parser parser;
  element document;
  if (const auto error = parser.load(path).get(document); error != simdjson::SUCCESS) {
    throw Error(path, std::string("is not JSON: ") + simdjson::error_message(error));
  }
  simdjson::dom::array events;
  TimelineTables tables;
  if (document["traceEvents"].get(events) == simdjson::SUCCESS) {
    for (const element event : events) {
      object json;
      if (event.get(json) == simdjson::SUCCESS) tables.add(Event(json));
    }
  }
  if (!tables.has_steps()) {
    throw Error(path, "shows no step of a replay", "other programs' traces are not read",
                "`inferbench replay ... --timeline FILE` writes one that is");
  }
  return tables.json();
}

}  // namespace inferbench
