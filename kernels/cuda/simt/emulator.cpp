#include "kernels/cuda/simt/emulator.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <deque>
#include <exception>
#include <map>
#include <new>
#include <numeric>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "harness/base/error.hpp"
#include "kernels/cuda/simt/fiber_switch.hpp"
#include "kernels/cuda/simt/host.hpp"

thread_local inferbench::simt::Index threadIdx, blockIdx;
thread_local inferbench::simt::Extent blockDim, gridDim;

namespace inferbench::simt {
namespace {

constexpr std::size_t kSlot = 64, kWarp = 32;
constexpr std::align_val_t kSharedAlignment{1024};

struct Copy {
  void* to;
  const void* from;
  bool valid;
};

// One GPU thread: a stack of its own, run in turns.
struct Fiber {
  FiberStack stack;
  bool done = false;
  std::uint64_t exchanges = 0;  // begun
  std::vector<Copy> copies;     // of the open group
  std::deque<std::vector<Copy>> groups;
  std::vector<std::function<void()>> products;  // of the open group
  std::deque<std::vector<std::function<void()>>> product_groups;
};

// Where the lanes of a warp meet. Two sets of slots: who is quick may fill the next one while
// others still read.
struct Meeting {
  std::array<std::array<std::byte, kSlot * kWarp>, 2> slots{};
  std::array<const char*, 2> what{};
  std::array<unsigned, 2> arrived{};
  std::uint64_t complete = 0;  // exchanges that all lanes reached
};

struct Barrier {
  unsigned arrived = 0, count = 0;
  std::uint64_t passed = 0;
};

std::string in_block() {
  return " in block " + std::to_string(blockIdx.x) + "," + std::to_string(blockIdx.y) + "," +
         std::to_string(blockIdx.z);
}

// What the threads of a block share.
struct BlockState {
  Index index{};
  std::array<Barrier, 16> barriers{};  // the first: of the whole block
  std::array<Barrier, 8> quads{};      // of four warps each
  void* shared = nullptr;
  unsigned left = 0;  // threads that have not returned
};

// The blocks that run at the same time.
class Cluster {
 public:
  Cluster(const EmulationOptions& options, const std::function<void()>& kernel)
      : options_(options),
        kernel_(kernel),
        threads_(options.block.count()),
        fibers_(std::size_t{threads_} * options.cluster),
        meetings_(fibers_.size() / kWarp),
        blocks_(options.cluster),
        random_(options.seed) {}

  // The blocks whose first one is `first`.
  void run(Index first);

  unsigned thread() const { return self_ % threads_; }
  unsigned rank() const { return self_ / threads_; }
  Fiber& fiber() { return fibers_[self_]; }
  BlockState& block() { return blocks_[rank()]; }
  BlockState& block(unsigned rank) { return blocks_.at(rank); }
  std::size_t shared_bytes() const { return options_.shared_bytes; }

  // Others take their turns first.
  void wait(const char* what) {
    waiting_for_ = what;
    fibers_[self_].stack.leave(scheduler_, false);
  }
  void progress() { progressed_ = true; }

  const std::byte* exchange(const char* what, const void* mine, std::size_t bytes);
  void named_barrier(Barrier& barrier, unsigned count, bool wait_for_others = true);
  void block_barrier();
  void cluster_barrier();

  EmulationCounts counts;
  std::multimap<const void*, std::function<void()>> deliveries;  // by gate

 private:
  static void enter();
  void take_turn(std::size_t fiber);
  void prepare(Index first);
  void release(Barrier& barrier, unsigned left);
  void release_if_all_wait();
  unsigned left() const;

