#pragma once

#include <string>
#include <vector>

namespace inferbench {

// A short replay of a tiny model on this host, with more options.
inline std::vector<std::string> cpu_replay(const std::vector<std::string>& more) {
  std::vector<std::string> arguments = {"replay",
                                        "--system",
                                        "cpu",
                                        "--model",
                                        "tiny-dense-test",
                                        "--workload",
                                        "poisson:rate=200,isl=24,osl=6",
                                        "--requests",
                                        "20"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

}  // namespace inferbench
