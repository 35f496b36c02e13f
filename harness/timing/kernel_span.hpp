#pragma once

#include <cstdint>
#include <vector>

#include "harness/base/units.hpp"

namespace inferbench {

// One kernel inside a step, by the steady clock's own epoch.
struct KernelSpan {
  const char* name = "";    // a literal: "qkv_gemm"
  std::int32_t layer = -1;  // of the model; -1: of none, as the LM head
  std::int32_t rank = 0;    // who computed it
  Duration begin{}, end{};  // end >= begin
};
using KernelSpans = std::vector<KernelSpan>;

}  // namespace inferbench
