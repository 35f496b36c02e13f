#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace inferbench {

// What a "model_type" fixes in code and its config.json therefore does not say.
struct HfFamily {
  std::string_view model_type;
  bool gated = true;  // three FFN matrices
  // Key of the bias switch; "" when `qkv_bias` and `output_bias` are fixed by the family.
  std::string_view bias_key = "attention_bias";
  bool qkv_bias = false;  // fixed, or the default of bias_key
  bool output_bias = false;
  bool ffn_bias = false;
  bool qk_norm = false;
  bool tied = false;               // default of tie_word_embeddings
  std::int64_t window_period = 1;  // default period of full-attention layers when there is a window
  bool default_4h = false;         // FFN of 4 x hidden when the key is absent
  std::int64_t position_rows = -1;  // learned positions: rows beyond the context; -1: none
};

std::span<const HfFamily> hf_family_table();

}  // namespace inferbench
