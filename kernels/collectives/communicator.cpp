#include "kernels/collectives/communicator.hpp"

#include "harness/base/error.hpp"

namespace inferbench {

Communicator::Communicator(int rank, int size) : rank_(rank), size_(size) {
  ensure(size >= 1 && rank >= 0 && rank < size, "a rank is one of its group");
  traffic_.pulled.resize(static_cast<std::size_t>(size));
  traffic_.pushed.resize(static_cast<std::size_t>(size));
}

void Communicator::exchange_combine(int to, ByteView out, int from, const std::byte* own,
                                    ByteSpan result, const Combination& how) {
  if (arrived_.size() < result.size()) arrived_.resize(result.size());
  exchange(to, out, from, ByteSpan(arrived_).first(result.size()));
  const std::byte* const terms[] = {arrived_.data(), own};
  combine(result.data(), terms, result.size() / size_of(how.type), how);
}

const ExposedBuffers& Communicator::exposed(int) const {
  static const ExposedBuffers none;
  return none;
}

void Communicator::by_library(Collective, const CollectiveCall&) {
  ensure(false, "asked for only where has_library()");
}

std::byte* Communicator::scratch(std::size_t bytes) {
  if (scratch_.size() < bytes) scratch_.resize(bytes);
  return scratch_.data();
}

}  // namespace inferbench
