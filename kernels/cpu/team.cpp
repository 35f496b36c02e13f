#include "kernels/cpu/team.hpp"

#include "harness/base/error.hpp"

namespace inferbench {
namespace {

// Polls before sleeping: a few microseconds, about what a sleep and wake-up cost.
constexpr int kSpins = 2000;

std::atomic<void (*)(unsigned)> start_hook{nullptr};

void wait_while(std::atomic<std::uint32_t>& value, std::uint32_t old) {
  for (int i = 0; i < kSpins; ++i) {
    if (value.load(std::memory_order_acquire) != old) return;
  }
  value.wait(old, std::memory_order_acquire);
}

}  // namespace

void on_team_thread_start(void (*hook)(unsigned rank)) {
  start_hook = hook;
}

ThreadTeam::ThreadTeam(unsigned threads) {
  ensure(threads >= 1, "a team has at least one thread");
  for (unsigned rank = 1; rank < threads; ++rank) {
    workers_.emplace_back([this, rank] { work(rank); });
  }
}

ThreadTeam::~ThreadTeam() {
  stop_ = true;
  round_.fetch_add(1, std::memory_order_release);
  round_.notify_all();
  for (std::thread& t : workers_) t.join();
}

void ThreadTeam::run(const std::function<void(unsigned)>& body) {
  if (workers_.empty()) return body(0);
  body_ = &body;
  open_.store(static_cast<std::uint32_t>(workers_.size()), std::memory_order_relaxed);
  round_.fetch_add(1, std::memory_order_release);
  round_.notify_all();
  body(0);
  for (std::uint32_t open = open_.load(std::memory_order_acquire); open != 0;
       open = open_.load(std::memory_order_acquire)) {
    wait_while(open_, open);
  }
}

void ThreadTeam::work(unsigned rank) {
  if (auto* const hook = start_hook.load()) hook(rank);
  std::uint32_t seen = 0;
  while (true) {
    while (round_.load(std::memory_order_acquire) == seen) wait_while(round_, seen);
    ++seen;
    if (stop_) return;
    (*body_)(rank);
    if (open_.fetch_sub(1, std::memory_order_acq_rel) == 1) open_.notify_one();
  }
}

}  // namespace inferbench
