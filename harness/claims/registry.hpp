#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "harness/catalog/json_object.hpp"
#include "harness/claims/numbers.hpp"
#include "harness/claims/world.hpp"

namespace inferbench {

// Works numbers out of a scenario's inputs. Deterministic; throws Error for inputs it cannot use.
using MeasureFunction = Numbers (*)(const JsonObject& inputs, const World& world);

struct Measure {
  std::string_view name;
  MeasureFunction function;
  std::string_view about;  // inputs and numbers in a sentence
};

// Every measure that a scenario may name: the one list in registry.cpp.
const std::vector<Measure>& measures();

// Throws Error{place} with the nearest names.
const Measure& find_measure(const std::string& name, const std::string& place);

}  // namespace inferbench
