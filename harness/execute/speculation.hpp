#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/units.hpp"

namespace inferbench {

// Speculative decoding: something cheap drafts the next tokens of each answer, and the model checks
// them all in one step. Lossless: a step makes the accepted drafts and one token of the model's own
// visible, so answers are what they would have been.
//
// With one rate a for every drafted position, a decode makes E = (1 - a^(g+1)) / (1 - a) tokens
// visible: g + 1 at best (a = 1), 1 at worst (a = 0), when drafting only costs.
//
// Source: Leviathan et al., "Fast Inference from Transformers via Speculative Decoding", ICML 2023,
// equation 1.
struct Speculation {
  enum class Method {
    ngram,        // continues a text that occurred before: no model, no cost
    draft_model,  // a small model on the same GPUs
    mtp,          // multi-token prediction: a layer trained along with the model
  };
  Method method = Method::ngram;
  std::string draft_model;  // catalog name or file; of draft_model alone
  Tokens draft_tokens{};    // drafted per decode (gamma), 0..64
  // Chance that a drafted token is accepted when all before it were, by its position in the draft;
  // as many as draft_tokens, each in [0, 1].
  std::vector<double> acceptance;
};

// What `--speculate` takes; throws Error naming the part.
//
//   gamma=4,accept=0.8              n-gram: drafts cost nothing; `ngram` may be said
//   accept=0.9/0.8/0.7              one rate per position; gamma follows
//   draft=llama-3-8b,gamma=4,accept=0.8
//   mtp=1,accept=0.85               multi-token prediction of so many tokens
Speculation parse_speculation(std::string_view text);
// The same without `accept`, where drafts are computed and acceptance is measured. Throws Error for
// one that says it all the same.
Speculation parse_measured_speculation(std::string_view text);

// "4 tokens drafted by llama-3-8b, accepted 0.8".
std::string label(const Speculation& speculation);

// E of the docstring above, for rates by position: 1 + a1 + a1 a2 + ...
double expected_tokens_per_decode(const Speculation& speculation);

}  // namespace inferbench
