#include "harness/timeline/replay_timeline.hpp"

#include <algorithm>
#include <utility>

#include "harness/base/error.hpp"

namespace inferbench {
namespace {

constexpr std::int64_t kRequests = 1;      // process of the requests
constexpr std::int64_t kRankLanes = 1000;  // lanes of ranks other than the first

std::int64_t process_of(std::int32_t replica) {
  return 2 + std::int64_t{replica};
}

double microseconds(Duration time) {
  return static_cast<double>(time.count()) / 1e3;
}

std::string ids_json(std::span<const RequestId> requests) {
  std::string json = "[";
  for (const RequestId id : requests) {
    if (json.size() > 1) json += ',';
    json += std::to_string(id.value);
  }
  return json + "]";
}

TraceArgs step_args(const BatchPlan& plan, const StepTiming& timing,
                    std::span<const RequestId> requests) {
  std::int64_t prompt_tokens = 0, decodes = 0, tokens = 0;
  for (const BatchItem& item : plan.items) {
    tokens += item.new_tokens.count();
    (item.decode ? decodes : prompt_tokens) += item.decode ? 1 : item.new_tokens.count();
  }
  TraceArgs args;
  args.add("step", std::int64_t{plan.step.value}).add("tokens", tokens);
  args.add("prompt_tokens", prompt_tokens).add("decodes", decodes);
  args.add("preempted", static_cast<std::int64_t>(plan.preempted.size()));
  const StepTiming::Parts& parts = timing.parts;
  const std::pair<const char*, Duration> kinds[] = {
      {"gemm_us", parts.gemm},         {"attention_us", parts.attention},
      {"moe_us", parts.moe},           {"elementwise_us", parts.elementwise},
      {"scale_up_us", parts.scale_up}, {"scale_out_us", parts.scale_out},
      {"host_us", parts.host},         {"kv_transfer_us", parts.kv_transfer},
      {"hidden_us", timing.hidden}};
  for (const auto& [key, time] : kinds) {
    if (time > Duration(0)) args.add(key, microseconds(time));
  }
  return args.add_json("requests", ids_json(requests));
}

}  // namespace

ReplayTimeline::ReplayTimeline(std::string path, std::uint64_t steps)
    : file_(std::move(path)), most_(steps) {
  file_.name_process(kRequests, "requests");
}

ReplayTimeline::Replica& ReplayTimeline::replica(std::int32_t index) {
  const auto at = static_cast<std::size_t>(index);
  if (at >= replicas_.size()) replicas_.resize(at + 1);
  Replica& one = replicas_[at];
  if (!std::exchange(one.named, true)) {
    file_.name_process(process_of(index), "replica " + std::to_string(index));
  }
  return one;
}

RequestId ReplayTimeline::own(RequestId request) const {
  const auto found = names_.find(request.value);
  return found == names_.end() ? request : found->second;
}

void ReplayTimeline::queued(std::int32_t, const Request&, Time) {}
void ReplayTimeline::left(std::int32_t, RequestRecord&) {}

void ReplayTimeline::renamed(RequestId before, RequestId now) {
  names_[now.value] = own(before);
}

// Steps in flight at once lie beside each other, in as few lanes as they need.
std::int64_t ReplayTimeline::take_lane(std::int32_t index) {
  std::vector<bool>& lanes = replica(index).lanes;
  const auto free = std::find(lanes.begin(), lanes.end(), false);
  const std::int64_t lane = free - lanes.begin();
  if (free != lanes.end()) {
    *free = true;
    return lane;
  }
  lanes.push_back(true);
  file_.name_lane({process_of(index), lane},
                  lane == 0 ? "steps" : "steps, " + std::to_string(lane + 1) + " in flight");
  return lane;
}

void ReplayTimeline::show_counters(const Begun& step) {
  const std::int64_t process = process_of(step.replica);
  std::int64_t decodes = 0;
  for (const BatchItem& item : step.plan.items) decodes += item.decode ? 1 : 0;
  const auto batch = static_cast<std::int64_t>(step.plan.items.size());
  file_.counter(process, "batch", step.begin,
                TraceArgs().add("decodes", decodes).add("prompts", batch - decodes));
  const SchedulerState state = step.scheduler.state();
  file_.counter(process, "requests", step.begin,
                TraceArgs().add("running", state.running).add("waiting", state.waiting));
  file_.counter(process, "KV blocks", step.begin, TraceArgs().add("used", state.kv_used));
}

void ReplayTimeline::began(const Begun& begun) {
  ++seen_;
  Replica& at = replica(begun.replica);
  Step step;
  step.begin = begun.begin;
  step.shown = shown_ < most_;
  if (step.shown) {
    ++shown_;
    step.lane = take_lane(begun.replica);
    for (const BatchItem& item : begun.plan.items) {
      step.requests.push_back(own(item.request));
      followed_.insert(step.requests.back().value);
    }
    step.args = step_args(begun.plan, begun.result.timing, step.requests);
    for (KernelSpan span : begun.kernels.kernels) {
      span.begin -= begun.kernels.begin;
      span.end -= begun.kernels.begin;
      step.kernels.push_back(span);
    }
    show_counters(begun);
  }
  at.in_flight.push_back(std::move(step));
}

// The step first, then what lies inside it or binds to it.
void ReplayTimeline::show(std::int32_t index, const Step& step, Time end, bool lost) {
  const TraceLane lane{process_of(index), step.lane};
  file_.slice(lane, lost ? "lost step" : "step", step.begin, end - step.begin, step.args);
  for (const KernelSpan& kernel : step.kernels) {
    TraceLane where = lane;
    if (kernel.rank > 0) {
      where.thread = kRankLanes + kernel.rank;
      if (replica(index).ranks.insert(kernel.rank).second) {
        file_.name_lane(where, "rank " + std::to_string(kernel.rank));
      }
    }
    TraceArgs of;
    if (kernel.layer >= 0) of.add("layer", std::int64_t{kernel.layer});
    file_.slice(where, kernel.name, step.begin + kernel.begin, kernel.end - kernel.begin, of);
  }
  for (const RequestId request : step.requests) {
    file_.flow(TraceFile::Flow::step, request.value, lane, step.begin);
  }
}

void ReplayTimeline::end_step(std::int32_t index, Time now, bool lost) {
  Replica& at = replica(index);
  ensure(!at.in_flight.empty(), "a step that ends had begun");
  Step step = std::move(at.in_flight.front());
  at.in_flight.pop_front();
  if (!step.shown) return;
  at.lanes[static_cast<std::size_t>(step.lane)] = false;
  at.last_end = now;
  show(index, step, now, lost);
}

void ReplayTimeline::ended(std::int32_t index, std::span<const Emission>, Time now) {
  end_step(index, now, false);
}

// Only steps that are not shown are taken in strides; the one shown last may begin a stride.
void ReplayTimeline::repeated(std::int32_t index, std::span<const Time> ends,
                              std::span<const StepTiming>) {
  end_step(index, ends.front(), false);
  seen_ += ends.size();
  Step step;
  step.begin = ends.back();
  replica(index).in_flight.push_front(std::move(step));
}

void ReplayTimeline::lost(std::int32_t index, Time now) {
  while (!replica(index).in_flight.empty()) end_step(index, now, true);
}

// The first lane that was free when the request came.
TraceLane ReplayTimeline::request_lane(Time begin, Time end) {
  const auto free = std::find_if(request_lanes_.begin(), request_lanes_.end(),
                                 [&](Time since) { return since <= begin; });
  const TraceLane lane{kRequests, free - request_lanes_.begin()};
  if (free != request_lanes_.end()) {
    *free = end;
  } else {
    request_lanes_.push_back(end);
    file_.name_lane(lane, "requests");
  }
  return lane;
}

void ReplayTimeline::accept(RequestRecord record) {
  const bool followed = followed_.erase(record.id.value) > 0;
  if (!followed && shown_ >= most_) return;
  const Time begin = record.scheduled, end = std::max(record.ended, begin);
  const TraceLane lane = request_lane(begin, end);
  TraceArgs args;
  args.add("request", std::int64_t{record.id.value}).add("outcome", name(record.outcome));
  args.add("input_tokens", record.input.count()).add("output_tokens", record.output.count());
  args.add("replica", std::int64_t{record.replica});
  args.add("preemptions", std::int64_t{record.preemptions});
  file_.slice(lane, "request " + std::to_string(record.id.value), begin, end - begin, args);
  const TokenTimes& tokens = record.token_times;
  const Time admitted = std::clamp(record.admitted.value_or(end), begin, end);
  const Time first = tokens.empty() ? end : std::clamp(tokens.front(), admitted, end);
  const auto phase = [&](const char* name_of, Time from, Time to) {
    if (to > from) file_.slice(lane, name_of, from, to - from);
  };
  phase("queue", begin, admitted);
  phase("prefill", admitted, first);
  phase("decode", first, end);
  if (!followed) return;
  file_.flow(TraceFile::Flow::start, record.id.value, lane, begin);
  file_.flow(TraceFile::Flow::end, record.id.value, lane, std::max(begin, end - Duration(1)));
}

void ReplayTimeline::commit() {
  for (std::size_t i = 0; i < replicas_.size(); ++i) {
    const auto index = static_cast<std::int32_t>(i);
    const Replica& one = replicas_[i];
    const TraceArgs none =
        TraceArgs().add("decodes", std::int64_t{0}).add("prompts", std::int64_t{0});
    if (one.last_end > Time{}) file_.counter(process_of(index), "batch", one.last_end, none);
  }
  file_.commit();
}

}  // namespace inferbench
