#pragma once

#include <compare>
#include <cstdint>
#include <string>

namespace inferbench {

// How one model is spread over GPUs. EP ranks are data-parallel for attention and share the
// experts; expert tensors are sharded TP ways inside each EP rank. Innermost first: tp, cp, ep, pp,
// dp.
struct ParallelConfig {
  std::int64_t tp = 1;  // tensor: each layer's matrices split
  std::int64_t cp = 1;  // context: one sequence's tokens split
  std::int64_t ep = 1;  // expert: routed experts split, attention replicated over its own batch
  std::int64_t pp = 1;  // pipeline: layers split into stages
  std::int64_t dp = 1;  // data: independent replicas

  std::int64_t replica_gpus() const { return tp * cp * ep * pp; }
  std::int64_t gpus() const { return replica_gpus() * dp; }
  auto operator<=>(const ParallelConfig&) const = default;
};

// "TP2EP16PP2": degrees above one in the order TP, CP, EP, PP, DP; "TP1" for a single GPU.
std::string label(const ParallelConfig& config);

// Reads "tp2ep16pp2" in any order and case, also with '-', '_', ',', ':' or spaces between.
// Engines' notation (tp, attention_dp, moe_tp, moe_ep) is read as e.g. "tp1,attention_dp8,moe_ep8".
// Throws Error{place}.
ParallelConfig parse_parallel(const std::string& text, const std::string& place = "--parallel");

}  // namespace inferbench
