#pragma once

#include <string_view>
#include <vector>

#include "harness/replay/request_record.hpp"

namespace inferbench {

// Inter-token latency: the gaps between consecutive output tokens, pooled over all requests. A step
// that shows k tokens at once ends a gap g that counts as k gaps of g / k, so that a system which
// answers in chunks is not credited with gaps of zero.
inline constexpr std::string_view kItlDefinition =
    "gap between consecutive output tokens, pooled over all completed requests; a gap that ends in "
    "k tokens at once counts as k gaps of 1/k of it";

// Appends one request's gaps, in milliseconds: one fewer than it has tokens.
//
// Tokens visible together with the first one have no gap before them that a user could see; they
// count as gaps of zero.
void append_gaps(const RequestRecord& record, std::vector<double>& gaps);

}  // namespace inferbench
