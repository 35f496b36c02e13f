#include "harness/collectives/measure.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <mutex>
#include <numeric>

#include "harness/base/random.hpp"
#include "harness/collectives/traffic_model.hpp"
#include "harness/stats/bootstrap.hpp"
#include "kernels/collectives/algorithms.hpp"

namespace inferbench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr const char* kInterrupted = "interrupted before it was measured";

// Buffers of the ranks that this process is: of threads all of them, of MPI one.
class LocalBuffers {
 public:
  LocalBuffers(RankStage& stage, const CollectiveProblem& problem, Transport transport,
               bool in_place)
      : ranks_(static_cast<std::size_t>(problem.ranks)) {
    stage.run(transport, problem.ranks, [&](Communicator& comm) {
      // Each rank touches its own memory first.
      auto own = std::make_unique<RankBuffers>(problem, comm.rank(), in_place);
      own->prepare();
      ranks_[static_cast<std::size_t>(comm.rank())] = std::move(own);
    });
  }
  RankBuffers& of(const Communicator& comm) {
    return *ranks_[static_cast<std::size_t>(comm.rank())];
  }

 private:
  std::vector<std::unique_ptr<RankBuffers>> ranks_;
};

// Something that is sampled: a collective, or a probe for the model.
struct Timed {
  TimedSubject timed;
  Transport transport = Transport::threads;
  std::function<void(Communicator&)> body;
};

class Point {
 public:
  Point(RankStage& stage, const CollectiveProblem& problem, const CollectiveOptions& options)
      : stage_(stage), problem_(problem), options_(options) {}

  CollectivePoint measure(std::span<const CollectiveSubject> subjects) {
    CollectivePoint point{.problem = problem_, .results = {}};
    for (const CollectiveSubject& subject : subjects) {
      if (!interrupted()) point.results.push_back(checked(subject));
    }
    if (interrupted()) return unvisited_point(problem_, subjects);
    for (CollectiveResult& result : point.results) {
      if (!result.skipped.empty() || result.wrong > 0) continue;
      of_result_.push_back(&result);
      add(result.subject);
    }
    add_probes();
    take_samples();
    point.interrupted = interrupted_;
    if (interrupted_ && rounds_ < options_.fewest) {
      for (CollectiveResult* result : of_result_) result->skipped = kInterrupted;
    } else {
      hand_out(point);
    }
    return point;
  }

 private:
  LocalBuffers& buffers(Transport transport, bool in_place) {
    std::unique_ptr<LocalBuffers>& kept =
        buffers_[(transport == Transport::mpi ? 2U : 0U) + (in_place ? 1U : 0U)];
    if (!kept) kept = std::make_unique<LocalBuffers>(stage_, problem_, transport, in_place);
    return *kept;
  }

  // Was any process asked to stop? All of them ask at the same places.
  bool interrupted() {
    const bool asked = options_.interrupted && options_.interrupted();
    interrupted_ = interrupted_ || stage_.sum(asked ? 1 : 0) > 0;
    return interrupted_;
  }

  CollectiveResult checked(const CollectiveSubject& subject);
  void add(const CollectiveSubject& subject);
  void add_probes();
  void calibrate(Timed& subject);
  void take_samples();
  void sample(Timed& subject, std::int64_t round);
  void drop_round(std::int64_t round);
  void finish_all(StopReason stop);
  void finish(TimedSubject& timed) const;
  void hand_out(CollectivePoint& point);
  std::optional<double> of_model(const CollectiveResult& result,
                                 const CollectivePoint& point) const;

  RankStage& stage_;
  const CollectiveProblem& problem_;
  const CollectiveOptions& options_;
  std::unique_ptr<LocalBuffers> buffers_[4];
  std::vector<CollectiveResult*> of_result_;  // beside the first of timed_
  std::vector<Timed> timed_;
  std::size_t copy_ = 0, barrier_ = 0;  // in timed_; 0: no probes
  double piece_bytes_ = 1;              // of threads
  std::int64_t rounds_ = 0;             // whole ones
  bool interrupted_ = false;
};

