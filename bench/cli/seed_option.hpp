#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>

#include "workloads/text_values.hpp"

namespace inferbench {

// --seed: a whole number from 0, into `seed`, which holds the default and outlives the parsing.
inline void add_seed_option(CLI::App& verb, std::uint64_t& seed, const std::string& help) {
  const auto use = [&seed](const std::string& text) {
    seed = static_cast<std::uint64_t>(parse_count(text, "--seed", 0));
  };
  verb.add_option_function<std::string>("--seed", use, help)
      ->type_name("UINT")
      ->default_str(std::to_string(seed));
}

}  // namespace inferbench
