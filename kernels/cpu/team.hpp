#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <thread>
#include <vector>

namespace inferbench {

// Threads that wait for kernels: one call of run() is one parallel region. Waiting threads look for
// the next one for about 100 us before they sleep, so that those of a model's step, a few
// microseconds apart, wake nobody; not where the teams of this process have more threads than it
// has cores, as the one that is waited for needs them.
class ThreadTeam {
 public:
  explicit ThreadTeam(unsigned threads = 1);  // >= 1, the caller included
  ~ThreadTeam();
  ThreadTeam(const ThreadTeam&) = delete;
  ThreadTeam& operator=(const ThreadTeam&) = delete;

  unsigned size() const { return static_cast<unsigned>(workers_.size()) + 1; }

  // Calls body(rank) once for each rank in [0, size()), rank 0 on the caller, and returns when all
  // are done. body must not throw.
  void run(const std::function<void(unsigned)>& body);

 private:
  void work(unsigned rank);

  std::vector<std::thread> workers_;
  const std::function<void(unsigned)>* body_ = nullptr;
  std::atomic<std::uint32_t> round_{0};
  std::atomic<std::uint32_t> open_{0};
  std::atomic<bool> stop_{false};
};

// What each thread of teams made from now on calls first, with its rank: a place to pin it. The
// caller's own thread, rank 0, does not. nullptr: nothing.
void on_team_thread_start(void (*hook)(unsigned rank));

// The part of [0, n) that belongs to `rank` of `size`: contiguous, sizes differ by one at most.
struct Range {
  std::int64_t begin = 0, end = 0;
};
inline Range share(std::int64_t n, unsigned rank, unsigned size) {
  return {n * rank / size, n * (rank + 1) / size};
}

}  // namespace inferbench
