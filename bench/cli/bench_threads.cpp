#include "bench/cli/bench_threads.hpp"

#include <algorithm>
#include <string>

#include "harness/base/error.hpp"
#include "results/host_info.hpp"

namespace inferbench {

void check_bench_threads(unsigned threads) {
  constexpr unsigned kMostPerCore = 4;
  const auto cores = static_cast<unsigned>(std::max(1, read_host_info().allowed_cpus));
  if (threads >= 1 && threads <= kMostPerCore * cores) return;
  throw Error("--threads", std::to_string(threads),
              "from 1 to " + std::to_string(kMostPerCore * cores),
              "this process may use " + std::to_string(cores) + (cores == 1 ? " core" : " cores"));
}

}  // namespace inferbench
