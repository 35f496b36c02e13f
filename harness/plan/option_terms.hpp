#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace inferbench {

// "rank=16,adapters=64" taken apart in order; a term without '=' has an empty value. Throws
// Error{place} for an empty term and for a key given twice.
using OptionTerms = std::vector<std::pair<std::string, std::string>>;
OptionTerms parse_terms(const std::string& text, const std::string& place);

// A whole number or a real one between two bounds, both included. Throws Error{place}.
std::int64_t parse_count(const std::string& text, const std::string& place, std::int64_t least,
                         std::int64_t most);
double parse_real(const std::string& text, const std::string& place, double least, double most);

// 0.6 as "0.6", 1.0 as "1": as few digits as read back.
std::string shortest(double value);

}  // namespace inferbench
