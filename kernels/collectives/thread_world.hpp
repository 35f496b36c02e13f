#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "kernels/collectives/communicator.hpp"
#include "kernels/cpu/team.hpp"

namespace inferbench {

// Ranks as threads of this process. They share memory: a message is one copy from the sender's
// buffer to the receiver's, an addition reads the sender's operand where it lies.
class ThreadWorld {
 public:
  // 1 to 256 ranks; `cores` that they may use (0: those of this process) decide how they wait.
  explicit ThreadWorld(int ranks, unsigned cores = 0);
  ~ThreadWorld();

  int size() const;
  unsigned cores() const;

  // Calls body once on each rank's thread, rank 0 on the caller; returns when all are done. An
  // exception of one rank leaves others waiting for it, so body must not throw.
  void run(const std::function<void(Communicator&)>& body);

 private:
  struct Shared;
  class Rank;
  std::unique_ptr<Shared> shared_;
  std::vector<std::unique_ptr<Rank>> ranks_;
  ThreadTeam team_;
};

}  // namespace inferbench
