#pragma once

#include <string>
#include <vector>

#include "harness/base/text_table.hpp"
#include "harness/micro/row.hpp"
#include "harness/micro/run_cases.hpp"

namespace inferbench {

// The timed rows as a table for people; the columns are the same for text and CSV.
TextTable row_table(const std::vector<KernelRow>& rows);
// The same as GitHub-flavoured Markdown.
std::string row_markdown(const std::vector<KernelRow>& rows);

// What failed, one line each, and what was skipped, one line per reason; empty: nothing.
std::string unmeasured_text(const std::vector<KernelRow>& rows);

// "3 rows timed, 1 wrong, 2 skipped"; what is none is left out, but not the timed.
std::string row_counts(const std::vector<KernelRow>& rows);

// "roofs, 1 thread: fma_fp32_avx512 107 GFLOP/s, read_memory 21.3 GB/s; ..."
std::string roofs_text(const std::vector<Roof>& roofs);

}  // namespace inferbench
