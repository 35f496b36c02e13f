#pragma once

#include <algorithm>
#include <cstdlib>
#include <string>

namespace inferbench {

// What the programs that time a decoder take as `--name value`.
struct DecoderBenchOptions {
  std::string model = "tinyllama-1.1b", weights = "w4a8-g128", kv = "bf16", kernels = "fast";
  int rounds = 5;
};

// Hands the names that it does not know to `other(name, value)`.
template <class Other>
void read_options(int count, char** arguments, DecoderBenchOptions& options, const Other& other) {
  for (int i = 1; i + 1 < count; i += 2) {
    const std::string name = arguments[i], value = arguments[i + 1];
    if (name == "--model") {
      options.model = value;
    } else if (name == "--weights") {
      options.weights = value;
    } else if (name == "--kv") {
      options.kv = value;
    } else if (name == "--kernels") {
      options.kernels = value;
    } else if (name == "--rounds") {
      options.rounds = std::max(1, std::atoi(value.c_str()));
    } else {
      other(name, value);
    }
  }
}

}  // namespace inferbench