  const EmulationOptions& options_;
  const std::function<void()>& kernel_;
  unsigned threads_;
  std::vector<Fiber> fibers_;  // block by block
  std::vector<Meeting> meetings_;
  std::vector<BlockState> blocks_;
  Barrier together_;  // of all blocks
  std::mt19937_64 random_;
  MainStack scheduler_;
  unsigned self_ = 0;
  bool progressed_ = false;
  const char* waiting_for_ = "";
  std::exception_ptr error_;
};

thread_local Cluster* current = nullptr;

Cluster& running() {
  if (current == nullptr) throw Failure("a kernel's primitive is called outside emulate()");
  return *current;
}

void Cluster::enter() {
  Cluster& c = *current;
  c.fiber().stack.arrived(c.scheduler_);
  try {
    c.kernel_();
  } catch (...) {
    c.error_ = std::current_exception();
  }
  c.fiber().done = true;
  --c.block().left;
  c.progressed_ = true;
  c.release_if_all_wait();
  c.fiber().stack.leave(c.scheduler_, true);
}

unsigned Cluster::left() const {
  unsigned all = 0;
  for (const BlockState& block : blocks_) all += block.left;
  return all;
}

void Cluster::release(Barrier& barrier, unsigned left) {
  if (barrier.arrived == 0 || barrier.arrived < left) return;
  barrier.arrived = 0;
  ++barrier.passed;
  ++counts.barriers;
}

// A thread that has returned counts as one that has reached the barrier of all.
void Cluster::release_if_all_wait() {
  release(block().barriers[0], block().left);
  release(together_, left());
}

void Cluster::take_turn(std::size_t fiber) {
  if (fibers_[fiber].done) return;
  self_ = static_cast<unsigned>(fiber);
  const Extent& size = options_.block;
  const unsigned t = thread();
  threadIdx = {t % size.x, t / size.x % size.y, t / (size.x * size.y)};
  blockIdx = block().index;
  fibers_[fiber].stack.enter(scheduler_);
}

void Cluster::prepare(Index first) {
  for (unsigned rank = 0; rank < blocks_.size(); ++rank) {
    BlockState& block = blocks_[rank];
    block.index = {first.x + rank, first.y, first.z};
    block.barriers = {};
    block.quads = {};
    block.left = threads_;
    if (options_.shared_bytes > 0) std::memset(block.shared, 0xff, options_.shared_bytes);
  }
  together_ = {};
  deliveries.clear();
  for (Meeting& meeting : meetings_) meeting = {};
  for (Fiber& fiber : fibers_) {
    fiber.done = false;
    fiber.exchanges = 0;
    fiber.copies.clear();
    fiber.groups.clear();
    fiber.products.clear();
    fiber.product_groups.clear();
    fiber.stack.begin(&Cluster::enter);
  }
}

void Cluster::run(Index first) {
  // As large as it was asked for, so that what checks addresses sees an access beyond it.
  const auto release = [](std::byte* bytes) { ::operator delete(bytes, kSharedAlignment); };
  std::vector<std::unique_ptr<std::byte, decltype(release)>> memory;
  for (BlockState& block : blocks_) {
    memory.emplace_back(
        static_cast<std::byte*>(::operator new(options_.shared_bytes, kSharedAlignment)), release);
    block.shared = memory.back().get();
  }
  prepare(first);
  std::vector<std::size_t> turns(fibers_.size());
  std::iota(turns.begin(), turns.end(), 0);
  if (options_.order == TurnOrder::backward) std::reverse(turns.begin(), turns.end());
  while (left() > 0) {
    if (options_.order == TurnOrder::shuffled) std::shuffle(turns.begin(), turns.end(), random_);
    progressed_ = false;
    for (const std::size_t fiber : turns) {
      take_turn(fiber);
      if (error_) std::rethrow_exception(error_);
    }
    if (!progressed_) {
      throw Failure("a kernel cannot go on: not all threads that have to reach " +
                    std::string(waiting_for_) + in_block());
    }
  }
}

const std::byte* Cluster::exchange(const char* what, const void* mine, std::size_t bytes) {
  Meeting& meeting = meetings_[self_ / kWarp];
  Fiber& me = fibers_[self_];
  const std::uint64_t number = me.exchanges++;
  const std::size_t set = number % 2;
  if (bytes > 0) std::memcpy(meeting.slots[set].data() + (self_ % kWarp) * kSlot, mine, bytes);
  if (meeting.arrived[set] == 0) meeting.what[set] = what;
  if (std::strcmp(meeting.what[set], what) != 0) {
    throw Failure("lanes of a warp are in different primitives: " + std::string(what) + " and " +
                  meeting.what[set] + in_block());
  }
  progress();
  if (++meeting.arrived[set] == kWarp) {
    meeting.arrived[set] = 0;
    meeting.complete = number + 1;
  }
  while (meeting.complete <= number) wait(what);
  return meeting.slots[set].data();
}

void Cluster::named_barrier(Barrier& barrier, unsigned count, bool wait_for_others) {
  const std::uint64_t passed = barrier.passed;
  if (barrier.arrived == 0) barrier.count = count;
  if (barrier.count != count) {
    throw Failure("threads expect different numbers of others at a named barrier" + in_block());
  }
  progress();
  if (++barrier.arrived == count) {
    barrier.arrived = 0;
    ++barrier.passed;
  }
  while (wait_for_others && barrier.passed == passed) wait("a named barrier");
}

void Cluster::block_barrier() {
  Barrier& barrier = block().barriers[0];
  const std::uint64_t passed = barrier.passed;
  ++barrier.arrived;
  progress();
  release_if_all_wait();
  while (barrier.passed == passed) wait("a block's barrier");
}

void Cluster::cluster_barrier() {
  const std::uint64_t passed = together_.passed;
  ++together_.arrived;
  progress();
  release_if_all_wait();
  while (together_.passed == passed) wait("a cluster's barrier");
}

void arrive(const std::vector<Copy>& copies) {
  for (const Copy& copy : copies) {
    if (copy.valid) {
      std::memcpy(copy.to, copy.from, 16);
    } else {
      std::memset(copy.to, 0, 16);
    }
  }
}

}  // namespace

EmulationCounts emulate(const EmulationOptions& options, const std::function<void()>& kernel) {
  ensure(options.block.count() % kWarp == 0 && options.block.count() <= 1024,
         "a block is of whole warps, of at most 1024 threads");
  ensure(options.cluster >= 1 && options.grid.x % options.cluster == 0, "a grid of whole clusters");
  Cluster cluster(options, kernel);
  blockDim = options.block;
  gridDim = options.grid;
  current = &cluster;
  struct Leave {
    ~Leave() { current = nullptr; }
  } const leave;
  for (unsigned z = 0; z < options.grid.z; ++z) {
    for (unsigned y = 0; y < options.grid.y; ++y) {
      for (unsigned x = 0; x < options.grid.x; x += options.cluster) cluster.run({x, y, z});
    }
  }
  return cluster.counts;
}

namespace emulated {

unsigned lane() {
  return running().thread() % kWarp;
}

unsigned thread() {
  return running().thread();
}

unsigned cluster_rank() {
  return running().rank();
}

void* shared_memory(std::size_t bytes) {
  const std::size_t given = running().shared_bytes();
  if (bytes > given) {
    throw Failure("a kernel uses " + std::to_string(bytes) + " bytes of shared memory of " +
                  std::to_string(given));
  }
  return running().block().shared;
}

std::byte* shared_memory_of(unsigned cluster_rank) {
  return static_cast<std::byte*>(running().block(cluster_rank).shared);
}

void wait_until(const char* what, const std::function<bool()>& done) {
  while (!done()) running().wait(what);
}

void progress() {
  running().progress();
}

void barrier() {
  running().block_barrier();
}

void cluster_barrier() {
  running().cluster_barrier();
}

void named_barrier(int id, int count, bool wait) {
  if (id < 1 || id > 15 || count % static_cast<int>(kWarp) != 0) {
    throw Failure("named barrier " + std::to_string(id) + " of " + std::to_string(count) +
                  " threads: ids are 1 to 15, threads whole warps");
  }
  running().named_barrier(running().block().barriers[static_cast<std::size_t>(id)],
                          static_cast<unsigned>(count), wait);
}

const std::byte* exchange(const char* what, const void* mine, std::size_t bytes) {
  return running().exchange(what, mine, bytes);
}

// They happen as late as a GPU may let them: when they are waited for.
void copy_async16(void* to, const void* from, bool valid) {
  require_aligned(to, 16, "an asynchronous copy");
  if (valid) require_aligned(from, 16, "an asynchronous copy");
  ++running().counts.async_copies;
  running().fiber().copies.push_back({.to = to, .from = from, .valid = valid});
}

void copy_commit() {
  Fiber& fiber = running().fiber();
  fiber.groups.push_back(std::move(fiber.copies));
  fiber.copies.clear();
}

void copy_wait(int open) {
  Fiber& fiber = running().fiber();
  while (fiber.groups.size() > static_cast<std::size_t>(open)) {
    arrive(fiber.groups.front());
    fiber.groups.pop_front();
  }
}

void send(const void* gate, std::function<void()> delivery) {
  running().deliveries.emplace(gate, std::move(delivery));
  running().progress();
}

void send_copies(const void* gate, std::function<void()> arrives) {
  copy_commit();
  auto groups = std::exchange(running().fiber().groups, {});
  send(gate, [groups = std::move(groups), arrives = std::move(arrives)] {
    for (const std::vector<Copy>& group : groups) arrive(group);
    arrives();
  });
}

void deliver(const void* gate) {
  const auto [begin, end] = running().deliveries.equal_range(gate);
  for (auto it = begin; it != end; ++it) it->second();
  running().deliveries.erase(begin, end);
}

void queue_product(std::function<void()> product) {
  running().fiber().products.push_back(std::move(product));
}

void commit_products() {
  Fiber& fiber = running().fiber();
  fiber.product_groups.push_back(std::move(fiber.products));
  fiber.products.clear();
}

// All four warps have done theirs when one goes on: the hardware's operation is theirs together.
void wait_for_products(int open) {
  Fiber& fiber = running().fiber();
  while (fiber.product_groups.size() > static_cast<std::size_t>(open)) {
    for (const std::function<void()>& product : fiber.product_groups.front()) product();
    fiber.product_groups.pop_front();
  }
  running().named_barrier(running().block().quads[running().thread() / 128], 128);
}

void require_aligned(const void* address, std::size_t alignment, const char* what) {
  if (reinterpret_cast<std::uintptr_t>(address) % alignment == 0) return;
  throw Failure(std::string(what) + " is not aligned to " + std::to_string(alignment) + " bytes" +
                in_block());
}

EmulationCounts& counts() {
  return running().counts;
}

}  // namespace emulated
}  // namespace inferbench::simt
