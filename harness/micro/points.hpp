#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "harness/micro/axes.hpp"
#include "kernels/cpu/kernel.hpp"

namespace inferbench {

// What was asked for, before it is spelt out.
struct BenchRequest {
  std::vector<std::string> ops;             // names, or "all"
  std::vector<AxisValues> axes;             // "model" and "tp" among them; any op's axes otherwise
  std::vector<std::string> formats;         // names, or "all"; empty: each op's first
  std::vector<std::string> providers;       // see select_implementations; empty: "all"
  std::map<std::string, std::string> tags;  // of every case
  std::uint64_t seed = 1;
  Fill fill = Fill::normal;
};

// One case with the implementations that are to compute it.
struct BenchCase {
  KernelCase kernel;
  std::map<std::string, std::string> tags;  // "model", "layer", "tp", "suite" ...
  std::vector<const Implementation*> implementations;
  bool reference_asked_for = false;  // by name: it runs however slow it is
  std::string unusable;              // why there is nothing to run; empty: there is
};

// The cartesian product of axes, formats and model shapes, in the order given; what several ops are
// asked for applies to those that have it. Throws Error for a name that none of the ops knows, a
// size below an axis's minimum, an axis given beside a model that sets it, and beyond 100,000
// cases.
std::vector<BenchCase> expand(const BenchRequest& request);

// The first of each op, format, axes and tags, in whatever list.
std::vector<BenchCase> without_duplicates(std::vector<BenchCase> cases);

// The implementations of an op that a list of words asks for, in the registry's order: "all",
// "own", "vendor" (neither own nor reference), "best" (the first own one that supports the case),
// "reference", a provider's name or an implementation's. Those that do not compute the format are
// left out, unless named. Words that name nothing of this op are
// ignored: check_providers refuses those that name nothing anywhere.
std::vector<const Implementation*> select_implementations(const KernelCase& kernel_case,
                                                          const std::vector<std::string>& words,
                                                          Device device = Device::cpu);
// The same cases with the implementations of another device; those that have none there stay, with
// the reason.
std::vector<BenchCase> on_device(std::vector<BenchCase> cases,
                                 const std::vector<std::string>& words, Device device);
void check_providers(const std::vector<std::string>& ops, const std::vector<std::string>& words);

}  // namespace inferbench
