#pragma once

#include <cstdint>

#include "harness/base/units.hpp"
#include "harness/catalog/hardware_spec.hpp"

namespace inferbench {

// The rule behind tables of recommended instances: the smallest power of two of GPUs, at least two,
// whose memory holds the weights when each gives `fraction` of what is marketed. It knows no KV
// cache, no traffic and no SLO. At most 1,024.
//
// Source: "GPU and framework selection for LLM inference", zhuanlan.zhihu.com/p/678763741, whose 81
// cells it gives at fractions from 0.844 to 1.015 (claims row B8).
std::int64_t weights_fit_count(Bytes weights, const HardwareSpec& gpu, double fraction = 0.9);

}  // namespace inferbench
