#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kernels/cpu/exact_exp.hpp"
#include "kernels/cpu/features.hpp"
#include "kernels/cpu/team.hpp"

namespace inferbench {

// How one request's next token is chosen, and the number that decides it.
struct SamplingRequest {
  float temperature = 1;   // >= 0; 0: greedy, the first token of the largest logit
  std::int64_t top_k = 0;  // only the k most likely tokens; 0: all
  double top_p = 1;        // of those, the fewest that hold this share of the probability, (0, 1]
  double uniform = 0;      // in [0, 1)
};

// Tokens are ranked by logit, the largest first, equal ones by index; NaN is minus infinity. Of the
// first top_k, the shortest beginning that holds top_p of their probability is kept; among the
// kept, in the order of their index, the token in whose share of the probability `uniform` lies is
// sampled.
//
// Probabilities are integers: exact_exp((logit - largest) / temperature) in units of 2^-42, summed
// exactly. So the token depends on logits and request alone: not on instruction set, threads, batch
// or the way a kernel finds it. What is below 2^-43 of the most likely token is never sampled.
//
// Sources: Fan et al., "Hierarchical Neural Story Generation", arXiv 1805.04833 (top-k); Holtzman
// et al., "The Curious Case of Neural Text Degeneration", arXiv 1904.09751 (top-p).
INFERBENCH_INLINE float token_probability(float logit, float largest, float inverse_temperature) {
  const float x = (logit - largest) * inverse_temperature;
  const float probability = exact_exp(x);
  return x >= -87.0F ? probability : 0.0F;  // of NaN 0
}
INFERBENCH_INLINE std::uint64_t probability_units(float probability) {
  constexpr double kShift = 1024.0;  // 2^10: doubles from here on are 2^-42 apart
  return std::bit_cast<std::uint64_t>(static_cast<double>(probability) + kShift) -
         std::bit_cast<std::uint64_t>(kShift);
}

// The number that decides the token of a request at a position: of a stream of its own, so that it
// does not depend on what else is in the batch.
double sampling_uniform(std::uint64_t seed, std::uint64_t request, std::uint64_t position);

// Throws Error for a temperature, top_k, top_p or uniform out of range.
void check_sampling_request(const SamplingRequest& request);

// Samples rows of logits without sorting them: block maxima bound the top_k, a histogram of
// probability finds the end of top_p.
class Sampler {
 public:
  // Of `vocabulary` tokens, 1 .. 2^22, with the kernels of `isa`, which this CPU must have.
  explicit Sampler(std::int64_t vocabulary, Isa isa = best_isa());
  ~Sampler();

  //   logits  [requests, vocabulary]  fp32; a token of minus infinity or NaN is never sampled
  //   tokens  [requests]              -1 where no logit is finite or one is plus infinity
  //
  // Throws Error for a request out of range, std::logic_error if spans disagree.
  void sample(std::span<const float> logits, std::span<const SamplingRequest> requests,
              std::span<std::int32_t> tokens, ThreadTeam& team);

 private:
  struct Scratch;
  using Kernel = std::int32_t (*)(const float*, const SamplingRequest&, Scratch&);
  friend struct SamplingKernels;

  std::int64_t vocabulary_;
  Kernel kernel_;
  std::vector<Scratch> scratch_;  // of each thread
};

// The definition, literally: sorts. Same tokens.
std::int32_t sample_reference(std::span<const float> logits, const SamplingRequest& request);

}  // namespace inferbench
