#pragma once

#include <cstdint>
#include <span>

namespace inferbench {

// Tokens that visit a rank's experts, where the other ranks that send them are not there: who comes
// is decided here instead of by routers.
class ExpertVisitors {
 public:
  virtual ~ExpertVisitors() = default;

  struct Visit {
    std::int64_t tokens = 0;                 // at least one
    std::int64_t top_k = 1;                  // choices of each, all of them among experts held here
    std::span<const std::int32_t> chosen{};  // [tokens, top_k], numbers in the model
    std::span<const float> weights{};        // the same
  };
  // Of a layer of the model in this step; good until the next call.
  virtual Visit visit(std::int32_t layer) = 0;
};

}  // namespace inferbench
