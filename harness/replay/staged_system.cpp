#include "harness/replay/staged_system.hpp"

#include <algorithm>
#include <map>
#include <queue>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "harness/base/error.hpp"

namespace inferbench {
namespace {

// A request on its way through the graph.
struct Passage {
  Request request;
  std::vector<std::size_t> waits_for;  // by stage: results that are missing
  std::size_t left = 0;                // stages that are not done
  std::size_t running = 0;             // stages beside the model that have it, or hold it waiting
  bool ended = false, handed_over = false;
  Time model_end{};
  RequestRecord record;  // from the model
};

// Source and sink of the model, between the workload and the records of the run. The model's own
// loop drives it.
class Passages final : public RequestSource, public RecordSink {
 public:
  Passages(const StageGraph& graph, RequestSource& source, RecordSink& sink, std::uint64_t seed)
      : graph_(graph),
        source_(source),
        sink_(sink),
        busy_(graph.stages.size()),
        queues_(graph.stages.size()) {
    for (const Stage& stage : graph.stages) random_.emplace_back(seed, "stage " + stage.name);
  }

  // What has reached the model.
  Time next_arrival() const override { return due_.empty() ? kNever : due_.begin()->first; }
  Time next_event() const override {
    const Time done = done_.empty() ? kNever : done_.top().at;
    return std::min({next_arrival(), done, source_.next_event()});
  }
  WorkloadInfo info() const override { return source_.info(); }

  void wake(Time now) override {
    if (now > instant_) hand_over();
    instant_ = now;
    source_.wake(now);
    while (true) {
      if (!done_.empty() && done_.top().at <= now) {
        const Done done = done_.top();
        done_.pop();
        finish(done.request, done.stage, done.at);
      } else if (source_.next_arrival() <= now) {
        enter(source_.pop(), now);
      } else {
        return;
      }
    }
  }

  Request pop() override {
    const auto first = due_.begin();
    Request request = passages_.at(first->second).request;
    request.arrival = first->first;
    due_.erase(first);
    return request;
  }

  // The model is done with a request.
  void accept(RequestRecord record) override {
    const RequestId id = record.id;
    Passage& passage = passages_.at(id);
    passage.model_end = record.ended;
    passage.record = std::move(record);
    passage.record.scheduled = passage.record.issued = passage.request.arrival;
    if (passage.record.outcome == Outcome::completed) {
      finish(id, graph_.model, passage.model_end);
    } else {
      end(passage, passage.model_end);
    }
  }

  // The run is over, and what has not ended was cut off.
  void close(std::optional<Time> cut) {
    for (auto& [id, passage] : passages_) {
      if (passage.ended) continue;
      ensure(cut.has_value(), "without a cut every request passes all stages");
      RequestRecord record;
      record.id = id;
      record.session = passage.request.session;
      record.input = passage.request.input;
      record.output = passage.request.output;
      record.scheduled = record.issued = passage.request.arrival;
      record.reason = Reason::cut;
      passage.record = std::move(record);
      passage.model_end = *cut;
      end(passage, *cut);
    }
    hand_over();
  }

 private:
  struct Done {
    Time at{};
    RequestId request{};
    std::size_t stage = 0;
    // The greatest stands on top: the earliest, ties by request and stage.
    bool operator<(const Done& o) const {
      if (at != o.at) return at > o.at;
      return request != o.request ? request > o.request : stage > o.stage;
    }
  };

  void enter(Request request, Time now) {
    const RequestId id = request.id;
    Passage& passage = passages_[id];
    passage.request = std::move(request);
    passage.left = graph_.stages.size();
    for (const Stage& stage : graph_.stages) passage.waits_for.push_back(stage.after.size());
    for (std::size_t s = 0; s < graph_.stages.size(); ++s) {
      if (graph_.stages[s].after.empty()) reach(passage, s, now);
    }
  }

  void reach(Passage& passage, std::size_t s, Time now) {
    const RequestId id = passage.request.id;
    if (s == graph_.model) {
      due_.emplace(now, id);
      return;
    }
    ++passage.running;
    const std::int64_t concurrency = graph_.stages[s].concurrency;
    if (concurrency > 0 && busy_[s] == concurrency) {
      queues_[s].push(id);
    } else {
      begin(id, s, now);
    }
  }

  void begin(RequestId id, std::size_t s, Time now) {
    ++busy_[s];
    done_.push({now + graph_.stages[s].latency.sample(random_[s].at(id.value)), id, s});
  }

  void finish(RequestId id, std::size_t s, Time now) {
    Passage& passage = passages_.at(id);
    if (s != graph_.model) {
      --passage.running;
      --busy_[s];
      if (!queues_[s].empty()) {
        begin(queues_[s].front(), s, now);
        queues_[s].pop();
      }
    }
    if (passage.ended) {  // at the model, beside this stage
      if (passage.running == 0 && passage.handed_over) passages_.erase(id);
      return;
    }
    for (std::size_t next = s + 1; next < graph_.stages.size(); ++next) {
      for (const std::size_t before : graph_.stages[next].after) {
        if (before == s && --passage.waits_for[next] == 0) reach(passage, next, now);
      }
    }
    if (--passage.left == 0) end(passage, now);
  }

  void end(Passage& passage, Time now) {
    passage.ended = true;
    passage.record.token_times.shift(now - passage.model_end);
    passage.record.ended = now;
    settle_parts(passage.record, TimePart::gaps, TimePart::gaps);
    source_.ended(passage.request, now);
    over_.push_back(passage.request.id);
  }

  // Records of one instant in order of id, as every system hands them out.
  void hand_over() {
    std::sort(over_.begin(), over_.end());
    for (const RequestId id : over_) {
      Passage& passage = passages_.at(id);
      sink_.accept(std::move(passage.record));
      passage.handed_over = true;
      if (passage.running == 0) passages_.erase(id);
    }
    over_.clear();
  }

  const StageGraph& graph_;
  RequestSource& source_;
  RecordSink& sink_;
  std::vector<RandomStream> random_;
  std::vector<std::int64_t> busy_;             // by stage
  std::vector<std::queue<RequestId>> queues_;  // for stages that are full
  std::priority_queue<Done> done_;
  std::map<RequestId, Passage> passages_;
  std::set<std::pair<Time, RequestId>> due_;  // at the model
  std::vector<RequestId> over_;               // ended at this instant
  Time instant_{};
};

}  // namespace

StagedSystem::StagedSystem(StageGraph graph, SystemUnderTest& model, std::uint64_t seed,
                           std::optional<Time> cut)
    : graph_(std::move(graph)), model_(model), seed_(seed), cut_(cut) {}

void StagedSystem::serve(RequestSource& source, RecordSink& sink) {
  Passages passages(graph_, source, sink, seed_);
  model_.serve(passages, passages);
  passages.close(cut_);
}

}  // namespace inferbench
