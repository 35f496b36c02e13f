#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>

namespace inferbench {

// An index with a name: a RequestId cannot be passed where a StepId is meant.
template <class Tag>
struct Id {
  std::uint32_t value = 0;

  constexpr Id() = default;
  constexpr explicit Id(std::uint64_t v) : value(static_cast<std::uint32_t>(v)) {}
  constexpr std::size_t index() const { return value; }
  constexpr auto operator<=>(const Id&) const = default;
};

using RequestId = Id<struct RequestTag>;  // its index in the workload
using SessionId = Id<struct SessionTag>;
using StepId = Id<struct StepTag>;    // counts the plans of one scheduler, from 0
using BlockId = Id<struct BlockTag>;  // a KV block of one pool

}  // namespace inferbench
