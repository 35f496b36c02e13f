#include "workloads/stages.hpp"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "harness/base/error.hpp"

namespace inferbench {
namespace {

// Passes on what the stream behind it says.
class Stage : public RequestStream {
 public:
  Tokens block_tokens() const override { return stream_->block_tokens(); }
  std::string place() const override { return stream_->place(); }
  std::vector<std::string> notes() const override { return stream_->notes(); }

 protected:
  explicit Stage(Stream stream) : stream_(std::move(stream)) {}

  RequestStream& stream() { return *stream_; }

 private:
  Stream stream_;
};

class CheckedOrder final : public Stage {
 public:
  explicit CheckedOrder(Stream stream) : Stage(std::move(stream)) {}

  bool next(Request& request) override {
    if (!stream().next(request)) return false;
    if (request.arrival < last_) {
      throw Error(place(), "the timestamp lies before the one of the row in front of it",
                  "arrivals never decrease", "--sort loads the file and sorts it");
    }
    last_ = request.arrival;
    return true;
  }

 private:
  Time last_ = Time::min();
};

class Sorted final : public Stage {
 public:
  explicit Sorted(Stream stream) : Stage(std::move(stream)) {}

  bool next(Request& request) override {
    if (!loaded_) load();
    if (next_ == requests_.size()) return false;
    request = std::move(requests_[next_]);
    request.id = RequestId(next_++);
    return true;
  }

 private:
  void load() {
    Request request;
    while (stream().next(request)) requests_.push_back(request);
    std::stable_sort(requests_.begin(), requests_.end(),
                     [](const auto& a, const auto& b) { return a.arrival < b.arrival; });
    loaded_ = true;
  }

  std::vector<Request> requests_;
  std::size_t next_ = 0;
  bool loaded_ = false;
};

class Rebased final : public Stage {
 public:
  explicit Rebased(Stream stream) : Stage(std::move(stream)) {}

  bool next(Request& request) override {
    if (!stream().next(request)) return false;
    if (!first_) first_ = request.arrival;
    request.arrival = Time(request.arrival - *first_);
    return true;
  }

 private:
  std::optional<Time> first_;
};

class Windowed final : public Stage {
 public:
  Windowed(Stream stream, Duration begin, Duration end)
      : Stage(std::move(stream)), begin_(begin), end_(end) {}

  bool next(Request& request) override {
    while (stream().next(request)) {
      const Duration at = request.arrival.time_since_epoch();
      if (at >= end_) return false;
      if (at < begin_) continue;
      request.arrival = Time(at - begin_);
      request.id = RequestId(count_++);
      return true;
    }
    return false;
  }

 private:
  Duration begin_, end_;
  std::uint64_t count_ = 0;
};

class FirstRequests final : public Stage {
 public:
  FirstRequests(Stream stream, std::int64_t count) : Stage(std::move(stream)), left_(count) {}

  bool next(Request& request) override { return left_-- > 0 && stream().next(request); }

 private:
  std::int64_t left_;
};

class TimeScaled final : public Stage {
 public:
  TimeScaled(Stream stream, double factor) : Stage(std::move(stream)), factor_(factor) {}

  bool next(Request& request) override {
    if (!stream().next(request)) return false;
    const double ns = static_cast<double>(request.arrival.time_since_epoch().count()) * factor_;
    // 9.2e18 ns is where 64 bits end, 292 years.
    if (!(ns < 9.2e18)) {
      throw Error(place(), "the rescaled arrival lies beyond 292 years",
                  "time is 64-bit nanoseconds", "use a larger --rate or a smaller --time-scale");
    }
    request.arrival = Time(Duration(std::llround(ns)));
    return true;
  }

 private:
  double factor_;
};

class Jittered final : public Stage {
 public:
  Jittered(Stream stream, Duration quantum, std::uint64_t seed)
      : Stage(std::move(stream)), quantum_(quantum), random_(seed, "jitter") {
    has_ahead_ = this->stream().next(ahead_);
  }

  bool next(Request& request) override {
    if (next_ == group_.size() && !read_group()) return false;
    request = std::move(group_[next_++]);
    request.id = RequestId(count_++);
    return true;
  }

 private:
  // All requests of the next timestamp, and the first one after it.
  bool read_group() {
    if (!has_ahead_) return false;
    group_.clear();
    next_ = 0;
    const Time stamp = ahead_.arrival;
    while (has_ahead_ && ahead_.arrival == stamp) {
      group_.push_back(std::move(ahead_));
      has_ahead_ = stream().next(ahead_);
    }
    const Duration width = has_ahead_ ? std::min(quantum_, ahead_.arrival - stamp) : quantum_;
    for (std::size_t i = 0; i < group_.size(); ++i) {
      RandomStream random = random_.at(count_ + i);
      group_[i].arrival += Duration(
          static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(width.count()))));
    }
    std::stable_sort(group_.begin(), group_.end(),
                     [](const auto& a, const auto& b) { return a.arrival < b.arrival; });
    return true;
  }

  Duration quantum_;
  RandomStream random_;
  Request ahead_;
  bool has_ahead_ = false;
  std::vector<Request> group_;
  std::size_t next_ = 0;
  std::uint64_t count_ = 0;
};

