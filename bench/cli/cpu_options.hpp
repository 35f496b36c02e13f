#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "harness/measured/cpu_setup.hpp"

namespace CLI {
class App;
}

namespace inferbench {

// What runs the steps of a replay, as typed: the cost model, or this host's CPU or GPU and how.
struct CpuArguments : CpuOptions {
  std::string system = "modelled";
  bool compare_model = false;
  std::optional<std::string> slice;  // one rank alone: its number, or empty for the busiest
  std::int64_t slice_layers = 0;     // of each kind; 0: all of its stage
  std::string op_table;              // what the model predicts with; empty: the machine's probes

  // Throws Error with the nearest names.
  bool executed() const;
  bool on_gpu() const { return system == "cuda"; }
  // Throws Error for a rank that is no number.
  std::optional<SliceChoice> slice_choice() const;
};

void add_cpu_options(CLI::App& verb, CpuArguments& arguments);

// Throws Error for the first option that was given and means nothing to the system chosen, or is
// missing for it.
void check_options_of_system(const CLI::App& verb, const CpuArguments& arguments);

}  // namespace inferbench
