#pragma once

#include <cstdint>
#include <vector>

#include "harness/base/units.hpp"

namespace inferbench {

// How long a step took, and on what. Parts are what each kind of work would take alone; with
// overlap they add up to more than `stage`: hidden = sum of parts - stage.
struct StepTiming {
  Duration elapsed{};  // from issue to visible tokens with an empty pipeline: all stages
  Duration stage{};    // how long one pipeline stage is occupied; equals elapsed when PP = 1

  struct Parts {  // per stage
    Duration gemm{}, attention{}, moe{}, elementwise{};
    Duration scale_up{};     // collectives inside the fast domain (NVLink)
    Duration scale_out{};    // collectives across it
    Duration host{};         // kernel launches and framework
    Duration kv_transfer{};  // keys and values to and from host memory
  } parts;
  Duration hidden{};
  Duration hidden_collectives{};  // of it, what scale_up and scale_out do while compute runs
};

// What an executor reports of one step.
struct StepResult {
  StepTiming timing;
  // Drafted tokens that each of the plan's items had accepted, in their order, 0 <= accepted <=
  // new_tokens - 1; empty: none had any.
  std::vector<std::int32_t> accepted;
  // Sampled, of executors that compute: for each item that emits, in the plan's order, the accepted
  // drafts and one token more.
  std::vector<std::int32_t> tokens{};
};

}  // namespace inferbench