CollectiveResult Point::checked(const CollectiveSubject& subject) {
  CollectiveResult result;
  result.subject = subject;
  const Support support = supports(*subject.implementation, problem_.ranks, problem_.type,
                                   problem_.reduction, subject.transport == Transport::mpi);
  if (!support.ok) {
    result.skipped = support.reason;
    return result;
  }
  LocalBuffers& local = buffers(subject.transport, subject.in_place);
  std::mutex one_at_a_time;
  stage_.run(subject.transport, problem_.ranks, [&](Communicator& comm) {
    RankBuffers& own = local.of(comm);
    own.prepare();
    comm.barrier();
    subject.implementation->run(comm, own.call());
    comm.barrier();
    const RankBuffers::Result verified = own.verify();
    const std::lock_guard lock(one_at_a_time);
    result.compared += verified.compared;
    result.wrong += verified.wrong + (verified.guards_intact ? 0 : 1);
    result.worst = std::max(result.worst, verified.worst);
  });
  result.exact = !combines(problem_.kind) || problem_.type == ElementType::int32 ||
                 problem_.reduction == Reduction::max || problem_.reduction == Reduction::min;
  result.compared = stage_.sum(result.compared);
  result.wrong = stage_.sum(result.wrong);
  return result;
}

void Point::add(const CollectiveSubject& subject) {
  LocalBuffers& local = buffers(subject.transport, subject.in_place);
  timed_.push_back({.timed = {},
                    .transport = subject.transport,
                    .body = [&local, run = subject.implementation->run](Communicator& comm) {
                      run(comm, local.of(comm).call());
                    }});
}

// Among threads only: what a message between processes costs is the library's secret.
void Point::add_probes() {
  const auto among_threads = [](const Timed& t) { return t.transport == Transport::threads; };
  if (std::none_of(timed_.begin(), timed_.end(), among_threads)) return;
  const auto memory = std::make_shared<std::vector<Buffer<std::byte>>>();
  const std::size_t bytes = problem_.message_bytes();
  memory->resize(2 * static_cast<std::size_t>(problem_.ranks));
  stage_.run(Transport::threads, problem_.ranks, [&](Communicator& comm) {
    if (comm.rank() == 0) piece_bytes_ = static_cast<double>(comm.piece_bytes());
    for (std::size_t i = 0; i < 2; ++i) {
      (*memory)[2 * static_cast<std::size_t>(comm.rank()) + i] = Buffer<std::byte>(bytes);
    }
  });
  copy_ = timed_.size();
  timed_.push_back({.timed = {}, .transport = Transport::threads, .body = [=](Communicator& comm) {
                      auto* own = &(*memory)[2 * static_cast<std::size_t>(comm.rank())];
                      copy_bytes(own[1].data(), own[0].data(), bytes, bytes >= kPastCaches);
                    }});
  barrier_ = timed_.size();
  timed_.push_back({.timed = {}, .transport = Transport::threads, .body = [](Communicator& comm) {
                      comm.barrier();
                    }});
}

