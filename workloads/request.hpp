#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "harness/base/ids.hpp"
#include "harness/base/units.hpp"

namespace inferbench {

// One call to the served model.
struct Request {
  RequestId id{};   // its index in the workload
  Time arrival{};   // when it is due; never decreases along a workload
  Tokens input{};   // prompt length (ISL), >= 1, history included for multi-turn requests
  Tokens output{};  // tokens to generate (OSL), >= 1: the oracle, read only where an answer ends
  Tokens max_output{};        // what a scheduler may know of the answer's length; >= output
  std::int32_t priority = 0;  // smaller is more urgent; only priority scheduling looks at it
  SessionId session{};  // requests of one conversation share it; no other request has it otherwise
  // Hashes of the prompt's leading blocks, one per Workload::block_tokens tokens, the last possibly
  // partial; empty when the trace has none. Equal prefixes of hashes mean equal prompt prefixes.
  std::vector<std::uint64_t> prefix_blocks;
};

// Who asks for how many tokens, and when.
struct Workload {
  std::string name;                // short, for tables: "azure-2023-code", "poisson 2/s, 1k/1k"
  std::string source;              // file, preset or generator with its parameters and seed
  Tokens block_tokens{0};          // tokens per prefix block; 0 when requests carry none
  std::vector<Request> requests;   // ids 0..n-1 in order; arrivals never decrease
  std::vector<std::string> notes;  // what was skipped, jittered, rescaled, assumed: for the output
};

}  // namespace inferbench
