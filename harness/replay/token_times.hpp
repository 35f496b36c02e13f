#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <initializer_list>
#include <iterator>
#include <memory>
#include <utility>
#include <vector>

#include "harness/base/units.hpp"

namespace inferbench {

// When each committed step of a replica made its tokens visible. All requests of a step share one
// entry, so that a token costs its request a counter and not a store of its own. Kept in pages that
// records go on sharing when the replica has forgotten them.
class StepTimes {
 public:
  using Index = std::uint64_t;  // counts commits from 0

  static constexpr Index kPage = 1024;
  using Page = std::vector<Time>;  // of kPage, filled from the front

  void push(Time time);
  Index last() const { return size_ - 1; }
  // Steps that are still kept.
  std::size_t kept() const { return static_cast<std::size_t>(size_ - first_page_ * kPage); }
  // The pages that hold the steps from `first` to `last`.
  std::vector<std::shared_ptr<const Page>> pages(Index first, Index last) const;

  // Forgets what lies before `index`, page by page.
  void forget_before(Index index);

 private:
  std::deque<std::shared_ptr<Page>> pages_;
  Index first_page_ = 0;  // number of the oldest page kept
  Index size_ = 0;
};

// When each of one request's tokens became visible: a sequence of times that never decreases.
//
// While the request is open it holds runs of evenly spaced commits, because an answer that goes on
// emits in every commit, or in every k-th of a pipeline; finish() binds them to the times of those
// commits. So a long answer costs a few words, and its times can be read once it has ended. Read
// from a file or made by hand it simply holds the times.
class TokenTimes {
 public:
  TokenTimes() = default;
  explicit TokenTimes(std::vector<Time> times) : own_(std::move(times)), size_(own_.size()) {}
  TokenTimes(std::initializer_list<Time> times) : TokenTimes(std::vector<Time>(times)) {}

  // Tokens that commit `index` made visible, >= 1.
  void add(StepTimes::Index index, std::int64_t tokens) {
    if (index == run_.next && tokens == 1) {
      run_.next += run_.stride;
      ++run_.count;
    } else {
      begin_run(index, tokens);
    }
  }
  // One token in each of `commits` commits on end, the first of them `index`.
  void add_each(StepTimes::Index index, std::uint64_t commits);
  bool began() const { return run_.count > 0; }
  // The first commit it refers to; has begun.
  StepTimes::Index first() const { return runs_.empty() ? run_.begin : runs_.front().begin; }
  // No more tokens come: binds the runs to the times of their commits.
  void finish(const StepTimes& steps);

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  Time operator[](std::size_t token) const {
    if (token < own_.size()) return own_[token];
    token -= own_.size();
    return at_run(runs_.size() == 1 ? runs_[0] : run_of(token), token);
  }
  Time front() const { return (*this)[0]; }
  Time back() const { return (*this)[size_ - 1]; }
  // Puts times before those of a sequence that is finished, or holds the times.
  void prepend(std::vector<Time> times);
  // Moves all times of such a sequence.
  void shift(Duration by);
  // Appends a time to a sequence that is held as such.
  void push_back(Time time);
  std::vector<Time> to_vector() const;

  class Iterator;
  using value_type = Time;
  using const_iterator = Iterator;
  Iterator begin() const;
  Iterator end() const;

  friend bool operator==(const TokenTimes& a, const TokenTimes& b);

 private:
  struct Run {
    StepTimes::Index begin = 0, next = ~StepTimes::Index{0};  // `next` continues the run
    std::uint32_t stride = 0, count = 0;                      // stride 0: all tokens of one commit
    std::size_t token = 0;                                    // number of its first token
  };

  void begin_run(StepTimes::Index index, std::int64_t tokens);
  const Run& run_of(std::size_t token) const;
  Time at_run(const Run& run, std::size_t token) const {
    const StepTimes::Index step = run.begin + (token - run.token) * run.stride;
    return (*pages_[step / StepTimes::kPage - first_page_])[step % StepTimes::kPage] + shift_;
  }

  Run run_;  // the latest, here and not in the list: it is looked at for every token
  std::vector<Run> runs_;
  std::vector<std::shared_ptr<const StepTimes::Page>> pages_;
  StepTimes::Index first_page_ = 0;
  std::vector<Time> own_;  // all, or those before the runs
  std::size_t size_ = 0;
  Duration shift_{};  // of the runs
};

class TokenTimes::Iterator {
 public:
  using iterator_category = std::random_access_iterator_tag;
  using value_type = Time;
  using difference_type = std::ptrdiff_t;
  using pointer = const Time*;
  using reference = Time;

  Iterator() = default;
  Iterator(const TokenTimes* times, std::size_t at) : times_(times), at_(at) {}

  Time operator*() const { return (*times_)[at_]; }
  Time operator[](difference_type n) const { return *(*this + n); }
  Iterator& operator++() { return *this += 1; }
  Iterator& operator--() { return *this += -1; }
  Iterator operator++(int) { return Iterator(times_, at_++); }
  Iterator operator--(int) { return Iterator(times_, at_--); }
  Iterator& operator+=(difference_type n) {
    at_ = static_cast<std::size_t>(static_cast<difference_type>(at_) + n);
    return *this;
  }
  Iterator& operator-=(difference_type n) { return *this += -n; }
  friend Iterator operator+(Iterator it, difference_type n) { return it += n; }
  friend Iterator operator+(difference_type n, Iterator it) { return it += n; }
  friend Iterator operator-(Iterator it, difference_type n) { return it -= n; }
  friend difference_type operator-(const Iterator& a, const Iterator& b) {
    return static_cast<difference_type>(a.at_) - static_cast<difference_type>(b.at_);
  }
  friend bool operator==(const Iterator& a, const Iterator& b) { return a.at_ == b.at_; }
  friend auto operator<=>(const Iterator& a, const Iterator& b) { return a.at_ <=> b.at_; }

 private:
  const TokenTimes* times_ = nullptr;
  std::size_t at_ = 0;
};

inline TokenTimes::Iterator TokenTimes::begin() const {
  return Iterator(this, 0);
}

inline TokenTimes::Iterator TokenTimes::end() const {
  return Iterator(this, size_);
}

}  // namespace inferbench
