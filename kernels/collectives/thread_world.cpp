#include "kernels/collectives/thread_world.hpp"

#include <sched.h>

#include <algorithm>
#include <cstring>

#include "harness/base/error.hpp"
#include "kernels/collectives/waiting.hpp"
#include "kernels/cpu/buffer.hpp"

namespace inferbench {
namespace {

// A message from one rank to another. Sender and receiver agree by counting.
struct alignas(2 * kCacheLine) Mailbox {
  std::atomic<std::uint32_t> posted{0};  // messages offered
  const std::byte* data = nullptr;
  std::size_t bytes = 0;
  alignas(kCacheLine) std::atomic<std::uint32_t> taken{0};  // of those, copied by the receiver
};

// Two cache lines: the processor fetches neighbours in pairs.
struct alignas(2 * kCacheLine) Arrival {
  std::atomic<std::uint32_t> barriers{0};  // that this rank has reached
  ExposedBuffers exposed;
};

unsigned allowed_cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  return static_cast<unsigned>(std::max(1, CPU_COUNT(&set)));
}

}  // namespace

struct ThreadWorld::Shared {
  Shared(int ranks, unsigned core_count)
      : size(ranks),
        cores(core_count),
        patience(Patience::for_ranks(static_cast<unsigned>(ranks), core_count)),
        arrivals(static_cast<std::size_t>(ranks)),
        mailboxes(static_cast<std::size_t>(ranks) * static_cast<std::size_t>(ranks)) {}

  bool crowded() const { return static_cast<unsigned>(size) > cores; }
  Mailbox& mailbox(int from, int to) {
    return mailboxes[static_cast<std::size_t>(from) * static_cast<std::size_t>(size) +
                     static_cast<std::size_t>(to)];
  }

  int size;
  unsigned cores;
  Patience patience;
  std::vector<Arrival> arrivals;
  std::vector<Mailbox> mailboxes;
  alignas(2 * kCacheLine) std::atomic<std::uint32_t> open{0};    // ranks that the barrier has
  alignas(2 * kCacheLine) std::atomic<std::uint32_t> passed{0};  // barriers that are complete
};

class ThreadWorld::Rank final : public Communicator {
 public:
  Rank(Shared& shared, int rank) : Communicator(rank, shared.size), shared_(shared) {}

  void barrier() override {
    if (size() == 1) return;
    shared_.crowded() ? count_in() : show_up();
  }

  void exchange(int to, ByteView out, int from, ByteSpan in) override {
    Mailbox* sent = out.empty() ? nullptr : &post(to, out);
    if (!in.empty()) {
      take(from, in.size(),
           [&](const std::byte* data) { std::memcpy(in.data(), data, in.size()); });
    }
    if (sent != nullptr) await_taken(*sent);
  }

  void exchange_combine(int to, ByteView out, int from, const std::byte* own, ByteSpan result,
                        const Combination& how) override {
    Mailbox* sent = out.empty() ? nullptr : &post(to, out);
    if (!result.empty()) {
      take(from, result.size(), [&](const std::byte* data) {
        const std::byte* const terms[] = {data, own};
        combine(result.data(), terms, result.size() / size_of(how.type), how);
      });
    }
    if (sent != nullptr) await_taken(*sent);
  }

  bool shares_memory() const override { return true; }
  void expose(const ExposedBuffers& buffers) override {
    shared_.arrivals[index(rank())].exposed = buffers;
    barrier();
  }
  const ExposedBuffers& exposed(int rank) const override {
    return shared_.arrivals[index(rank)].exposed;
  }
  void conceal() override { barrier(); }

  // A step between ranks with cores of their own costs less than a microsecond; without, a switch
  // of threads, and fewer, larger pieces are better.
  std::size_t piece_bytes() const override {
    return shared_.crowded() ? std::size_t{4} << 20U : std::size_t{256} << 10U;
  }

 private:
  static std::size_t index(int rank) { return static_cast<std::size_t>(rank); }

  // The last one in opens: one wake-up for all, as suits ranks that sleep.
  void count_in() {
    const std::uint32_t before = shared_.passed.load(std::memory_order_acquire);
    if (shared_.open.fetch_add(1, std::memory_order_acq_rel) + 1 ==
        static_cast<std::uint32_t>(size())) {
      shared_.open.store(0, std::memory_order_relaxed);
      shared_.passed.store(before + 1, std::memory_order_release);
      shared_.passed.notify_all();
    } else {
      wait_while(shared_.passed, before, shared_.patience);
    }
  }

  // Everyone raises a flag and looks at all others': the shortest way between cores.
  void show_up() {
    auto& own = shared_.arrivals[index(rank())].barriers;
    const std::uint32_t now = own.load(std::memory_order_relaxed) + 1;
    own.store(now, std::memory_order_release);
    own.notify_all();
    for (int step = 1; step < size(); ++step) {
      auto& other = shared_.arrivals[index((rank() + step) % size())].barriers;
      // It may have raised the next one already, but no further: that one waits for this rank.
      wait_while(other, now - 1, shared_.patience);
    }
  }

  Mailbox& post(int to, ByteView out) {
    Mailbox& box = shared_.mailbox(rank(), to);
    box.data = out.data();
    box.bytes = out.size();
    box.posted.store(box.posted.load(std::memory_order_relaxed) + 1, std::memory_order_release);
    box.posted.notify_all();
    return box;
  }

  template <class Use>
  void take(int from, std::size_t bytes, const Use& use) {
    Mailbox& box = shared_.mailbox(from, rank());
    const std::uint32_t taken = box.taken.load(std::memory_order_relaxed);
    wait_while(box.posted, taken, shared_.patience);
    ensure(box.bytes == bytes, "sender and receiver agree on the size of a message");
    use(box.data);
    count_pulled(from, bytes);
    box.taken.store(taken + 1, std::memory_order_release);
    box.taken.notify_all();
  }

  void await_taken(Mailbox& box) {
    wait_while(box.taken, box.posted.load(std::memory_order_relaxed) - 1, shared_.patience);
  }

  Shared& shared_;
};

ThreadWorld::ThreadWorld(int ranks, unsigned cores)
    : shared_(std::make_unique<Shared>(ranks, cores == 0 ? allowed_cores() : cores)),
      team_(static_cast<unsigned>(ranks)) {
  ensure(ranks >= 1 && ranks <= 256, "from 1 to 256 ranks");
  for (int rank = 0; rank < ranks; ++rank) {
    ranks_.push_back(std::make_unique<Rank>(*shared_, rank));
  }
}

ThreadWorld::~ThreadWorld() = default;

int ThreadWorld::size() const {
  return shared_->size;
}
unsigned ThreadWorld::cores() const {
  return shared_->cores;
}

void ThreadWorld::run(const std::function<void(Communicator&)>& body) {
  team_.run([&](unsigned rank) { body(*ranks_[rank]); });
}

}  // namespace inferbench
