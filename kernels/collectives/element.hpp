#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace inferbench {

// Types of elements that collectives move and combine.
enum class ElementType {
  bytes,  // moved only
  int32,  // wraps around
  fp32,
  bf16,  // combined in fp32
  fp16,  // combined in fp32
};
std::size_t size_of(ElementType type);
std::string_view name(ElementType type);
const std::vector<ElementType>& element_types();
ElementType element_type(std::string_view name, const std::string& place);  // Error if unknown

enum class Reduction {
  sum,
  max,
  min,
  average,  // the sum divided by the number of ranks; of int32 towards zero
};
std::string_view name(Reduction reduction);  // "sum", "max", "min", "avg"
const std::vector<Reduction>& reductions();
Reduction reduction(std::string_view name, const std::string& place);  // Error if unknown

}  // namespace inferbench
