#pragma once

#include <optional>
#include <string>

#include "harness/validate/serving_point.hpp"
#include "workloads/traces/csv_table.hpp"

namespace inferbench {

// Each appends a file's points. What a row's columns leave no doubt about is not in is counted.
void read_serving_e2e(const std::string& path, Truth& truth);
void read_trtllm_throughput(const std::string& path, Truth& truth);
void read_splitwise(const std::string& path, Truth& truth);

// The catalog's name of a model as the data writes it; absent: not in the catalog.
std::optional<std::string> catalog_model(const std::string& name);

// A cell that must be a number above zero; throws Error naming file, line and column.
double positive_number(const CsvTable& table, std::size_t column);

}  // namespace inferbench
