#pragma once

#include <string>
#include <vector>

#include "harness/collectives/measure.hpp"
#include "harness/micro/row.hpp"

namespace inferbench {

// Where the ranks of a run were.
struct CollectivePlace {
  std::string mpi_version;              // of MPI; empty without
  std::vector<std::string> host_names;  // of the processes; empty without MPI
  unsigned cores = 1;                   // of this host
};

// Lines that begin with "#", as nccl-tests prints them.
std::string collectives_header(const std::vector<CollectivePoint>& points,
                               const CollectivePlace& place);

enum class TableForm { text, csv, markdown };

// nccl-tests' columns, and what the run knows besides.
std::string collectives_table(const std::vector<CollectivePoint>& points,
                              const CollectivePlace& place, TableForm form);

std::vector<KernelRow> collective_rows(const std::vector<CollectivePoint>& points,
                                       const CollectivePlace& place, std::uint64_t seed);

// Message over time in GB/s, and that times the traffic factor: comparable to the peak of a link.
struct CollectiveBandwidth {
  double algbw = 0, busbw = 0;
};
CollectiveBandwidth bandwidth_of(const CollectiveProblem& problem, double time_ns);

}  // namespace inferbench
