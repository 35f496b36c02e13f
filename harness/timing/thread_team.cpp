#include "harness/timing/thread_team.hpp"

#include <pthread.h>
#include <sched.h>

#include "harness/base/error.hpp"

namespace inferbench {

bool pin_to_allowed_core(unsigned n) {
  static const cpu_set_t allowed = [] {
    cpu_set_t set;
    CPU_ZERO(&set);
    sched_getaffinity(0, sizeof set, &set);
    return set;
  }();
  unsigned seen = 0;
  for (int core = 0; core < CPU_SETSIZE; ++core) {
    if (!CPU_ISSET(core, &allowed) || seen++ != n) continue;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(core, &one);
    return pthread_setaffinity_np(pthread_self(), sizeof one, &one) == 0;
  }
  return false;
}

ThreadTeam::ThreadTeam(unsigned threads, bool pinned) {
  ensure(threads >= 1, "a team has a thread");
  if (pinned) pin_to_allowed_core(0);
  for (unsigned t = 1; t < threads; ++t) {
    workers_.emplace_back([this, t, pinned] {
      if (pinned) pin_to_allowed_core(t);
      work(t);
    });
  }
}

ThreadTeam::~ThreadTeam() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

void ThreadTeam::run(const std::function<void(unsigned)>& job) {
  {
    const std::lock_guard lock(mutex_);
    job_ = &job;
    busy_ = static_cast<unsigned>(workers_.size());
    ++round_;
  }
  wake_.notify_all();
  job(0);
  std::unique_lock lock(mutex_);
  idle_.wait(lock, [&] { return busy_ == 0; });
}

void ThreadTeam::work(unsigned thread) {
  std::uint64_t done = 0;
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [&] { return stop_ || round_ != done; });
    if (stop_) return;
    done = round_;
    const auto* job = job_;
    lock.unlock();
    (*job)(thread);
    lock.lock();
    if (--busy_ == 0) idle_.notify_one();
  }
}

}  // namespace inferbench