class WithMaxOutput final : public Stage {
 public:
  WithMaxOutput(Stream stream, MaxOutput policy, Tokens longest)
      : Stage(std::move(stream)), policy_(policy), longest_(longest) {}

  bool next(Request& request) override {
    if (!stream().next(request)) return false;
    switch (policy_.policy) {
      case MaxOutput::Policy::longest:
        // A trace of our own may say it per request.
        if (request.max_output.count() == 0) request.max_output = longest_;
        break;
      case MaxOutput::Policy::fixed:
        if (request.output > policy_.tokens) request.output = policy_.tokens;
        request.max_output = policy_.tokens;
        break;
      case MaxOutput::Policy::oracle:
        request.max_output = request.output;
        break;
    }
    request.max_output = std::max(request.max_output, request.output);
    return true;
  }

 private:
  MaxOutput policy_;
  Tokens longest_;
};

class Timed final : public Stage {
 public:
  Timed(Stream conversations, ArrivalProcess arrivals, std::optional<ThinkTime> gap,
        std::uint64_t seed)
      : Stage(std::move(conversations)),
        arrivals_(std::move(arrivals)),
        gap_(gap),
        gaps_(seed, "gaps") {
    has_ahead_ = stream().next(ahead_);
    draw_begin();
  }

  bool next(Request& request) override {
    while (begin_ && (due_.empty() || *begin_ <= due_.front().request.arrival))
      begin_conversation();
    if (due_.empty()) return false;
    std::pop_heap(due_.begin(), due_.end(), later);
    request = std::move(due_.back().request);
    due_.pop_back();
    request.id = RequestId(count_++);
    return true;
  }

 private:
  struct Due {
    Request request;
    std::uint64_t order = 0;  // in the untimed stream: ties go to the conversation that began first
  };
  static bool later(const Due& a, const Due& b) {
    return a.request.arrival != b.request.arrival ? a.request.arrival > b.request.arrival
                                                  : a.order > b.order;
  }

  void draw_begin() {
    begin_.reset();
    if (!has_ahead_) return;
    const auto seconds = arrivals_.next();
    if (!seconds) return;
    if (*seconds > 9.2e9) {
      throw Error("arrivals", "a request would arrive after more than 292 years",
                  "time is 64-bit nanoseconds", "use a higher rate or fewer requests");
    }
    begin_ = Time(rounded(Seconds(*seconds)));
  }

  void begin_conversation() {
    const SessionId session = ahead_.session;
    Time arrival = *begin_;
    std::uint64_t turn = 0;
    while (has_ahead_ && ahead_.session == session) {
      if (turn++ > 0) arrival += gap();
      ahead_.arrival = arrival;
      due_.push_back({std::move(ahead_), order_++});
      std::push_heap(due_.begin(), due_.end(), later);
      has_ahead_ = stream().next(ahead_);
    }
    draw_begin();
  }

  Duration gap() const {
    if (!gap_) {
      throw Error("workload", "a conversation of several turns in open loop",
                  "the time between its turns must be said",
                  "gap=20s in a generator, --think-time 20s, --concurrency N (a turn follows its "
                  "answer) or --turns first");
    }
    return think(*gap_, gaps_, order_);
  }

  ArrivalProcess arrivals_;
  std::optional<ThinkTime> gap_;
  RandomStream gaps_;
  Request ahead_;  // the first turn of the next conversation
  bool has_ahead_ = false;
  std::optional<Time> begin_;  // when it begins
  std::vector<Due> due_;       // a heap: turns of conversations that have begun
  std::uint64_t order_ = 0, count_ = 0;
};

}  // namespace

Stream checked_order(Stream stream) {
  return std::make_unique<CheckedOrder>(std::move(stream));
}

Stream sorted(Stream stream) {
  return std::make_unique<Sorted>(std::move(stream));
}

Stream rebased(Stream stream) {
  return std::make_unique<Rebased>(std::move(stream));
}

Stream windowed(Stream stream, Duration begin, Duration end) {
  return std::make_unique<Windowed>(std::move(stream), begin, end);
}

Stream first_requests(Stream stream, std::int64_t count) {
  return std::make_unique<FirstRequests>(std::move(stream), count);
}

Stream time_scaled(Stream stream, double factor) {
  return std::make_unique<TimeScaled>(std::move(stream), factor);
}

Stream jittered(Stream stream, Duration quantum, std::uint64_t seed) {
  ensure(quantum.count() > 0, "jitter has a quantum");
  return std::make_unique<Jittered>(std::move(stream), quantum, seed);
}

Stream with_max_output(Stream stream, MaxOutput policy, Tokens longest) {
  return std::make_unique<WithMaxOutput>(std::move(stream), policy, longest);
}

Stream timed(Stream conversations, ArrivalProcess arrivals, std::optional<ThinkTime> gap,
             std::uint64_t seed) {
  return std::make_unique<Timed>(std::move(conversations), std::move(arrivals), gap, seed);
}

Duration think(const ThinkTime& time, const RandomStream& random, std::uint64_t index) {
  if (!time.exponential) return time.mean;
  RandomStream draws = random.at(index);
  return rounded(Seconds(draws.exponential(seconds(time.mean).count())));
}

}  // namespace inferbench