// As many runs as fill the shortest sample; the runs that find out also warm up.
void Point::calibrate(Timed& subject) {
  std::int64_t runs = 1, warm = 0;
  for (int attempt = 0; attempt < 4; ++attempt) {
    const RankReading reading = stage_.time(subject.transport, problem_.ranks, runs, subject.body);
    warm += runs;
    const double wanted = static_cast<double>(options_.shortest_sample.count());
    const double needed = std::clamp(wanted / std::max(reading.wall_ns, 1.0), 1.0, 10'000.0);
    const std::int64_t next = stage_.agree(static_cast<std::int64_t>(needed + 0.999));
    const bool enough = next <= runs;
    runs = std::max(runs, next);
    if (enough && attempt > 0) break;
  }
  subject.timed.runs_per_sample = runs;
  subject.timed.warm_up_runs = warm;
}

void Point::sample(Timed& subject, std::int64_t round) {
  const RankReading reading =
      stage_.time(subject.transport, problem_.ranks, subject.timed.runs_per_sample, subject.body);
  subject.timed.samples.push_back({.wall_ns = reading.wall_ns,
                                   .cpu_ns = reading.cpu_ns,
                                   .preempted = reading.preempted,
                                   .round = round});
}

// The samples of a round that was not finished.
void Point::drop_round(std::int64_t round) {
  for (Timed& subject : timed_) {
    std::erase_if(subject.timed.samples, [&](const TimedSample& s) { return s.round == round; });
  }
}

void Point::take_samples() {
  for (Timed& subject : timed_) {
    if (interrupted()) return;
    calibrate(subject);
  }
  const Clock::time_point begin = Clock::now();
  const Duration budget = options_.budget * static_cast<Duration::rep>(timed_.size());
  const RandomStream orders = Random(options_.seed).stream("collectives.order");
  bool spent = false;
  for (; rounds_ < options_.most && !spent; ++rounds_) {
    RandomStream draw = orders.at(static_cast<std::uint64_t>(rounds_));
    std::vector<std::size_t> order(timed_.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[draw.below(i)]);
    for (const std::size_t subject : order) {
      if (interrupted()) {
        drop_round(rounds_);
        if (rounds_ >= options_.fewest) finish_all(StopReason::interrupted);
        return;
      }
      sample(timed_[subject], rounds_);
    }
    spent = Clock::now() - begin >= budget && rounds_ + 1 >= options_.fewest;
    spent = stage_.agree(spent ? 1 : 0) != 0;
  }
  finish_all(spent ? StopReason::budget : StopReason::most_samples);
}

void Point::finish_all(StopReason stop) {
  for (Timed& subject : timed_) {
    subject.timed.stop = stop;
    finish(subject.timed);
  }
}

void Point::finish(TimedSubject& timed) const {
  std::vector<double> wall, cpu;
  double preempted = 0;
  for (const TimedSample& sample : timed.samples) {
    wall.push_back(sample.wall_ns);
    cpu.push_back(sample.cpu_ns);
    preempted += sample.preempted ? 1 : 0;
  }
  const auto median = [](std::vector<double> values) {
    const std::size_t half = values.size() / 2;
    std::sort(values.begin(), values.end());
    return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
  };
  timed.median_ns = median(wall);
  timed.cpu_median_ns = median(cpu);
  timed.interval = bootstrap_median(wall, {.seed = options_.seed});
  timed.preempted_share = preempted / static_cast<double>(wall.size());
}

// Medians of ratios within rounds would be steadier, but the model has two probes in it.
std::optional<double> Point::of_model(const CollectiveResult& result,
                                      const CollectivePoint& point) const {
  if (barrier_ == 0 || result.subject.transport != Transport::threads ||
      !result.subject.implementation->algorithm || result.subject.in_place) {
    return std::nullopt;
  }
  const TrafficModel model{point.copy_gb_per_s, point.barrier_ns};
  const auto message = static_cast<double>(problem_.message_bytes());
  const double pieces = std::ceil(message / (piece_bytes_ * problem_.ranks));
  return model.predict_ns(problem_.kind, *result.subject.implementation->algorithm, Bytes(message),
                          problem_.ranks, pieces) /
         result.timed.median_ns;
}

void Point::hand_out(CollectivePoint& point) {
  if (barrier_ > 0) {
    const double bytes = 2.0 * static_cast<double>(problem_.message_bytes()) * problem_.ranks;
    point.copy_gb_per_s = bytes / timed_[copy_].timed.median_ns;
    point.barrier_ns = timed_[barrier_].timed.median_ns;
  }
  for (std::size_t i = 0; i < of_result_.size(); ++i) {
    CollectiveResult& result = *of_result_[i];
    result.timed = timed_[i].timed;
    result.fastest_ns =
        std::min_element(result.timed.samples.begin(), result.timed.samples.end(),
                         [](const auto& a, const auto& b) { return a.wall_ns < b.wall_ns; })
            ->wall_ns;
    result.of_model = of_model(result, point);
  }
}

}  // namespace

CollectivePoint unvisited_point(const CollectiveProblem& problem,
                                std::span<const CollectiveSubject> subjects) {
  CollectivePoint point{.problem = problem, .results = {}, .interrupted = true};
  for (const CollectiveSubject& subject : subjects) {
    CollectiveResult& result = point.results.emplace_back();
    result.subject = subject;
    result.skipped = kInterrupted;
  }
  return point;
}

CollectivePoint measure_point(RankStage& stage, const CollectiveProblem& problem,
                              std::span<const CollectiveSubject> subjects,
                              const CollectiveOptions& options) {
  return Point(stage, problem, options).measure(subjects);
}

}  // namespace inferbench
