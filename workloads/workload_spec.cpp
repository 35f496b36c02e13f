#include "workloads/workload_spec.hpp"

#include <algorithm>
#include <filesystem>
#include <map>

#include "harness/base/error.hpp"
#include "harness/base/text_table.hpp"
#include "workloads/samples/samples.hpp"
#include "workloads/synthetic/generator_spec.hpp"
#include "workloads/synthetic/presets.hpp"
#include "workloads/text_values.hpp"
#include "workloads/traces/readers.hpp"
#include "workloads/traces/servegen.hpp"
#include "workloads/traces/workload_jsonl.hpp"

namespace inferbench {
namespace {

using Read = std::unique_ptr<RequestStream> (*)(std::unique_ptr<ByteSource>, const TraceOptions&);

struct TraceFormat {
  std::string_view name;
  std::string_view title;
  Read read;
  bool timed = true;   // rows have arrivals
  bool rebase = true;  // which count from an epoch of the trace's own
};

// The trace formats there are; a reader is one file in traces/, one line here and one test.
const std::vector<TraceFormat>& trace_formats() {
  static const std::vector<TraceFormat> list = {
      {"azure", "Azure LLM inference trace 2023 or 2024, CSV", read_azure},
      {"mooncake", "Mooncake trace, JSONL with 512-token prefix blocks", read_mooncake},
      {"burstgpt", "BurstGPT trace, CSV; failed requests are skipped", read_burstgpt},
      {"bailian", "Bailian (Qwen) trace, JSONL with 16-token prefix blocks", read_bailian},
      {"sharegpt", "ShareGPT-shaped JSON with token counts; has no arrivals", read_sharegpt, false,
       false},
      {"jsonl", "inferbench's own JSONL, as `workload convert` writes it", read_workload_jsonl,
       true, false},
  };
  return list;
}

constexpr std::string_view kServeGenTitle =
    "ServeGen client windows (a folder), composed to --rate";

const std::map<std::string, std::string>& generator_titles() {
  static const std::map<std::string, std::string> titles = {
      {"poisson", "memoryless arrivals: poisson:rate=2,isl=uniform(800,1000),osl=200"},
      {"gamma", "bursty arrivals: gamma:rate=2,burstiness=0.5,isl=1024,osl=128"},
      {"weibull", "bursty arrivals: weibull:rate=2,cv=2,isl=1024,osl=128"},
      {"constant", "equal gaps: constant:rate=ramp(1,10,60s),isl=1024,osl=128"},
      {"at-once", "all at time 0, or closed loop: at-once:isl=1024,osl=128,requests=100"},
  };
  return titles;
}

TraceOptions trace_options(const WorkloadOptions& options) {
  return {.turns = options.turns, .skip_invalid = options.skip_invalid};
}

// Requests of another workload, for empirical(SPEC).
void for_each_request(std::string_view spec, const WorkloadOptions& options,
                      const std::function<void(const Request&)>& use) {
  WorkloadOptions reading;
  reading.turns = options.turns;
  reading.skip_invalid = options.skip_invalid;
  reading.seed = options.seed;
  const WorkloadSpec other = understand(spec, reading);
  const auto stream = other.open();
  Request request;
  std::int64_t left = other.requests.value_or(std::numeric_limits<std::int64_t>::max());
  while (left-- > 0 && stream->next(request)) use(request);
}

LoadForGenerator load_for_generator(const WorkloadOptions& options) {
  LoadForGenerator load;
  load.lengths = [options](std::string_view spec, LengthKind kind) {
    std::map<std::int64_t, std::int64_t> counts;
    for_each_request(spec, options, [&](const Request& request) {
      ++counts[(kind == LengthKind::input ? request.input : request.output).count()];
    });
    return LengthCounts(counts.begin(), counts.end());
  };
  load.pairs = [options](std::string_view spec) {
    std::vector<std::pair<Tokens, Tokens>> pairs;
    for_each_request(spec, options, [&](const Request& request) {
      pairs.emplace_back(request.input, request.output);
    });
    return pairs;
  };
  return load;
}

WorkloadSpec understand_trace(const TraceFormat& format, const std::string& path,
                              const WorkloadOptions& options) {
  WorkloadSpec spec;
  std::filesystem::path stem = std::filesystem::path(path).filename();
  if (stem.extension() == ".gz") stem = stem.stem();
  spec.name = stem.stem().string();
  spec.source = std::string(format.name) + ":" + path;
  spec.timed = format.timed;
  spec.rebase = format.rebase;
  const Read read = format.read;
  spec.open = [read, path, reading = trace_options(options)] {
    return read(open_file(path), reading);
  };
  if (format.timed) return spec;
  // No arrivals in the file: Poisson at the rate asked for, or all at once.
  spec.at_once = !options.rate;
  spec.rate_done = true;
  spec.arrivals = [seed = options.seed, rate = options.rate] {
    return ArrivalProcess(rate ? GapFamily::poisson : GapFamily::at_once, 1,
                          RateProfile::constant(rate.value_or(1)), RandomStream(seed, "arrivals"));
  };
  if (options.think_time.mean.count() > 0) spec.gap = options.think_time;
  spec.notes.push_back(options.rate ? "arrivals are Poisson, seed " + std::to_string(options.seed) +
                                          ": the file has none"
                                    : "all requests arrive at once: the file has no arrivals");
  return spec;
}

WorkloadSpec understand_servegen(const std::string& folder, const WorkloadOptions& options) {
  const auto clients = std::make_shared<const ServeGenClients>(read_servegen(folder));
  const double end_of_trace = end_of(*clients);
  const double begin = seconds(options.window_begin.value_or(Duration(0))).count();
  const double end = options.window_end
                         ? std::min(seconds(*options.window_end).count(), end_of_trace)
                         : end_of_trace;
  const double native = begin < end ? mean_rate(*clients, begin, end) : 0;
  if (native == 0) {
    throw Error("--window", "no client of " + folder + " is active in it",
                "the trace spans 0 s to " + significant(end_of_trace, 6) + " s");
  }
  const double scale = options.rate.value_or(native) / native;
  WorkloadSpec spec;
  spec.name = std::filesystem::path(folder).lexically_normal().filename().string();
  if (spec.name.empty()) spec.name = "servegen";
  spec.source = "servegen:" + folder + ", seed " + std::to_string(options.seed);
  spec.rate_done = spec.window_done = true;
  spec.open = [clients, begin, end, scale, seed = options.seed] {
    return compose_servegen(clients, begin, end, scale, seed);
  };
  spec.notes.push_back("composed from " + std::to_string(clients->clients.size()) + " clients at " +
                       significant(native * scale, 4) + " requests/s (measured: " +
                       significant(native, 4) + "), seed " + std::to_string(options.seed));
  return spec;
}

// The rate a generator runs at: its own, or --rate with the same profile over time.
RateProfile rate_of(const GeneratorSpec& generator, const WorkloadOptions& options) {
  if (!options.rate) return generator.rate;
  if (generator.family == GapFamily::at_once) return RateProfile::constant(*options.rate);
  return generator.rate.scaled(*options.rate / generator.rate.mean_rate());
}

WorkloadSpec understand_generator(std::string_view text, const WorkloadOptions& options,
                                  bool preset) {
  const GeneratorSpec generator = parse_generator(text, load_for_generator(options));
  WorkloadSpec spec;
  spec.name = std::string(text);
  spec.source = std::string(text) + ", seed " + std::to_string(options.seed);
  spec.timed = false;
  spec.rate_done = true;
  spec.open = [shape = generator.conversations, seed = options.seed] {
    return generate_conversations(shape, seed);
  };
  GapFamily family = generator.family;
  if (family == GapFamily::at_once && options.rate) {
    if (!preset) {
      throw Error("--rate", "the requests of \"" + std::string(text) + "\" arrive at once",
                  "at-once has no rate", "use poisson:rate=" + significant(*options.rate) + ",...");
    }
    family = GapFamily::poisson;
  }
  spec.at_once = family == GapFamily::at_once;
  spec.arrivals = [family, shape = generator.shape, rate = rate_of(generator, options),
                   seed = options.seed] {
    return ArrivalProcess(family, shape, rate, RandomStream(seed, "arrivals"));
  };
  spec.gap = generator.gap;
  if (options.think_time.mean.count() > 0) spec.gap = options.think_time;
  spec.requests = options.requests ? options.requests : generator.requests;
  return spec;
}

WorkloadSpec understand_preset(const WorkloadPreset& preset, const WorkloadOptions& options) {
  WorkloadSpec spec = understand_generator(preset.generator, options, true);
  spec.name = std::string(preset.name);
  spec.source = std::string(preset.name) + " (" + spec.source + ")";
  if (preset.requests_per_user > 0 && options.concurrency && !options.requests) {
    spec.requests = preset.requests_per_user * *options.concurrency;
  }
  if (options.rate && !options.concurrency) {
    spec.name += " at " + significant(*options.rate) + "/s";
  }
  return spec;
}

WorkloadSpec understand_sample(std::string_view name, const WorkloadOptions& options) {
  const WorkloadSample& sample = find_sample(name);
  WorkloadSpec spec;
  spec.name = std::string(name);
  spec.source = "sample:" + std::string(name);
  spec.open = [&sample, reading = trace_options(options)] {
    return read_workload_jsonl(open_text("sample:" + sample.name, sample.text), reading);
  };
  return spec;
}

[[noreturn]] void refuse(std::string_view text, std::string_view name) {
  if (std::filesystem::exists(std::string(text))) {
    throw Error("workload \"" + std::string(text) + "\"", "is a file, but of which format?",
                "expected FORMAT:FILE", "e.g. azure:" + std::string(text));
  }
  std::vector<std::string> known;
  for (const WorkloadName& entry : workload_names()) {
    known.push_back(entry.kind == "sample" ? entry.name
                                           : entry.name.substr(0, entry.name.find(':')));
  }
  throw unknown_name("--workload", "workload", name, known, "inferbench list workloads");
}

}  // namespace

WorkloadSpec understand(std::string_view text, const WorkloadOptions& options) {
  text = trimmed(text);
  const std::size_t colon = text.find(':');
  const std::string_view name = text.substr(0, colon);
  const std::string rest(colon == std::string_view::npos ? "" : text.substr(colon + 1));
  for (const WorkloadPreset& preset : workload_presets()) {
    if (preset.name == text) return understand_preset(preset, options);
  }
  for (const auto& [generator, title] : generator_titles()) {
    if (generator == name) return understand_generator(text, options, false);
  }
  if (colon == std::string_view::npos) {
    for (const WorkloadSample& sample : workload_samples()) {
      if (sample.name == name) return understand_sample(name, options);
    }
    refuse(text, name);
  }
  if (name == "sample") return understand_sample(rest, options);
  const bool trace =
      name == "servegen" || std::any_of(trace_formats().begin(), trace_formats().end(),
                                        [&](const auto& format) { return format.name == name; });
  if (!trace) refuse(text, name);
  if (rest.empty()) {
    throw Error("--workload", "\"" + std::string(text) + "\" names no file",
                "expected " + std::string(name) + ":FILE");
  }
  if (name == "servegen") return understand_servegen(rest, options);
  const auto format = std::find_if(trace_formats().begin(), trace_formats().end(),
                                   [&](const auto& candidate) { return candidate.name == name; });
  return understand_trace(*format, rest, options);
}

std::vector<WorkloadName> workload_names() {
  std::vector<WorkloadName> names;
  for (const WorkloadSample& sample : workload_samples()) {
    names.push_back({"sample:" + sample.name, "sample", sample.title});
  }
  for (const WorkloadPreset& preset : workload_presets()) {
    names.push_back({std::string(preset.name), "preset", std::string(preset.title)});
  }
  for (const std::string& name : generator_names()) {
    names.push_back({name + ":...", "generator", generator_titles().at(name)});
  }
  for (const TraceFormat& format : trace_formats()) {
    names.push_back({std::string(format.name) + ":FILE", "trace", std::string(format.title)});
  }
  names.push_back({"servegen:DIR", "trace", std::string(kServeGenTitle)});
  return names;
}

}  // namespace inferbench
