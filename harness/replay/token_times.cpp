#include "harness/replay/token_times.hpp"

#include <algorithm>

#include "harness/base/error.hpp"

namespace inferbench {

void StepTimes::push(Time time) {
  if (size_ % kPage == 0) {
    pages_.push_back(std::make_shared<Page>());
    pages_.back()->reserve(kPage);
  }
  pages_.back()->push_back(time);
  ++size_;
}

std::vector<std::shared_ptr<const StepTimes::Page>> StepTimes::pages(Index first,
                                                                     Index last) const {
  const auto begin = pages_.begin() + static_cast<std::ptrdiff_t>(first / kPage - first_page_);
  const auto end = pages_.begin() + static_cast<std::ptrdiff_t>(last / kPage - first_page_) + 1;
  return {begin, end};
}

void StepTimes::forget_before(Index index) {
  while (first_page_ < std::min(index, size_) / kPage) {
    pages_.pop_front();
    ++first_page_;
  }
}

void TokenTimes::begin_run(StepTimes::Index index, std::int64_t tokens) {
  const bool single = run_.count == 1 && run_.stride == 1;
  if (tokens == 1 && single) {  // the second commit of a run decides how far apart they are
    run_.stride = static_cast<std::uint32_t>(index - run_.begin);
    run_.next = index + run_.stride;
    run_.count = 2;
    return;
  }
  const std::size_t token = run_.token + run_.count;
  if (run_.count > 0) runs_.push_back(run_);
  run_.begin = index;
  run_.stride = tokens == 1 ? 1 : 0;
  run_.next = tokens == 1 ? index + 1 : ~StepTimes::Index{0};
  run_.count = static_cast<std::uint32_t>(tokens);
  run_.token = token;
}

void TokenTimes::add_each(StepTimes::Index index, std::uint64_t commits) {
  // Until the run is known to go on step by step; twice at most.
  while (commits > 0 && !(run_.next == index && run_.stride == 1 && run_.count > 1)) {
    add(index++, 1);
    --commits;
  }
  run_.next += commits;
  run_.count += static_cast<std::uint32_t>(commits);
}

void TokenTimes::finish(const StepTimes& steps) {
  if (!began()) return;
  runs_.push_back(run_);
  size_ = run_.token + run_.count;
  const StepTimes::Index last = run_.begin + std::uint64_t{run_.stride} * (run_.count - 1);
  first_page_ = runs_.front().begin / StepTimes::kPage;
  pages_ = steps.pages(runs_.front().begin, last);
}

const TokenTimes::Run& TokenTimes::run_of(std::size_t token) const {
  const auto after =
      std::upper_bound(runs_.begin(), runs_.end(), token,
                       [](std::size_t wanted, const Run& run) { return wanted < run.token; });
  return *std::prev(after);
}

void TokenTimes::prepend(std::vector<Time> times) {
  size_ += times.size();
  times.insert(times.end(), own_.begin(), own_.end());
  own_ = std::move(times);
}

void TokenTimes::shift(Duration by) {
  for (Time& time : own_) time += by;
  shift_ += by;
}

void TokenTimes::push_back(Time time) {
  ensure(pages_.empty() && !began(), "times are appended to a sequence that holds them itself");
  own_.push_back(time);
  ++size_;
}

std::vector<Time> TokenTimes::to_vector() const {
  std::vector<Time> times;
  times.reserve(size_);
  times.insert(times.end(), own_.begin(), own_.end());
  for (const Run& run : runs_) {
    const std::size_t end = run.token + run.count;
    for (std::size_t token = run.token; token < end; ++token) times.push_back(at_run(run, token));
  }
  return times;
}

bool operator==(const TokenTimes& a, const TokenTimes& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end());
}

}  // namespace inferbench
