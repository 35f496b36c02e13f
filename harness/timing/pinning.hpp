#pragma once

namespace inferbench {

// Binds the calling thread to the n-th of the cores this process may use, so that a timed thread
// does not move; false where that is not possible, as when there are fewer.
bool pin_to_allowed_core(unsigned n);

// The calling thread on the first of the cores it may use, while this lives.
class PinnedThread {
 public:
  PinnedThread();
  ~PinnedThread();
  PinnedThread(const PinnedThread&) = delete;
  PinnedThread& operator=(const PinnedThread&) = delete;

  bool pinned() const { return pinned_; }

 private:
  bool pinned_;
};

}  // namespace inferbench
