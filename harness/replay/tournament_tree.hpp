#pragma once

#include <cstddef>
#include <utility>
#include <vector>

namespace inferbench {

// Keys at places 0 to n - 1 with the least one at hand: a change costs log n, finding the least or
// the next one below a bound too. What a fleet needs to touch only the replicas that are due.
//
// Source: Knuth, TAOCP volume 3, section 5.4.1 (selection by a tournament).
template <class Key>
class TournamentTree {
 public:
  // All places hold `empty`, which no other key exceeds.
  TournamentTree(std::size_t places, Key empty) : leaves_(1), places_(places) {
    while (leaves_ < places) leaves_ *= 2;
    nodes_.assign(2 * leaves_, empty);
  }

  std::size_t size() const { return places_; }
  const Key& operator[](std::size_t place) const { return nodes_[leaves_ + place]; }
  const Key& least() const { return nodes_[1]; }
  // Ties go to the lowest place.
  std::size_t place_of_least() const {
    std::size_t node = 1;
    while (node < leaves_) node = 2 * node + (nodes_[2 * node + 1] < nodes_[2 * node] ? 1 : 0);
    return node - leaves_;
  }

  void set(std::size_t place, Key key) {
    std::size_t node = leaves_ + place;
    nodes_[node] = std::move(key);
    for (node /= 2; node >= 1; node /= 2) {
      const Key& left = nodes_[2 * node];
      const Key& right = nodes_[2 * node + 1];
      nodes_[node] = right < left ? right : left;
    }
  }

  // The first place >= `from` whose key does not exceed `bound`; size() when there is none.
  std::size_t next(std::size_t from, const Key& bound) const {
    if (from >= places_) return places_;
    std::size_t node = leaves_ + from;
    // Up until a subtree to the right, or the place itself, has one; then down to its first.
    while (bound < nodes_[node]) {
      while (node % 2 == 1 && node > 1) node /= 2;
      if (node == 1) return places_;
      ++node;
    }
    while (node < leaves_) {
      node *= 2;
      if (bound < nodes_[node]) ++node;
    }
    return node - leaves_ < places_ ? node - leaves_ : places_;
  }

 private:
  std::size_t leaves_, places_;
  std::vector<Key> nodes_;  // the root is 1; the children of k are 2 k and 2 k + 1
};

}  // namespace inferbench
