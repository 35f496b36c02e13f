#pragma once

#include <compare>
#include <cstdint>
#include <vector>

#include "harness/base/units.hpp"
#include "harness/replay/tournament_tree.hpp"

namespace inferbench {

// What a router sees of a replica.
struct ReplicaLoad {
  std::int64_t open_requests = 0;
  Tokens open_tokens{};  // prompt tokens of these

  auto operator<=>(const ReplicaLoad&) const = default;
};

// The loads of a pool's replicas and which of them take new requests. Kept up to date by the pool,
// one replica at a time, so that routing does not look at all of them: every call here costs at
// most log n.
class ReplicaLoads {
 public:
  // No replica takes requests until open() says so.
  explicit ReplicaLoads(std::size_t replicas);

  std::size_t size() const { return loads_.size(); }
  const ReplicaLoad& operator[](std::size_t replica) const { return loads_[replica]; }
  void set(std::size_t replica, const ReplicaLoad& load);
  void open(std::size_t replica);
  void close(std::size_t replica);

  // Of those that take requests:
  std::size_t takers() const { return takers_.size(); }
  bool takes(std::size_t replica) const { return place_[replica] != kNone; }
  std::size_t taker(std::size_t n) const { return takers_[n]; }  // in no particular order
  // Fewest open requests, then fewest prompt tokens, then lowest index; there is one.
  std::size_t least_loaded() const { return tree_.place_of_least(); }
  // The first at or after `from`, going round; there is one.
  std::size_t taker_from(std::size_t from) const;

 private:
  static constexpr std::size_t kNone = ~std::size_t{0};

  std::vector<ReplicaLoad> loads_;
  TournamentTree<ReplicaLoad> tree_;  // of those that take requests
  std::vector<std::size_t> takers_;   // and where each stands in this list
  std::vector<std::size_t> place_;
};

}  // namespace inferbench
