#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace inferbench {

// One axis of a benchmark with the values it takes: `-a M=[1,16,64]`.
struct AxisValues {
  std::string name;                 // lower case
  std::vector<std::string> values;  // as written, ranges written out; at least one
  std::string text;                 // what was given, for messages
};

// Reads one axis, in nvbench's notation. Brackets are optional; items are separated by commas.
//
//   M=16          M=[1,16,64]     M=[1:9:4]        1, 5, 9: start, stop (included), stride
//   M=[1:3]       1, 2, 3         M[pow2]=[0:6:2]  1, 4, 16, 64: exponents
//   model=llama-3-70b             words stay words
//
// Throws Error{"-a TEXT", ...} for what it cannot read, an empty list, a range that never ends or
// more than 10,000 values.
AxisValues parse_axis(const std::string& text);

// The values as whole numbers; throws Error for one that is none.
std::vector<std::int64_t> axis_numbers(const AxisValues& axis);

}  // namespace inferbench
