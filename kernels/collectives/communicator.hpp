#pragma once

#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <string>
#include <vector>

#include "kernels/collectives/combine.hpp"

namespace inferbench {

enum class Collective;
struct CollectiveCall;

using ByteSpan = std::span<std::byte>;
using ByteView = std::span<const std::byte>;

// What one rank moved between ranks, counted where it is copied. A rank pulls what it receives or
// reads from another one's memory and pushes what it writes there; each byte is counted once.
struct RankTraffic {
  std::vector<std::uint64_t> pulled, pushed;  // by the other rank

  std::uint64_t total() const {
    return std::accumulate(pulled.begin(), pulled.end(), std::uint64_t{0}) +
           std::accumulate(pushed.begin(), pushed.end(), std::uint64_t{0});
  }
};

// Buffers of one rank, as the others see them.
struct ExposedBuffers {
  const std::byte* in = nullptr;
  std::byte* out = nullptr;
  const std::size_t* offsets = nullptr;  // of blocks in `in`, for those of different sizes
};

// One rank of a group that works together: what collectives are written in. All ranks call the same
// collective with matching sizes; a message of no bytes is not sent, by either side.
class Communicator {
 public:
  explicit Communicator(int rank, int size);
  virtual ~Communicator() = default;
  Communicator(const Communicator&) = delete;
  Communicator& operator=(const Communicator&) = delete;

  int rank() const { return rank_; }
  int size() const { return size_; }

  virtual void barrier() = 0;

  // Sends and receives at the same time; returns when `out` may change and `in` is there. The spans
  // do not overlap.
  virtual void exchange(int to, ByteView out, int from, ByteSpan in) = 0;
  void send(int to, ByteView out) { exchange(to, out, rank_, {}); }
  void receive(int from, ByteSpan in) { exchange(rank_, {}, from, in); }
  // Returns when a message of `from` is there to be received, at the earliest; where waiting for a
  // message takes CPU time, this takes none.
  virtual void await_message(int from) { (void)from; }

  // As exchange, but what arrives is combined with `own`: result = arrived op own. `result` may be
  // `own`.
  virtual void exchange_combine(int to, ByteView out, int from, const std::byte* own,
                                ByteSpan result, const Combination& how);

  // Do ranks share memory? Then expose() makes buffers known to all, and returns when all have done
  // so; exposed(rank) is valid until conceal(), which returns when all have called it.
  virtual bool shares_memory() const { return false; }
  virtual void expose(const ExposedBuffers&) {}
  virtual const ExposedBuffers& exposed(int rank) const;
  virtual void conceal() {}

  // The transport's own collectives, where it has some (MPI).
  virtual bool has_library() const { return false; }
  virtual void by_library(Collective kind, const CollectiveCall& call);

  // Vectors are worked on in pieces of about so many bytes per rank, so that what one step leaves
  // in a cache is still there in the next; as many as it takes where steps are dear.
  virtual std::size_t piece_bytes() const = 0;

  // Memory of at least `bytes`, the same as last time: contents are lost between collectives.
  std::byte* scratch(std::size_t bytes);

  const RankTraffic& traffic() const { return traffic_; }
  void count_pulled(int from, std::size_t bytes) {
    if (from != rank_) traffic_.pulled[static_cast<std::size_t>(from)] += bytes;
  }
  void count_pushed(int to, std::size_t bytes) {
    if (to != rank_) traffic_.pushed[static_cast<std::size_t>(to)] += bytes;
  }

 private:
  int rank_, size_;
  RankTraffic traffic_;
  std::vector<std::byte> scratch_, arrived_;
};

}  // namespace inferbench
