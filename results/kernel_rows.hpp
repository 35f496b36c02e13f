#pragma once

#include <nlohmann/json_fwd.hpp>

#include "harness/micro/row.hpp"
#include "results/validate.hpp"

namespace inferbench {

// A row as it stands in a result file: keys as in results/schema, rates and intensity worked out,
// what is missing under "absent" with its reason.
nlohmann::ordered_json kernel_row_json(const KernelRow& row);

// Back from a row that has passed the schema.
KernelRow kernel_row_from(const nlohmann::ordered_json& json);

// What the schema cannot say of rows; pointers begin with "/rows". `rows` has passed the schema.
std::vector<Violation> kernel_row_violations(const nlohmann::json& rows);

}  // namespace inferbench
