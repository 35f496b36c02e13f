#pragma once

#include "harness/catalog/json_object.hpp"
#include "harness/catalog/model_spec.hpp"

namespace inferbench {

// How frequencies between the bounds are scaled (llama3, yarn): the keys that our own files and
// Hugging Face's have in common, with the defaults of both.
inline void read_rope_curve(const JsonObject& object, RopeScaling& scaling) {
  scaling.low_freq_factor = object.optional_number("low_freq_factor").value_or(1);
  scaling.high_freq_factor = object.optional_number("high_freq_factor").value_or(4);
  scaling.beta_fast = object.optional_number("beta_fast").value_or(32);
  scaling.beta_slow = object.optional_number("beta_slow").value_or(1);
  scaling.mscale = object.optional_number("mscale").value_or(0);
  scaling.mscale_all_dim = object.optional_number("mscale_all_dim").value_or(0);
}

}  // namespace inferbench
