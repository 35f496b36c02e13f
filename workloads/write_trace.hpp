#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "workloads/request_source.hpp"

namespace inferbench {

enum class TraceOutput {
  jsonl,     // our own: nothing is lost
  mooncake,  // what most tools read: milliseconds, lengths, hash_ids of 512-token blocks
};
std::vector<std::string> trace_output_names();
// Throws Error{place} for an unknown name.
TraceOutput parse_trace_output(std::string_view name, const std::string& place);

// Drains an open-loop source into pieces of text for `write`. `short_hashes` renumbers prefix
// blocks 0, 1, 2, ... in order of appearance. Throws Error when the format cannot hold the
// requests: Mooncake's blocks have 512 tokens.
void write_trace(RequestSource& source, TraceOutput format, bool short_hashes,
                 const std::function<void(std::string_view)>& write);

}  // namespace inferbench
