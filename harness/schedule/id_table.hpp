#pragma once

#include <cstdint>
#include <vector>

#include "harness/base/ids.hpp"

namespace inferbench {

// Request id -> slot of the open requests, in memory that follows their number and not the ids.
//
// Ids count up, so open ids lie close together. Hashed by themselves they would form one long run,
// which erase() would have to walk; Fibonacci hashing (Knuth, TAOCP volume 3, section 6.4) spreads
// consecutive ids evenly.
class IdTable {
 public:
  static constexpr std::uint32_t kAbsent = ~std::uint32_t{0};

  std::uint32_t find(RequestId id) const {
    for (std::size_t at = home(id.value);; at = (at + 1) & mask_) {
      if (cells_[at].slot == kAbsent) return kAbsent;
      if (cells_[at].id == id.value) return cells_[at].slot;
    }
  }

  // `id` must not be in the table.
  void insert(RequestId id, std::uint32_t slot) {
    if (2 * (size_ + 1) > cells_.size()) grow();
    std::size_t at = home(id.value);
    while (cells_[at].slot != kAbsent) at = (at + 1) & mask_;
    cells_[at] = {id.value, slot};
    ++size_;
  }

  // Closes the gap that it leaves, so that later searches need no tombstones (Knuth, TAOCP volume
  // 3, section 6.4, algorithm R).
  void erase(RequestId id) {
    std::size_t gap = home(id.value);
    while (cells_[gap].slot != kAbsent && cells_[gap].id != id.value) gap = (gap + 1) & mask_;
    if (cells_[gap].slot == kAbsent) return;
    for (std::size_t at = (gap + 1) & mask_; cells_[at].slot != kAbsent; at = (at + 1) & mask_) {
      if (((at - home(cells_[at].id)) & mask_) >= ((at - gap) & mask_)) {
        cells_[gap] = cells_[at];
        gap = at;
      }
    }
    cells_[gap] = {};
    --size_;
  }

  std::size_t size() const { return size_; }

 private:
  struct Cell {
    std::uint32_t id = 0;
    std::uint32_t slot = kAbsent;
  };

  std::size_t home(std::uint32_t id) const {
    return static_cast<std::uint32_t>(id * std::uint32_t{0x9E3779B9}) >> shift_;
  }

  void grow() {
    std::vector<Cell> old(cells_.size() * 2);
    old.swap(cells_);
    mask_ = cells_.size() - 1;
    --shift_;
    size_ = 0;
    for (const Cell& cell : old) {
      if (cell.slot != kAbsent) insert(RequestId(cell.id), cell.slot);
    }
  }

  std::vector<Cell> cells_ = std::vector<Cell>(16);
  std::size_t mask_ = 15;
  int shift_ = 28;  // 32 - log2(cells)
  std::size_t size_ = 0;
};

}  // namespace inferbench
