#pragma once

#include <stddef.h>
#include <stdint.h>

/* What the CUDA module offers the program: one table of plain functions, so that the program itself
 * needs neither CUDA's libraries nor a driver. Functions that can fail return 0, or an error whose
 * text message() gives until the next call of the same thread. All work goes to one stream of the
 * module, in the order of the calls. Sizes are in bytes, times in nanoseconds. */

#ifdef __cplusplus
extern "C" {
#endif

#define INFERBENCH_CUDA_VERSION 1
#define INFERBENCH_CUDA_SYMBOL "inferbench_cuda_table"

/* Answers without a driver, too: then `devices` is 0 and `reason` says why. */
struct InferbenchCudaProbe {
  int driver_version, runtime_version; /* 13000: CUDA 13.0; driver 0: none */
  int devices;
  char reason[256];
};

struct InferbenchCudaDevice {
  char name[256], uuid[40];
  int sm; /* 90: compute capability 9.0 */
  int multiprocessors, clock_khz, memory_clock_khz, memory_bus_bits;
  int64_t memory_bytes, l2_bytes, shared_bytes_per_block;
};

/* One of our kernels: `call` is the struct of its op, from calls.h. */
struct InferbenchCudaKernel {
  const char *name, *op, *summary;
  int least_sm;
  size_t call_bytes;
  /* Why it cannot compute a call of these sizes, or NULL. Looks at no pointer. */
  const char* (*refuses)(const void* call);
  /* Device memory it needs beside operands, for `call.workspace`. */
  size_t (*workspace_bytes)(const void* call);
  int (*launch)(const void* call);
};

/* What one thread of one multiprocessor read at the same time. */
struct InferbenchCudaStamp {
  uint64_t global_ns, cycles;
};

/* A kernel, copy or memset that the device ran, as CUPTI tells it. */
struct InferbenchCudaRecord {
  uint64_t id;         /* of the range it was launched in; 0: none */
  uint64_t start, end; /* ns; of the host's steady clock */
  const char* name;    /* stays valid */
  int32_t grid[3], block[3];
  int32_t registers, shared_bytes, local_bytes; /* per thread, block and thread */
};

struct InferbenchCudaTraceCounts {
  uint64_t records; /* of device work, valid ones */
  uint64_t invalid; /* end before start, or no times at all */
  uint64_t lost;    /* records that CUPTI could not keep */
};

struct InferbenchCudaTable {
  int version;
  size_t size; /* of this struct */
  const char* (*message)(void);

  void (*probe)(struct InferbenchCudaProbe* to);
  int (*device)(int ordinal, struct InferbenchCudaDevice* to);
  int (*use)(int ordinal); /* before anything below */

  int (*memory)(size_t* available, size_t* total);
  int (*allocate)(void** to, size_t bytes); /* 256-byte aligned */
  int (*release)(void* memory);
  int (*to_device)(void* to, const void* from, size_t bytes);
  int (*to_host)(void* to, const void* from, size_t bytes);
  int (*copy)(void* to, const void* from, size_t bytes); /* on the device */
  int (*fill)(void* to, int byte, size_t bytes);
  int (*synchronise)(void);

  const struct InferbenchCudaKernel* kernels;
  int kernel_count;

  /* What is queued between block() and release_block() begins when both have been called; after
   * `timeout_ns` it begins anyway, and blocked_out() counts it. */
  int (*block)(uint64_t timeout_ns);
  void (*release_block)(void);
  uint64_t (*blocked_out)(void);
  int events, stamps;     /* numbers of them: 0 <= event < events */
  int (*mark)(int event); /* now, in the stream */
  int (*between)(int first, int last, double* nanoseconds); /* both have happened */
  int (*stamp)(int slot);
  int (*stamped)(int slot, struct InferbenchCudaStamp* to); /* after synchronise() */

  /* Launches between the two are kept, not run. */
  int (*capture_begin)(void);
  int (*capture_end)(void** graph);
  int (*graph_launch)(void* graph);
  int (*graph_release)(void* graph);

  /* CUPTI's activity records: at most one session per process, which lasts until it ends. The claim
   * comes before use(), the start may come later. */
  int (*trace_claim)(void);
  int (*trace_start)(void);
  int (*trace_push)(uint64_t id); /* launches of this thread belong to `id` until the pop */
  int (*trace_pop)(void);
  int (*trace_flush)(void); /* after synchronise() */
  size_t (*trace_take)(struct InferbenchCudaRecord* to, size_t most);
  void (*trace_counts)(struct InferbenchCudaTraceCounts* to);

  /* cuBLASLt, loaded at its first use. `call` is an InferbenchCudaGemm. */
  int (*cublaslt_open)(char* version, size_t most);
  int (*cublaslt_prepare)(const void* call, void** plan, size_t* workspace_bytes);
  int (*cublaslt_run)(void* plan, const void* call);
  void (*cublaslt_release)(void* plan);
};

typedef const struct InferbenchCudaTable* (*InferbenchCudaEntry)(void);

#ifdef __cplusplus
}
#endif
