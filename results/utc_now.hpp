#pragma once

#include <string>

namespace inferbench {

// The wall clock's time as RFC 3339 in UTC with milliseconds.
std::string utc_now();

}  // namespace inferbench
