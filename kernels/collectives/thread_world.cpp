#include "kernels/collectives/thread_world.hpp"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <exception>
#include <thread>

#include "harness/base/error.hpp"
#include "kernels/cpu/buffer.hpp"
#include "kernels/cpu/waiting.hpp"

namespace inferbench {
namespace {

constexpr auto kNap = std::chrono::microseconds(200);

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

}  // namespace

struct ThreadWorld::Shared {
  Shared(int ranks, unsigned core_count)
      : size(ranks),
        cores(core_count),
        patience(Patience::for_ranks(static_cast<unsigned>(ranks), core_count)),
        arrivals(static_cast<std::size_t>(ranks)),
        mailboxes(static_cast<std::size_t>(ranks) * static_cast<std::size_t>(ranks)) {}

  // Shakes everything that a rank may wait for, so that it wakes and looks at `failed`.
  void wake_all() {
    const auto shake = [](std::atomic<std::uint32_t>& value) {
      value.fetch_add(1, std::memory_order_release);
      value.notify_all();
    };
    for (Arrival& arrival : arrivals) shake(arrival.barriers);
    for (Mailbox& box : mailboxes) shake(box.posted), shake(box.taken);
    shake(passed);
  }

  // As new. No rank is running.
  void reset() {
    for (Arrival& arrival : arrivals) arrival.barriers.store(0), arrival.exposed = {};
    for (Mailbox& box : mailboxes) box.posted.store(0), box.taken.store(0);
    open.store(0), passed.store(0), stopped.store(0), failed.store(false);
  }

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
  alignas(2 * kCacheLine) std::atomic<bool> failed{false};       // a rank threw
  std::atomic<int> stopped{0};  // ranks that touch no other's memory any more
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

  void wait(const std::atomic<std::uint32_t>& value, std::uint32_t old) {
    wait_while(value, old, shared_.patience);
    if (shared_.failed.load(std::memory_order_acquire)) stop();
  }

  // Others may still read this rank's buffers: they stay until all have stopped.
  [[noreturn]] void stop() {
    shared_.stopped.fetch_add(1);
    while (shared_.stopped.load() < size()) std::this_thread::sleep_for(kNap);
    throw RankFailed();
  }

  // The last one in opens: one wake-up for all, as suits ranks that sleep.
  void count_in() {
    const std::uint32_t before = shared_.passed.load(std::memory_order_acquire);
    if (shared_.open.fetch_add(1, std::memory_order_acq_rel) + 1 ==
        static_cast<std::uint32_t>(size())) {
      shared_.open.store(0, std::memory_order_relaxed);
      shared_.passed.store(before + 1, std::memory_order_release);
      shared_.passed.notify_all();
    } else {
      wait(shared_.passed, before);
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
      wait(other, now - 1);
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
    wait(box.posted, taken);
    ensure(box.bytes == bytes, "sender and receiver agree on the size of a message");
    use(box.data);
    count_pulled(from, bytes);
    box.taken.store(taken + 1, std::memory_order_release);
    box.taken.notify_all();
  }

  void await_taken(Mailbox& box) {
    wait(box.taken, box.posted.load(std::memory_order_relaxed) - 1);
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
  Shared& shared = *shared_;
  std::vector<std::exception_ptr> failures(ranks_.size());
  team_.run([&](unsigned rank) {
    try {
      body(*ranks_[rank]);
      shared.stopped.fetch_add(1);
      return;
    } catch (const RankFailed&) {
      return;  // it has stopped
    } catch (...) {
      failures[rank] = std::current_exception();
    }
    shared.stopped.fetch_add(1);
    shared.failed.store(true);
    // Over and over: a rank may have been about to wait.
    while (shared.stopped.load() < shared.size) {
      shared.wake_all();
      std::this_thread::sleep_for(kNap);
    }
  });
  shared.stopped.store(0);
  if (shared.failed.load()) shared.reset();
  for (const std::exception_ptr& failure : failures) {
    if (failure) std::rethrow_exception(failure);
  }
}

}  // namespace inferbench
