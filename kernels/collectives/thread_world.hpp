#pragma once

#include <functional>
#include <memory>
#include <stdexcept>
#include <vector>

#include "kernels/collectives/communicator.hpp"
#include "kernels/cpu/team.hpp"

namespace inferbench {

// Thrown on ranks that wait for one that failed.
class RankFailed final : public std::runtime_error {
 public:
  RankFailed() : std::runtime_error("another rank failed") {}
};

// Ranks as threads of this process. They share memory: a message is one copy from the sender's
// buffer to the receiver's, an addition reads the sender's operand where it lies.
class ThreadWorld {
 public:
  // 1 to 256 ranks; `cores` that they may use (0: those of this process) decide how they wait.
  explicit ThreadWorld(int ranks, unsigned cores = 0);
  ~ThreadWorld();

  int size() const;
  unsigned cores() const;

  // Calls body once on each rank's thread, rank 0 on the caller; returns when all are done. What
  // the lowest rank throws is thrown here; the others, as soon as they wait for somebody, throw
  // RankFailed, so that nobody waits for ever. The world is as new then.
  void run(const std::function<void(Communicator&)>& body);

 private:
  struct Shared;
  class Rank;
  std::unique_ptr<Shared> shared_;
  std::vector<std::unique_ptr<Rank>> ranks_;
  ThreadTeam team_;
};

}  // namespace inferbench
