// The MPI half of collectives: loaded by mpi_world.cpp, linked against the MPI library.
#include "kernels/collectives/mpi/module.h"

#define OMPI_SKIP_MPICXX 1
#define MPICH_SKIP_MPICXX 1
#include <mpi.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <string>

namespace {

using Call = InferbenchMpiCall;

// MPI counts in int; larger messages go in parts.
constexpr std::size_t kMostBytes = std::size_t{1} << 30U;

MPI_Datatype type_of(const Call& call) {
  switch (call.type) {
    case INFERBENCH_MPI_INT32:
      return MPI_INT32_T;
    case INFERBENCH_MPI_FP32:
      return MPI_FLOAT;
    case INFERBENCH_MPI_BYTE:
      break;
  }
  return MPI_BYTE;
}

MPI_Op reduction_of(const Call& call) {
  switch (call.reduction) {
    case INFERBENCH_MPI_MAX:
      return MPI_MAX;
    case INFERBENCH_MPI_MIN:
      return MPI_MIN;
    case INFERBENCH_MPI_SUM:
      break;
  }
  return MPI_SUM;
}

const void* input(const Call& call) {
  return call.in != nullptr ? call.in : MPI_IN_PLACE;
}

int count_of(const Call& call) {
  return static_cast<int>(call.count);
}

int world_rank() {
  int rank = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  return rank;
}

int world_size() {
  int size = 1;
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  return size;
}

int init(int threads) {
  int given = 0;
  MPI_Init_thread(nullptr, nullptr, threads != 0 ? MPI_THREAD_MULTIPLE : MPI_THREAD_FUNNELED,
                  &given);
  return given == MPI_THREAD_MULTIPLE ? 1 : 0;
}

void finalize() {
  MPI_Finalize();
}

void copy_text(const char* from, char* to, std::size_t most) {
  const std::size_t length = std::min(std::strcspn(from, ",\n"), most - 1);
  std::memcpy(to, from, length);
  to[length] = '\0';
}

void library(char* text, std::size_t most) {
  char full[MPI_MAX_LIBRARY_VERSION_STRING] = {};
  int length = 0;
  MPI_Get_library_version(full, &length);
  copy_text(full, text, most);
}

void host(char* text, std::size_t most) {
  char full[MPI_MAX_PROCESSOR_NAME] = {};
  int length = 0;
  MPI_Get_processor_name(full, &length);
  copy_text(full, text, most);
}

void barrier() {
  MPI_Barrier(MPI_COMM_WORLD);
}

void sleepy_barrier(unsigned sleep_us) {
  MPI_Request request = MPI_REQUEST_NULL;
  MPI_Ibarrier(MPI_COMM_WORLD, &request);
  for (int done = 0; done == 0;) {
    MPI_Test(&request, &done, MPI_STATUS_IGNORE);
    if (done == 0) usleep(sleep_us);
  }
}

void sleepy_probe(int from, unsigned sleep_us) {
  for (int there = 0; there == 0;) {
    MPI_Iprobe(from, 0, MPI_COMM_WORLD, &there, MPI_STATUS_IGNORE);
    if (there == 0) usleep(sleep_us);
  }
}

void exchange(int to, const void* out, std::size_t out_bytes, int from, void* in,
              std::size_t in_bytes) {
  const auto* source = static_cast<const char*>(out);
  auto* target = static_cast<char*>(in);
  for (std::size_t at = 0; at < std::max(out_bytes, in_bytes); at += kMostBytes) {
    const std::size_t sent = std::min(kMostBytes, out_bytes - std::min(at, out_bytes));
    const std::size_t received = std::min(kMostBytes, in_bytes - std::min(at, in_bytes));
    MPI_Request requests[2] = {MPI_REQUEST_NULL, MPI_REQUEST_NULL};
    if (received > 0) {
      MPI_Irecv(target + at, static_cast<int>(received), MPI_BYTE, from, 0, MPI_COMM_WORLD,
                &requests[0]);
    }
    if (sent > 0) {
      MPI_Isend(source + at, static_cast<int>(sent), MPI_BYTE, to, 0, MPI_COMM_WORLD, &requests[1]);
    }
    MPI_Waitall(2, requests, MPI_STATUSES_IGNORE);
  }
}

void all_reduce(const Call* call) {
  MPI_Allreduce(input(*call), call->out, count_of(*call), type_of(*call), reduction_of(*call),
                MPI_COMM_WORLD);
}

void all_gather(const Call* call) {
  MPI_Allgather(input(*call), count_of(*call), type_of(*call), call->out, count_of(*call),
                type_of(*call), MPI_COMM_WORLD);
}

void reduce_scatter(const Call* call) {
  MPI_Reduce_scatter_block(input(*call), call->out, count_of(*call), type_of(*call),
                           reduction_of(*call), MPI_COMM_WORLD);
}

void all_to_all(const Call* call) {
  MPI_Alltoall(input(*call), count_of(*call), type_of(*call), call->out, count_of(*call),
               type_of(*call), MPI_COMM_WORLD);
}

void all_to_all_v(const Call* call) {
  MPI_Alltoallv(call->in, call->send_counts, call->send_at, type_of(*call), call->out,
                call->receive_counts, call->receive_at, type_of(*call), MPI_COMM_WORLD);
}

// MPI's broadcast knows one buffer: `out`.
void broadcast(const Call* call) {
  MPI_Bcast(call->out, count_of(*call), type_of(*call), call->root, MPI_COMM_WORLD);
}

void reduce(const Call* call) {
  MPI_Reduce(input(*call), call->out, count_of(*call), type_of(*call), reduction_of(*call),
             call->root, MPI_COMM_WORLD);
}

constexpr InferbenchMpiTable kTable = {INFERBENCH_MPI_VERSION,
                                       init,
                                       finalize,
                                       world_rank,
                                       world_size,
                                       library,
                                       host,
                                       barrier,
                                       sleepy_barrier,
                                       sleepy_probe,
                                       exchange,
                                       all_reduce,
                                       all_gather,
                                       reduce_scatter,
                                       all_to_all,
                                       all_to_all_v,
                                       broadcast,
                                       reduce};

}  // namespace

extern "C" __attribute__((visibility("default"))) const InferbenchMpiTable* inferbench_mpi_table() {
  return &kTable;
}
