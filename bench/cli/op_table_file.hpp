#pragma once

#include <string>

#include "harness/tables/op_table.hpp"

namespace inferbench {

// This machine and build, now.
TableOrigin origin_here(unsigned threads, unsigned ranks);

// Writes the table under a temporary name and renames it: the file is whole or as it was before.
void write_op_table(const OpTable& table, const std::string& path);

}  // namespace inferbench
