#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "harness/base/random.hpp"
#include "harness/execute/executor.hpp"
#include "harness/replay/system_under_test.hpp"

namespace inferbench {

// Answers every request whole at the instant it is due and does nothing else: what it takes is what
// the harness takes. Source: MLPerf LoadGen's null SUT.
class NullSystem final : public SystemUnderTest {
 public:
  void serve(RequestSource& source, RecordSink& sink) override;
};

// Serves any number of requests at once, each in a time of its own: tokens are visible `first`
// after the request was due and then `gap` apart.
class FixedLatencySystem final : public SystemUnderTest {
 public:
  FixedLatencySystem(std::function<Duration(RequestId)> first, Duration gap)
      : first_(std::move(first)), gap_(gap) {}
  // Ids must come in order; records follow in order of ending, ties by id.
  void serve(RequestSource& source, RecordSink& sink) override;

 private:
  std::function<Duration(RequestId)> first_;
  Duration gap_;
};

// Steps of one request each, as long as that request's service takes.
class ServiceExecutor final : public Executor {
 public:
  explicit ServiceExecutor(std::function<Duration(RequestId)> service)
      : service_(std::move(service)) {}
  StepResult run(const BatchPlan& plan) override;

 private:
  std::function<Duration(RequestId)> service_;
};

// Requests of `input` and `output` tokens at the times given, ascending.
class TimedSource final : public RequestSource {
 public:
  explicit TimedSource(std::vector<Time> arrivals, Tokens input = Tokens(1),
                       Tokens output = Tokens(1))
      : arrivals_(std::move(arrivals)), input_(input), output_(output) {}
  Time next_arrival() const override {
    return next_ < arrivals_.size() ? arrivals_[next_] : kNever;
  }
  Request pop() override;

 private:
  std::vector<Time> arrivals_;
  Tokens input_, output_;
  std::size_t next_ = 0;
};

// A client with so many connections: a request that is due waits in it until one is free. The wait
// counts, because the record's `scheduled` stays when the request was due.
class ConnectionLimit final : public RequestSource {
 public:
  ConnectionLimit(RequestSource& source, std::int64_t connections)
      : source_(source), free_(connections) {}
  Time next_arrival() const override { return free_ > 0 ? source_.next_arrival() : kNever; }
  Request pop() override {
    --free_;
    return source_.pop();
  }
  void ended(const Request& request, Time when) override {
    ++free_;
    source_.ended(request, when);
  }

 private:
  RequestSource& source_;
  std::int64_t free_;
};

// `count` times of a Poisson process, its mean gap given.
std::vector<Time> poisson_times(RandomStream stream, std::int64_t count, Duration mean_gap);

}  // namespace inferbench
