#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "harness/schedule/id_table.hpp"

namespace inferbench {

// The open requests' state, T, in reused slots: dense indices to walk by, ids to look up by.
template <class T>
class Slots {
 public:
  std::uint32_t open(RequestId id, T value) {
    std::uint32_t slot = 0;
    if (free_.empty()) {
      slot = static_cast<std::uint32_t>(values_.size());
      values_.push_back(std::move(value));
    } else {
      slot = free_.back();
      free_.pop_back();
      values_[slot] = std::move(value);
    }
    ids_.insert(id, slot);
    return slot;
  }
  void close(RequestId id, std::uint32_t slot) {
    ids_.erase(id);
    free_.push_back(slot);
  }

  std::uint32_t find(RequestId id) const { return ids_.find(id); }
  T& operator[](std::uint32_t slot) { return values_[slot]; }
  const T& operator[](std::uint32_t slot) const { return values_[slot]; }
  std::size_t size() const { return ids_.size(); }

  // Calls visit(slot) for every open slot, lowest first; it may close the slot.
  template <class Visit>
  void for_each(Visit visit) {
    std::vector<char> closed(values_.size(), 0);
    for (const std::uint32_t slot : free_) closed[slot] = 1;
    for (std::uint32_t slot = 0; slot < closed.size(); ++slot) {
      if (closed[slot] == 0) visit(slot);
    }
  }

 private:
  std::vector<T> values_;
  std::vector<std::uint32_t> free_;
  IdTable ids_;
};

}  // namespace inferbench
