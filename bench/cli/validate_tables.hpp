#pragma once

#include <cstdint>
#include <string>

namespace inferbench {

// What `validate --tables` was asked for.
struct TableValidationArguments {
  std::string tables;          // a folder of tables of kernels, or one
  std::string json, markdown;  // files to write; empty: none
  std::uint64_t seed = 7;
  std::size_t worst = 3;
};

// Leaves parts of the tables out, answers them from the rest, prints how far off that was and
// writes the files asked for. Throws Error for tables or places that cannot be used.
void validate_tables(const TableValidationArguments& given);

}  // namespace inferbench
