#pragma once

#include <sched.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/collectives/mpi_world.hpp"
#include "kernels/collectives/thread_world.hpp"

namespace inferbench {

enum class Transport { threads, mpi };
std::string_view name(Transport transport);
Transport transport(std::string_view name, const std::string& place);  // Error if unknown

// What one rank's clocks showed for some runs of something.
struct RankReading {
  double wall_ns = 0, cpu_ns = 0;
  bool preempted = false;
};

// The ranks of a benchmark: threads of this process, and MPI processes if it was started as one of
// several. Every process calls the same functions in the same order. Threads work in the leading
// process only, the others sleep meanwhile; so the two can be measured in turns in one run.
class RankStage {
 public:
  // Throws Error where MPI is asked for and not there.
  explicit RankStage(bool with_mpi);
  ~RankStage();

  bool leads() const { return !mpi_ || mpi_->rank() == 0; }
  int processes() const { return mpi_ ? mpi_->size() : 1; }
  std::string mpi_version() const;              // of MPI; empty without
  std::vector<std::string> host_names() const;  // of the processes, each once
  unsigned cores() const;                       // that ranks of this host may use

  // Does `body` as every rank that this process is.
  void run(Transport transport, int ranks, const std::function<void(Communicator&)>& body);

  // Runs body(comm) `runs` times on every rank, after a barrier. What the leading process learns
  // holds for all ranks: the longest wall time, the mean CPU time; others learn nothing of threads.
  RankReading time(Transport transport, int ranks, std::int64_t runs,
                   const std::function<void(Communicator&)>& body);

  // The leading process's value, for all.
  std::int64_t agree(std::int64_t value);
  // The sum over processes.
  std::uint64_t sum(std::uint64_t value);

 private:
  ThreadWorld& threads(int ranks);
  void gather(ByteView own, ByteSpan all) const;

  void place(int rank, int ranks) const;

  cpu_set_t given_{}, usable_{};  // cores of an MPI rank, and of threads
  std::unique_ptr<MpiWorld> mpi_;
  std::map<int, std::unique_ptr<ThreadWorld>> threads_;
};

}  // namespace inferbench
