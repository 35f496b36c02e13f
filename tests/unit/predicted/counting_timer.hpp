#pragma once

#include <memory>

#include "harness/catalog/catalog.hpp"
#include "harness/predicted/step_predictor.hpp"

namespace inferbench::testing_support {

// Whole numbers, to be added up by hand: decodes take requests x context, a chunk its tokens x what
// it sees at the end, everything else as much as it has tokens, rows or requests.
class CountingTimer final : public OpTimer {
 public:
  OpAnswer time(const OpSite& site, double x, double y) const override {
    if (site.op == "decode_attention") return {x * y, Answered::interpolated};
    if (site.op == "prefill_attention") return {x * (x + y), Answered::extrapolated};
    return {x, Answered::measured};
  }
};

// Two layers.
inline DecoderShape tiny_shape() {
  return decoder_shape(find_model("tiny-dense-test"));
}

inline StepPredictor counting_predictor(KernelSet kernels = KernelSet::fast) {
  return {tiny_shape(), "bf16", "bf16", kernels, std::make_shared<CountingTimer>()};
}

inline BatchItem chunk(std::int64_t context, std::int64_t tokens, bool last = false) {
  return {.context = Tokens(context), .new_tokens = Tokens(tokens), .emits = last};
}
inline BatchItem decode(std::int64_t context) {
  return {.context = Tokens(context), .new_tokens = Tokens(1), .decode = true, .emits = true};
}

}  // namespace inferbench::testing_support
