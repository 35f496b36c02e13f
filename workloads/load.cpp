#include "workloads/load.hpp"

#include "harness/base/error.hpp"
#include "harness/base/text_table.hpp"
#include "workloads/closed_loop.hpp"
#include "workloads/open_loop.hpp"
#include "workloads/stages.hpp"
#include "workloads/stream_profile.hpp"
#include "workloads/text_values.hpp"
#include "workloads/workload_spec.hpp"

namespace inferbench {
namespace {

// A loaded workload as a stream of its own.
class InMemory final : public RequestStream {
 public:
  explicit InMemory(std::shared_ptr<const Workload> workload) : workload_(std::move(workload)) {}

  bool next(Request& request) override {
    if (next_ == workload_->requests.size()) return false;
    request = workload_->requests[next_++];
    return true;
  }
  Tokens block_tokens() const override { return workload_->block_tokens; }
  std::string place() const override {
    return workload_->name + ": request " + std::to_string(next_ - 1);
  }

 private:
  std::shared_ptr<const Workload> workload_;
  std::size_t next_ = 0;
};

bool has_window(const WorkloadOptions& options) {
  return options.window_begin || options.window_end;
}

// The requests that will be offered, in order, before anything that needs to know them all.
Stream selected(const WorkloadSpec& spec, const WorkloadOptions& options) {
  Stream stream = spec.open();
  const bool closed = options.concurrency.has_value();
  if (spec.timed) {
    stream = options.sort ? sorted(std::move(stream)) : checked_order(std::move(stream));
    if (spec.rebase) stream = rebased(std::move(stream));
  } else {
    // All at once, an endless stream would begin without end; otherwise the cut comes after the
    // arrivals, so that the first 100 of 1,000 requests are the 100.
    if (spec.requests && (closed || spec.at_once)) {
      stream = first_requests(std::move(stream), *spec.requests);
    }
    if (!closed) stream = timed(std::move(stream), spec.arrivals(), spec.gap, options.seed);
    if (spec.requests) stream = first_requests(std::move(stream), *spec.requests);
  }
  if (has_window(options) && !spec.window_done) {
    stream = windowed(std::move(stream), options.window_begin.value_or(Duration(0)),
                      options.window_end.value_or(Duration::max()));
  }
  if (options.requests) stream = first_requests(std::move(stream), *options.requests);
  return stream;
}

void check_options(const WorkloadOptions& options) {
  if (options.rate && options.concurrency) {
    throw Error("--rate", "stands beside --concurrency",
                "in closed loop an answer's end sets the next arrival", "leave one of them out");
  }
  if (options.rate && options.time_scale != 1.0) {
    throw Error("--time-scale", "stands beside --rate", "both rescale the time line",
                "leave one of them out");
  }
}

// What is decided once the requests are known.
struct Plan {
  StreamProfile profile;
  double time_factor = 1;
  Duration jitter{0};
  WorkloadInfo info;
};

double time_factor(const WorkloadSpec& spec, const WorkloadOptions& options,
                   const StreamProfile& profile, std::vector<std::string>& notes) {
  if (options.concurrency) return 1;
  if (!options.rate || spec.rate_done) {
    if (options.time_scale != 1.0) {
      notes.push_back("arrival times multiplied by " + significant(options.time_scale));
    }
    return options.time_scale;
  }
  if (profile.rate() == 0) {
    throw Error("--rate", "all requests of " + spec.source + " arrive at once",
                "there is no rate to rescale");
  }
  notes.push_back("rescaled from " + significant(profile.rate(), 4) + " to " +
                  significant(*options.rate, 4) + " requests/s");
  return profile.rate() / *options.rate;
}

Duration jitter_quantum(const WorkloadOptions& options, const StreamProfile& profile,
                        std::vector<std::string>& notes) {
  if (options.concurrency || profile.quantum.count() == 0) {
    if (options.jitter && !options.concurrency) {
      notes.emplace_back("--jitter had nothing to do: timestamps are not quantised");
    }
    return Duration(0);
  }
  const std::string what =
      with_commas(static_cast<long long>(profile.requests)) + " requests share " +
      with_commas(static_cast<long long>(profile.timestamps)) + " timestamps about " +
      human_seconds(seconds(profile.quantum).count()) + " apart";
  if (!options.jitter) {
    notes.push_back("quantised arrivals: " + what +
                    "; replayed as given, in bursts (--jitter spreads them)");
    return Duration(0);
  }
  notes.push_back("jittered arrivals: " + what + "; spread uniformly inside each, seed " +
                  std::to_string(options.seed));
  return profile.quantum;
}

void note_max_output(const WorkloadOptions& options, const StreamProfile& profile,
                     std::vector<std::string>& notes) {
  if (options.max_output.policy == MaxOutput::Policy::oracle) {
    notes.emplace_back("schedulers know the length of each answer (--max-output oracle)");
  }
  if (profile.cut_outputs > 0) {
    notes.push_back(with_commas(static_cast<long long>(profile.cut_outputs)) +
                    " answers end at --max-output " +
                    std::to_string(options.max_output.tokens.count()) + " tokens");
  }
}

[[noreturn]] void refuse_empty(const WorkloadSpec& spec, const WorkloadOptions& options) {
  if (has_window(options)) {
    throw Error("--window", "no request of " + spec.source + " arrives in it",
                "times count from the first arrival",
                "`inferbench workload describe` shows the span");
  }
  throw Error(spec.source, "makes no request", "expected at least one");
}

Plan plan(const WorkloadSpec& spec, const WorkloadOptions& options) {
  check_options(options);
  Plan result;
  const Stream stream = selected(spec, options);
  const Tokens cap =
      options.max_output.policy == MaxOutput::Policy::fixed ? options.max_output.tokens : Tokens(0);
  result.profile = profile(*stream, cap);
  if (result.profile.requests == 0) refuse_empty(spec, options);
  WorkloadInfo& info = result.info;
  info.name = spec.name;
  info.source = spec.source;
  info.block_tokens = stream->block_tokens();
  info.requests = result.profile.requests;
  info.concurrency = options.concurrency;
  info.conversations = result.profile.conversations;
  info.notes = spec.notes;
  for (std::string& note : stream->notes()) info.notes.push_back(std::move(note));
  if (has_window(options)) {
    info.notes.push_back("arrivals from " +
                         duration_text(options.window_begin.value_or(Duration(0))) + " to " +
                         (options.window_end ? duration_text(*options.window_end) : "the end"));
  }
  result.jitter = jitter_quantum(options, result.profile, info.notes);
  result.time_factor = time_factor(spec, options, result.profile, info.notes);
  note_max_output(options, result.profile, info.notes);
  return result;
}

Stream finished(const WorkloadSpec& spec, const WorkloadOptions& options, const Plan& plan) {
  Stream stream = selected(spec, options);
  if (plan.jitter.count() > 0) stream = jittered(std::move(stream), plan.jitter, options.seed);
  if (plan.time_factor != 1.0) stream = time_scaled(std::move(stream), plan.time_factor);
  return with_max_output(std::move(stream), options.max_output, plan.profile.longest_output);
}

std::unique_ptr<RequestSource> open(const WorkloadSpec& spec, const WorkloadOptions& options) {
  Plan known = plan(spec, options);
  Stream stream = finished(spec, options, known);
  if (!options.concurrency) {
    return std::make_unique<OpenLoopSource>(std::move(stream), std::move(known.info));
  }
  std::string note = "closed loop of " + with_commas(*options.concurrency) + " users";
  if (options.think_time.mean.count() > 0) {
    note += std::string(", think time ") +
            (options.think_time.exponential ? "exponential, mean " : "") +
            duration_text(options.think_time.mean);
  }
  if (spec.timed) note += "; the trace's arrival times are not used";
  known.info.notes.push_back(std::move(note));
  if (spec.timed && known.profile.conversations) stream = grouped(std::move(stream));
  return std::make_unique<ClosedLoopSource>(std::move(stream), *options.concurrency,
                                            options.think_time, options.seed,
                                            std::move(known.info));
}

}  // namespace

std::unique_ptr<RequestSource> open_source(std::string_view spec, const WorkloadOptions& options) {
  return open(understand(spec, options), options);
}

std::unique_ptr<RequestSource> open_source(std::shared_ptr<const Workload> workload,
                                           const WorkloadOptions& options) {
  WorkloadSpec spec;
  spec.name = workload->name;
  spec.source = workload->source;
  spec.notes = workload->notes;
  spec.open = [workload = std::move(workload)] { return std::make_unique<InMemory>(workload); };
  return open(spec, options);
}

Workload load_workload(std::string_view spec, const WorkloadOptions& options) {
  const WorkloadSpec understood = understand(spec, options);
  WorkloadOptions open_loop = options;
  open_loop.concurrency.reset();
  Plan known = plan(understood, open_loop);
  const Stream stream = finished(understood, open_loop, known);
  Workload workload;
  workload.name = std::move(known.info.name);
  workload.source = std::move(known.info.source);
  workload.block_tokens = known.info.block_tokens;
  workload.notes = std::move(known.info.notes);
  workload.requests.reserve(known.profile.requests);
  Request request;
  while (stream->next(request)) {
    request.id = RequestId(workload.requests.size());
    workload.requests.push_back(request);
  }
  return workload;
}

}  // namespace inferbench
