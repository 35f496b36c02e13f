#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "harness/claims/claim_result.hpp"

namespace inferbench {

struct ClaimReportOptions {
  bool verbose = false;     // assumptions, inputs, numbers and checks of every row
  std::size_t width = 100;  // columns that text is wrapped to, at least 60
};

// For people: rows under the title of the document they come from, with label, what it says and
// what comes out; the tally of labels last.
std::string claims_text(const std::vector<ClaimResult>& results,
                        const ClaimReportOptions& options = {});

// For programs: {"schema": "inferbench.claims/1", ...}; docs/claims.md lists the keys. The same
// bytes for the same build.
std::string claims_json(const std::vector<ClaimResult>& results);

// A computed label that is not the expected one.
struct LabelChange {
  std::string name, expected, found;  // expected is empty when none is written down
};

std::vector<LabelChange> label_changes(const std::vector<ClaimResult>& results,
                                       const std::map<std::string, std::string>& expected);

// Pinned checks that fail: "A6: fast.TP64_tps_user wanted = 39.3 within 0.3 %, found 41.0".
std::vector<std::string> broken_pins(const std::vector<ClaimResult>& results);

}  // namespace inferbench
