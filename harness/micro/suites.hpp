#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "harness/micro/points.hpp"

namespace inferbench {

// A list of cases with a name and a purpose.
struct Suite {
  std::string name, summary;
  std::string default_budget;  // as --budget takes it
};
const std::vector<Suite>& suites();

// The cases of a suite, tagged "suite" and "group". Throws Error for a name that is none.
// `only_ops` (empty: all) keeps those ops; `providers` empty: the best own kernel and vendors'.
//
// Sources of the shapes: the linear layers and heads of the catalog's models; batch sizes, prompt
// and context lengths as in DeepGEMM's, FlashInfer's and vLLM's benchmarks.
std::vector<BenchCase> suite_cases(std::string_view name, const std::vector<std::string>& only_ops,
                                   const std::vector<std::string>& providers, std::uint64_t seed);

}  // namespace inferbench
