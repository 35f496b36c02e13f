#pragma once

#include <memory>
#include <string>

#include "kernels/collectives/communicator.hpp"

struct InferbenchMpiTable;

namespace inferbench {

// Was this process started by an MPI launcher (mpirun, srun) as one of several?
bool launched_by_mpi();

// Is this the first of the processes that a launcher started on this host? Alone: yes. Known before
// MPI is initialised; where the launcher does not tell, the first of all hosts.
bool first_of_host();

// Ranks as MPI processes, on one host or many. The MPI library is behind a module that is loaded
// from beside the program, so that the program starts without one.
class MpiWorld {
 public:
  // Initialises MPI; `threads`: several threads of this process send and receive at once. Throws
  // Error when the module or the library is not there, or does not allow that.
  explicit MpiWorld(bool threads = false);
  ~MpiWorld();  // finalises it: one world per process
  MpiWorld(const MpiWorld&) = delete;
  MpiWorld& operator=(const MpiWorld&) = delete;

  int rank() const;
  int size() const;
  std::string version() const;  // "Open MPI v4.1.4"
  std::string host() const;     // of this rank
  Communicator& communicator();

  // A barrier that waits without taking CPU time, for ranks that watch others work.
  void sleepy_barrier() const;

 private:
  class Rank;
  const InferbenchMpiTable* table_ = nullptr;
  std::unique_ptr<Rank> rank_;
};

// Where the module is looked for: beside the program.
std::string mpi_module_path();

}  // namespace inferbench
