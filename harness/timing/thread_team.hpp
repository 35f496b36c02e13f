#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace inferbench {

// Threads that wait for work together. run() hands the same job to all of them and returns when the
// last is done; the caller is the first of them. Idle threads sleep, so that CPU time means work.
class ThreadTeam {
 public:
  // `pinned`: each on a core of its own among those this process may use, where there are enough.
  explicit ThreadTeam(unsigned threads, bool pinned = true);
  ~ThreadTeam();
  ThreadTeam(const ThreadTeam&) = delete;
  ThreadTeam& operator=(const ThreadTeam&) = delete;

  unsigned size() const { return static_cast<unsigned>(workers_.size()) + 1; }
  void run(const std::function<void(unsigned thread)>& job);

 private:
  void work(unsigned thread);

  std::vector<std::thread> workers_;
  std::mutex mutex_;
  std::condition_variable wake_, idle_;
  const std::function<void(unsigned)>* job_ = nullptr;
  std::uint64_t round_ = 0;
  unsigned busy_ = 0;
  bool stop_ = false;
};

// Binds the calling thread to the n-th core this process may use; false where that is not possible.
bool pin_to_allowed_core(unsigned n);

}  // namespace inferbench
