#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "harness/base/units.hpp"

namespace inferbench {

// When each committed step of a replica made its tokens visible. All requests of a step share one
// entry, so that a token costs its request a counter and not a store of its own.
class StepTimes {
 public:
  using Index = std::uint64_t;  // counts commits from 0

  void push(Time time) { times_.push_back(time); }
  Index last() const { return first_ + times_.size() - 1; }
  Time at(Index index) const { return times_[index - first_]; }
  std::span<const Time> from(Index index, std::size_t count) const {
    return std::span<const Time>(times_).subspan(index - first_, count);
  }
  std::size_t size() const { return times_.size(); }

  // Forgets what lies before `index`.
  void forget_before(Index index);

 private:
  std::vector<Time> times_;
  Index first_ = 0;
};

// The commits in which one request's tokens became visible: runs of evenly spaced commits, because
// an answer that goes on emits in every commit, or in every k-th of a pipeline.
class TokenTimes {
 public:
  // Tokens that commit `index` made visible, >= 1.
  void add(StepTimes::Index index, std::int64_t tokens) {
    if (index == run_.next && tokens == 1) {
      run_.next += run_.stride;
      ++run_.count;
    } else {
      begin_run(index, tokens);
    }
  }
  bool empty() const { return run_.count == 0; }
  // The first commit it refers to; not empty.
  StepTimes::Index first() const { return earlier_.empty() ? run_.begin : earlier_.front().begin; }
  std::vector<Time> times(const StepTimes& steps) const;

 private:
  struct Run {
    StepTimes::Index begin = 0, next = ~StepTimes::Index{0};  // `next` continues the run
    std::uint32_t stride = 0, count = 0;                      // stride 0: all tokens of one commit
  };

  void begin_run(StepTimes::Index index, std::int64_t tokens);

  Run run_;  // the latest, here and not in the list: it is looked at for every token
  std::vector<Run> earlier_;
};

}  // namespace inferbench
