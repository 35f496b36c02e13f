#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "harness/catalog/disagreement.hpp"
#include "harness/catalog/json_object.hpp"

namespace inferbench {

// The keys that GPU and model files share: where each number is from.

// "sources": {"key": "where this one is from"}; empty when absent.
std::map<std::string, std::string> read_sources(const JsonObject& object);

// "disagreements": [{"field", "document", "document_value", "catalog_value", "reason"}].
std::vector<Disagreement> read_disagreements(const JsonObject& object);

// What an entry of a list is called in errors: its name, or "entry N".
std::string entry_name(const nlohmann::json& entry, std::size_t index);

}  // namespace inferbench
