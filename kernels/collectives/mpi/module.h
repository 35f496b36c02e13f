#pragma once

#include <stddef.h>

/* What the MPI module offers the program: one table of plain functions, so that the program itself
 * needs no MPI library. Sizes are in bytes, counts in elements; an MPI error ends the job, which is
 * MPI's default. */

#ifdef __cplusplus
extern "C" {
#endif

#define INFERBENCH_MPI_VERSION 2
#define INFERBENCH_MPI_SYMBOL "inferbench_mpi_table"

enum InferbenchMpiType { INFERBENCH_MPI_BYTE, INFERBENCH_MPI_INT32, INFERBENCH_MPI_FP32 };
enum InferbenchMpiReduction { INFERBENCH_MPI_SUM, INFERBENCH_MPI_MAX, INFERBENCH_MPI_MIN };

/* `in` is NULL where the collective is in place. */
struct InferbenchMpiCall {
  const void* in;
  void* out;
  size_t count; /* elements: of all_reduce, broadcast, reduce; of one block for the others */
  enum InferbenchMpiType type;
  enum InferbenchMpiReduction reduction;
  int root;
  const int *send_counts, *send_at, *receive_counts, *receive_at; /* of all_to_all_v */
};

struct InferbenchMpiTable {
  int version;
  /* Returns whether several threads may call at once; that is asked for where `threads` is not 0. */
  int (*init)(int threads);
  void (*finalize)(void);
  int (*rank)(void);
  int (*size)(void);
  void (*library)(char* text, size_t most); /* name and version */
  void (*host)(char* text, size_t most);
  void (*barrier)(void);
  /* A barrier whose waiting takes no CPU time: looks once per `sleep_us`. */
  void (*sleepy_barrier)(unsigned sleep_us);
  /* Waits for a message of `from` without taking CPU time, in the same way. */
  void (*sleepy_probe)(int from, unsigned sleep_us);
  /* Either direction may have no bytes: then it does not take place. */
  void (*exchange)(int to, const void* out, size_t out_bytes, int from, void* in, size_t in_bytes);
  void (*all_reduce)(const struct InferbenchMpiCall*);
  void (*all_gather)(const struct InferbenchMpiCall*);
  void (*reduce_scatter)(const struct InferbenchMpiCall*);
  void (*all_to_all)(const struct InferbenchMpiCall*);
  void (*all_to_all_v)(const struct InferbenchMpiCall*);
  void (*broadcast)(const struct InferbenchMpiCall*);
  void (*reduce)(const struct InferbenchMpiCall*);
};

typedef const struct InferbenchMpiTable* (*InferbenchMpiEntry)(void);

#ifdef __cplusplus
}
#endif
