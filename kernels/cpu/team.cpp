#include "kernels/cpu/team.hpp"

#include "harness/base/error.hpp"
#include "kernels/cpu/waiting.hpp"

namespace inferbench {
namespace {

std::atomic<void (*)(unsigned)> start_hook{nullptr};

// Of all teams that have workers, callers included.
std::atomic<unsigned> team_threads{0};

Patience patience() {
  return Patience::for_ranks(team_threads.load(std::memory_order_relaxed), allowed_cores());
}

}  // namespace

void on_team_thread_start(void (*hook)(unsigned rank)) {
  start_hook = hook;
}

ThreadTeam::ThreadTeam(unsigned threads) {
  ensure(threads >= 1, "a team has at least one thread");
  if (threads > 1) team_threads += threads;
  for (unsigned rank = 1; rank < threads; ++rank) {
    workers_.emplace_back([this, rank] { work(rank); });
  }
}

ThreadTeam::~ThreadTeam() {
  if (!workers_.empty()) team_threads -= size();
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
  const Patience looks = patience();
  for (std::uint32_t open = open_.load(std::memory_order_acquire); open != 0;) {
    open = wait_while(open_, open, looks);
  }
}

void ThreadTeam::work(unsigned rank) {
  if (auto* const hook = start_hook.load()) hook(rank);
  std::uint32_t seen = 0;
  while (true) {
    wait_while(round_, seen, patience());
    ++seen;
    if (stop_) return;
    (*body_)(rank);
    if (open_.fetch_sub(1, std::memory_order_acq_rel) == 1) open_.notify_one();
  }
}

}  // namespace inferbench
