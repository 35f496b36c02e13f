#pragma once

#include <cstdint>
#include <string>

#include "harness/measured/cpu_setup.hpp"

namespace CLI {
class App;
}

namespace inferbench {

// What runs the steps of a replay, as typed: the cost model, or this host's CPU and how.
struct CpuArguments : CpuOptions {
  std::string system = "modelled";
  bool compare_model = false;
  std::string op_table;  // what the model predicts with; empty: the machine's probes

  // Throws Error with the nearest names.
  bool on_cpu() const;
};

void add_cpu_options(CLI::App& verb, CpuArguments& arguments);

// Throws Error for the first option that was given and means nothing to the system chosen, or is
// missing for it.
void check_options_of_system(const CLI::App& verb, const CpuArguments& arguments);

}  // namespace inferbench
