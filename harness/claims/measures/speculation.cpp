// Speculative decoding: expected gain by formula, and by a simulation that accepts and rejects.
#include <cmath>

#include "harness/base/random.hpp"
#include "harness/claims/measures/inputs.hpp"
#include "harness/claims/measures/measures.hpp"

namespace inferbench::claims {
namespace {

constexpr std::uint64_t kVocabulary = 1000;

// A greedy target: the next token is a function of the last token and the position, so any two ways
// of decoding it can be compared token by token.
std::uint64_t target_token(std::uint64_t last, std::uint64_t position) {
  return RandomStream(last * 1000003 + position, "speculation.target").below(kVocabulary);
}

struct SpeculatedText {
  double steps = 0, tokens = 0;
  bool equals_plain = true;  // token for token what decoding one by one gives
};

// One step proposes `draft` tokens, each equal to the target's with probability `acceptance`; the
// target keeps the prefix it agrees with and adds one token of its own.
SpeculatedText speculate(std::int64_t tokens, std::int64_t draft, double acceptance,
                         std::uint64_t seed) {
  RandomStream random(seed, "speculation.draft");
  SpeculatedText text;
  std::uint64_t plain = 0, last = 0, position = 0;
  const auto emit = [&](std::uint64_t token) {
    plain = target_token(plain, position);
    text.equals_plain = text.equals_plain && plain == token;
    last = token;
    position += 1;
    text.tokens += 1;
  };
  while (text.tokens < static_cast<double>(tokens)) {
    text.steps += 1;
    bool agreed = true;
    for (std::int64_t i = 0; i < draft && agreed; ++i) {
      const std::uint64_t correct = target_token(last, position);
      const std::uint64_t proposed =
          random.uniform() < acceptance ? correct : (correct + 1) % kVocabulary;
      agreed = proposed == correct;
      emit(agreed ? proposed : correct);  // a rejected proposal is replaced by the target's token
    }
    if (agreed) emit(target_token(last, position));
  }
  return text;
}

}  // namespace

// Tokens per target step with `draft` proposed tokens of acceptance a: E = (1 - a^(draft+1)) /
// (1 - a), 1 at worst and draft + 1 at best; the speed-up divides by 1 + draft x draft_cost, a
// draft step's cost in target steps.
//
// Source: Leviathan et al., "Fast Inference from Transformers via Speculative Decoding", ICML 2023,
// equation 1 and theorem 3.8.
Numbers speculation(const JsonObject& inputs, const World&) {
  const std::int64_t draft = inputs.integer("draft_tokens");
  if (draft < 1 || draft > 64) inputs.refuse("draft_tokens", "is out of range", "1..64");
  const double cost = inputs.number("draft_cost");
  const double step = 1 + static_cast<double>(draft) * cost;
  std::vector<double> expected, simulated, speedup;
  bool lossless = true;
  for (const double a : numbers(inputs, "acceptance")) {
    if (a > 1) inputs.refuse("acceptance", "is above 1", "expected probabilities");
    const double tokens = a == 1 ? static_cast<double>(draft + 1)
                                 : (1 - std::pow(a, static_cast<double>(draft + 1))) / (1 - a);
    const SpeculatedText text = speculate(inputs.integer("simulated_tokens"), draft, a,
                                          static_cast<std::uint64_t>(inputs.integer("seed", 1)));
    expected.push_back(tokens);
    speedup.push_back(tokens / step);
    simulated.push_back(text.tokens / text.steps);
    lossless = lossless && text.equals_plain;
  }
  std::vector<double> error;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    error.push_back(simulated[i] / expected[i] - 1);
  }
  Numbers out;
  out.set("tokens_per_step", expected);
  out.set("simulated_tokens_per_step", simulated);
  out.set("simulated_over_formula_minus_1", error);
  out.set("speedup", speedup);
  out.set("worst_tokens_per_step", expected.front());
  out.set("worst_speedup", speedup.front());
  out.set("best_tokens_per_step", expected.back());
  out.set("best_speedup", speedup.back());
  out.set("output_unchanged", lossless ? 1 : 0);
  return out;
}

}  // namespace inferbench::claims
