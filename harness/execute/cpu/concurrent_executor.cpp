#include "harness/execute/cpu/concurrent_executor.hpp"

#include <utility>

#include "harness/base/error.hpp"

namespace inferbench {

void StepsUnderWay::begun() {
  const std::lock_guard<std::mutex> lock(mutex_);
  ++running_;
}

void StepsUnderWay::ended() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    --running_;
    ++untold_;
  }
  changed_.notify_all();
}

bool StepsUnderWay::wait(Deadline deadline) {
  std::unique_lock<std::mutex> lock(mutex_);
  if (running_ == 0 && untold_ == 0) return false;
  const auto one_ended = [&] { return untold_ > 0; };
  if (deadline) {
    changed_.wait_until(lock, *deadline, one_ended);
  } else {
    changed_.wait(lock, one_ended);
  }
  untold_ = 0;
  return true;
}

ConcurrentExecutor::ConcurrentExecutor(CpuExecutor& executor, StepsUnderWay& steps)
    : executor_(executor), steps_(steps), worker_([this] { work(); }) {}

ConcurrentExecutor::~ConcurrentExecutor() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  worker_.join();
}

void ConcurrentExecutor::work() {
  std::unique_lock<std::mutex> lock(mutex_);
  while (true) {
    changed_.wait(lock, [&] { return stop_ || state_ == State::asked; });
    if (state_ != State::asked) return;
    lock.unlock();
    StepResult result;
    std::exception_ptr failure;
    try {
      result = executor_.compute();
    } catch (...) {
      failure = std::current_exception();
    }
    lock.lock();
    result_ = std::move(result);
    failure_ = failure;
    state_ = State::computed;
    changed_.notify_all();
    steps_.ended();
  }
}

StepResult ConcurrentExecutor::run(const BatchPlan& plan) {
  begin(plan);
  return finish();
}

void ConcurrentExecutor::begin(const BatchPlan& plan) {
  executor_.prepare(plan);
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    ensure(state_ == State::idle, "one step at a time");
    state_ = State::asked;
    steps_.begun();
  }
  changed_.notify_all();
}

bool ConcurrentExecutor::finished() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return state_ == State::computed;
}

StepResult ConcurrentExecutor::finish() {
  std::unique_lock<std::mutex> lock(mutex_);
  ensure(state_ != State::idle, "a step was begun");
  changed_.wait(lock, [&] { return state_ == State::computed; });
  state_ = State::idle;
  if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
  return std::move(result_);
}

}  // namespace inferbench
