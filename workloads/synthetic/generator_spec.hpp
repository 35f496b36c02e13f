#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "workloads/synthetic/arrival_process.hpp"
#include "workloads/synthetic/conversations.hpp"
#include "workloads/workload_options.hpp"

namespace inferbench {

// A generator as typed: ARRIVALS:KEY=VALUE,...
//
//   poisson:rate=2,isl=uniform(800,1000),osl=fixed(200)
//   gamma:rate=5,burstiness=0.5,isl=lognormal(1000,1.2),osl=lognormal(200,0.8),requests=5000
//   constant:rate=ramp(1,10,60s),isl=2048,osl=128
//   at-once:isl=512,osl=128
//   poisson:rate=0.5,turns=uniform(2,6),gap=exp:20s,isl=normal(200,50),osl=300
//   poisson:rate=4,prefix=2048,groups=8,skew=1,isl=256,osl=128,block=16
//
// ARRIVALS: poisson, gamma (burstiness=K or cv=C), weibull (shape=K or cv=C), constant, at-once.
// rate: requests per second, of conversations when there are several turns; a number, ramp(...) or
//   stages(...) of rate_profile.hpp. Not for at-once.
// isl, osl: distributions of length_distribution.hpp; or lengths=empirical(SPEC), which draws
//   input and output of one request of a workload together.
// requests: how many (default 1,000, or until stages end).
// turns, gap: messages per conversation, and the time from one arrival to the next in open loop
//   (a duration, or exp:DURATION); histories grow.
// prefix, groups, skew: tokens shared by a group of conversations, before isl; number of groups
//   (default 1); Zipf exponent of their popularity (default 0: all alike).
// priority: Request::priority of whole conversations, with weights: 0:0.8/1:0.2; without: 0.
// block: tokens per prefix block (default 16 when there are prefixes or turns, else none).
struct GeneratorSpec {
  GapFamily family = GapFamily::poisson;
  double shape = 1;  // of gamma and weibull
  RateProfile rate = RateProfile::constant(1);
  ConversationShape conversations;
  std::optional<ThinkTime> gap;
  std::optional<std::int64_t> requests;
};

// What a generator needs from workloads that exist.
struct LoadForGenerator {
  LoadLengths lengths;
  std::function<std::vector<std::pair<Tokens, Tokens>>(std::string_view spec)> pairs;
};

std::vector<std::string> generator_names();
// Throws Error{place} naming the key and the nearest known one.
GeneratorSpec parse_generator(std::string_view text, const LoadForGenerator& load);

}  // namespace inferbench
