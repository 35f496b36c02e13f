#include "tests/unit/replay/replay_support.hpp"

#include <algorithm>
#include <memory>

#include "harness/base/random.hpp"

namespace inferbench::testing_support {

UsersSource::UsersSource(std::vector<Request> requests, std::size_t users, Duration think)
    : requests_(std::move(requests)), due_(std::min(users, requests_.size())), think_(think) {}

Time UsersSource::next_arrival() const {
  return next_ < requests_.size() && !due_.empty() ? due_.front() : kNever;
}

Request UsersSource::pop() {
  Request request = requests_[next_++];
  request.arrival = due_.front();
  due_.erase(due_.begin());
  return request;
}

void UsersSource::ended(const Request& /*request*/, Time when) {
  due_.insert(std::upper_bound(due_.begin(), due_.end(), when + think_), when + think_);
}

std::vector<Request> requests(const std::vector<Ask>& asks) {
  std::vector<Request> list;
  for (const Ask& ask : asks) {
    Request request;
    request.id = RequestId(list.size());
    request.arrival = Time(ask.arrival);
    request.input = Tokens(ask.input);
    request.output = request.max_output = Tokens(ask.output);
    list.push_back(request);
  }
  return list;
}

std::vector<Request> random_requests(std::uint64_t seed, std::size_t n, std::int64_t longest_input,
                                     std::int64_t longest_output, Duration mean_gap) {
  RandomStream random(seed, "random_requests");
  std::vector<Ask> asks;
  Duration at{};
  for (std::size_t i = 0; i < n; ++i) {
    at += Duration(static_cast<Duration::rep>(
        random.exponential(static_cast<double>(mean_gap.count()) + 1e-9)));
    asks.push_back({at, random.between(1, longest_input), random.between(1, longest_output)});
  }
  std::vector<Request> list = requests(asks);
  for (Request& request : list) {
    request.max_output += Tokens(random.between(0, longest_output));
  }
  return list;
}

KvOptions random_kv(RandomStream& random, Tokens block_tokens) {
  KvOptions kv;
  if (random.below(6) == 0) {
    kv.layout = KvOptions::Layout::contiguous;
    return kv;
  }
  if (random.below(2) == 0) {
    kv.preemption = KvOptions::Preemption::swap;
    kv.host = Tokens(random.between(0, 200));
  }
  if (random.below(2) == 0) {
    kv.prefix_cache = true;
    // Hashes of whole blocks, of parts of them, and of neither.
    const std::int64_t block = block_tokens.count();
    kv.hash_tokens =
        Tokens(random.below(3) == 0 ? random.between(1, 30) : block * random.between(1, 3));
    if (random.below(2) == 0) {
      const Tokens unit = std::max(kv.hash_tokens, block_tokens);
      kv.cpu_tier = unit * random.between(1, 6);
    }
  }
  return kv;
}

void add_prefixes(std::vector<Request>& requests, RandomStream& random, Tokens hash_tokens) {
  if (hash_tokens == Tokens(0)) return;
  const std::int64_t hash = hash_tokens.count();
  for (Request& request : requests) {
    request.session = SessionId(random.below(requests.size()));
    request.prefix_blocks.resize(
        static_cast<std::size_t>((request.input.count() + hash - 1) / hash));
    for (auto& block : request.prefix_blocks) block = random.below(8) == 0 ? 1 : 0;
  }
}

StepResult TokenCostExecutor::run(const BatchPlan& plan) {
  Duration stage(1000);
  for (const BatchItem& item : plan.items) stage += Duration(item.new_tokens.count() * 10);
  StepResult result;
  result.timing.stage = stage;
  result.timing.elapsed = stage * stages_ + Duration(7) * (stages_ - 1);
  // Of drafted tokens as many are accepted as request and place in the sequence say.
  for (const BatchItem& item : plan.items) {
    const std::int64_t pick = item.request.value * 7 + item.context.count() * 3;
    result.accepted.push_back(
        item.decode ? static_cast<std::int32_t>(pick % item.new_tokens.count()) : 0);
  }
  return result;
}

SchedulerOptions roomy() {
  SchedulerOptions options;
  options.kv_blocks = 1'000'000;
  return options;
}

namespace {

class Collect final : public RecordSink {
 public:
  explicit Collect(Replayed& out) : out_(out) {}
  void accept(RequestRecord record) override {
    out_.order.push_back(record.id);
    out_.records.push_back(std::move(record));
  }

 private:
  Replayed& out_;
};

void sort_by_id(std::vector<RequestRecord>& records) {
  std::sort(records.begin(), records.end(),
            [](const auto& left, const auto& right) { return left.id < right.id; });
}

Replayed replay_engine(RequestSource& source, Executor& executor, const ReplayOptions& options) {
  Replayed out;
  Collect sink(out);
  SimulatedClock clock;
  const auto scheduler = make_scheduler(options.policy, options.scheduler);
  Engine engine(*scheduler, executor, clock,
                {.stages = static_cast<int>(options.scheduler.steps_in_flight),
                 .cut = options.cut,
                 .observer = options.observer});
  engine.serve(source, sink);
  out.stats = {engine.stats()};
  return out;
}

Replayed replay_fleet(RequestSource& source, Executor& executor, const ReplayOptions& options) {
  Replayed out;
  Collect sink(out);
  SimulatedClock clock;
  std::vector<std::unique_ptr<Scheduler>> schedulers;
  std::vector<FleetMember> members;
  for (std::size_t i = 0; i < options.replicas; ++i) {
    schedulers.push_back(make_scheduler(options.policy, options.scheduler));
    members.push_back({.scheduler = schedulers.back().get(), .executor = &executor});
  }
  const auto router = make_router(options.router);
  Fleet fleet(members, *router, clock,
              {.stages = static_cast<int>(options.scheduler.steps_in_flight),
               .cut = options.cut,
               .observer = options.observer});
  fleet.serve(source, sink);
  out.stats = fleet.stats();
  return out;
}

}  // namespace

Replayed replay(RequestSource& source, Executor& executor, const ReplayOptions& options) {
  Replayed out = options.replicas == 0 ? replay_engine(source, executor, options)
                                       : replay_fleet(source, executor, options);
  sort_by_id(out.records);
  return out;
}

Replayed replay(const std::vector<Request>& requests, Executor& executor,
                const ReplayOptions& options) {
  ListSource source(requests);
  return replay(source, executor, options);
}

Replayed replay(const std::vector<Request>& requests, Duration stage,
                const ReplayOptions& options) {
  FixedCostExecutor executor(stage, static_cast<int>(options.scheduler.steps_in_flight));
  return replay(requests, executor, options);
}

}  // namespace inferbench::testing_support
