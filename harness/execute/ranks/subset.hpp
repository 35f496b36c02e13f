#pragma once

#include <utility>
#include <vector>

#include "kernels/collectives/communicator.hpp"

namespace inferbench {

// Some ranks of a world as a group of their own: messages go through the world; both count them.
// No two groups that a rank is in may share another rank.
class SubsetCommunicator final : public Communicator {
 public:
  // Keeps a reference. `members`: ranks of the world, this one among them.
  SubsetCommunicator(Communicator& world, std::vector<int> members);

  void barrier() override;
  void exchange(int to, ByteView out, int from, ByteSpan in) override;
  void exchange_combine(int to, ByteView out, int from, const std::byte* own, ByteSpan result,
                        const Combination& how) override;
  void await_message(int from) override { world_.await_message(member(from)); }
  std::size_t piece_bytes() const override { return world_.piece_bytes(); }

 private:
  int member(int rank) const { return members_[static_cast<std::size_t>(rank)]; }

  Communicator& world_;
  std::vector<int> members_;
};

}  // namespace inferbench
