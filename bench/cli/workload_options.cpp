#include "bench/cli/workload_options.hpp"

#include <CLI/CLI.hpp>
#include <functional>

#include "harness/base/error.hpp"
#include "workloads/text_values.hpp"

namespace inferbench {
namespace {

constexpr const char* kWorkloadGroup = "Workload";

ThinkTime parse_think_time(const std::string& text) {
  const std::string place = "--think-time";
  if (text.starts_with("exp:")) {
    return {.mean = parse_duration(text.substr(4), place), .exponential = true};
  }
  return {.mean = parse_duration(text, place), .exponential = false};
}

TurnLengths parse_turns(const std::string& text) {
  if (text == "cumulative") return TurnLengths::cumulative;
  if (text == "incremental") return TurnLengths::incremental;
  if (text == "first") return TurnLengths::first;
  throw unknown_name("--turns", "kind of turn lengths", text,
                     {"cumulative", "incremental", "first"});
}

MaxOutput parse_max_output(const std::string& text) {
  if (text == "longest") return {};
  if (text == "oracle") return {.policy = MaxOutput::Policy::oracle, .tokens = Tokens(0)};
  if (text.empty() || text[0] < '0' || text[0] > '9') {
    throw Error("--max-output", "\"" + text + "\" is neither a number nor a policy",
                "expected tokens, \"longest\" or \"oracle\"");
  }
  return {.policy = MaxOutput::Policy::fixed, .tokens = Tokens(parse_count(text, "--max-output"))};
}

void parse_window(const std::string& text, WorkloadOptions& options) {
  const std::size_t colon = text.find(':');
  const std::string rule = "expected BEGIN:END, e.g. 10m:20m, 10m: or :20m";
  if (colon == std::string::npos) throw Error("--window", "\"" + text + "\" has no \":\"", rule);
  const std::string begin = text.substr(0, colon), end = text.substr(colon + 1);
  if (!begin.empty()) options.window_begin = parse_duration(begin, "--window");
  if (!end.empty()) options.window_end = parse_duration(end, "--window");
  if (options.window_end && *options.window_end <= options.window_begin.value_or(Duration(0))) {
    throw Error("--window", "\"" + text + "\" ends before it begins", rule);
  }
}

void add_text(CLI::App& verb, const std::string& name, const std::string& type,
              const std::string& help, const std::function<void(const std::string&)>& use) {
  verb.add_option_function<std::string>(name, use, help)->type_name(type)->group(kWorkloadGroup);
}

}  // namespace

void add_workload_reading_options(CLI::App& verb, WorkloadOptions& options) {
  WorkloadOptions* const o = &options;
  add_text(verb, "--seed", "N", "seed of every random stream (default 0)",
           [o](const std::string& text) {
             o->seed = static_cast<std::uint64_t>(parse_count(text, "--seed", 0));
           });
  add_text(verb, "--requests", "N", "only the first N requests",
           [o](const std::string& text) { o->requests = parse_count(text, "--requests"); });
  add_text(verb, "--rate", "R", "requests per second; rescales a trace's time line",
           [o](const std::string& text) { o->rate = parse_positive(text, "--rate"); });
  add_text(verb, "--time-scale", "X", "multiplies arrival times (0.5: twice the load)",
           [o](const std::string& text) { o->time_scale = parse_positive(text, "--time-scale"); });
  add_text(verb, "--window", "BEGIN:END", "only arrivals of this part of a trace, e.g. 10m:20m",
           [o](const std::string& text) { parse_window(text, *o); });
  add_text(verb, "--concurrency", "N", "closed loop: this many users, one request each at a time",
           [o](const std::string& text) { o->concurrency = parse_count(text, "--concurrency"); });
  add_text(verb, "--think-time", "TIME",
           "pause of a user between answer and next request: 5s, exp:5s",
           [o](const std::string& text) { o->think_time = parse_think_time(text); });
  add_text(verb, "--turns", "KIND",
           "rows of a conversation count: cumulative (history included) | incremental; or use the "
           "first turns only: first",
           [o](const std::string& text) { o->turns = parse_turns(text); });
  add_text(verb, "--max-output", "TOKENS",
           "what the scheduler knows of an answer's length: longest (default) | N (longer answers "
           "end there) | oracle",
           [o](const std::string& text) { o->max_output = parse_max_output(text); });
  verb.add_flag("--jitter", options.jitter, "spread quantised arrivals inside their quantum")
      ->group(kWorkloadGroup);
  verb.add_flag("--sort", options.sort, "load and sort a trace whose rows are not in order")
      ->group(kWorkloadGroup);
  verb.add_flag("--skip-invalid", options.skip_invalid, "skip and count rows that cannot be used")
      ->group(kWorkloadGroup);
}

void add_workload_options(CLI::App& verb, WorkloadArguments& arguments, bool required) {
  verb.add_option("--workload", arguments.spec,
                  "azure:FILE, mooncake:FILE, ..., a generator, a preset or sample:NAME "
                  "(`inferbench list workloads`)")
      ->type_name("SPEC")
      ->required(required)
      ->group(kWorkloadGroup);
  add_workload_reading_options(verb, arguments.options);
}

}  // namespace inferbench
