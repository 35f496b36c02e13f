#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>

namespace inferbench::simt {

struct Index {
  unsigned x = 0, y = 0, z = 0;
};
struct Extent {
  unsigned x = 1, y = 1, z = 1;
  unsigned count() const { return x * y * z; }
};

// In which order the threads of a block get their turns. A kernel whose results differ between
// orders lacks a barrier.
enum class TurnOrder { forward, backward, shuffled };

struct EmulationOptions {
  Extent grid{}, block{};
  std::size_t shared_bytes = 0;
  unsigned cluster = 1;  // blocks of consecutive x that run at the same time and see each other
  TurnOrder order = TurnOrder::forward;
  std::uint64_t seed = 1;  // of the shuffle
};

// What an emulated launch saw, summed over blocks.
struct EmulationCounts {
  std::uint64_t barriers = 0;           // of whole blocks
  std::uint64_t matrix_loads = 0;       // load_matrix4
  std::uint64_t matrix_conflicts = 0;   // extra passes over the banks that they take
  std::uint64_t async_copies = 0;       // of 16 bytes
  std::uint64_t tensor_operations = 0;  // mma, per warp; wgmma, per four warps
  std::uint64_t tensor_copies = 0;      // of tiles
};

// Runs `kernel` as each thread of each block, clusters of blocks one after the other, threads of a
// block in turns that end where they wait for others. Shared memory begins as NaN. Throws Failure
// where a kernel cannot go on or does what a GPU does not define: lanes of a warp in different
// primitives, a barrier that not all reach, an address that is not aligned.
EmulationCounts emulate(const EmulationOptions& options, const std::function<void()>& kernel);

namespace emulated {

// For the primitives of host.hpp: of the thread whose turn it is.
unsigned lane();
unsigned thread();  // of the block
unsigned cluster_rank();
void* shared_memory(std::size_t bytes);
std::byte* shared_memory_of(unsigned cluster_rank);
// Ends the turn if `done` does not hold yet, until it does; `what` is waited for. What makes it
// hold must be called progress.
void wait_until(const char* what, const std::function<bool()>& done);
void progress();
void barrier();
void cluster_barrier();
void named_barrier(int id, int count, bool wait);
// Meets the other lanes of the warp: each brings `bytes`, at most 64; all get what lanes brought,
// 64 bytes apart, good until the next but one exchange.
const std::byte* exchange(const char* what, const void* mine, std::size_t bytes);
void copy_async16(void* to, const void* from, bool valid);
void copy_commit();
void copy_wait(int open);
// Done when `gate` is waited for: what arrives there.
void send(const void* gate, std::function<void()> delivery);
// This thread's asynchronous copies, and then `arrive`.
void send_copies(const void* gate, std::function<void()> arrive);
void deliver(const void* gate);
// Done, in groups, when they are waited for.
void queue_product(std::function<void()> product);
void commit_products();
void wait_for_products(int open);
void require_aligned(const void* address, std::size_t alignment, const char* what);
EmulationCounts& counts();

}  // namespace emulated

}  // namespace inferbench::simt
