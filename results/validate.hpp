#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace inferbench {

// One way in which a document breaks a rule.
struct Violation {
  std::string pointer;  // RFC 6901: "/summary/outcomes/requests"; "" is the whole document
  std::string problem;  // one sentence with the values
};

// Everything wrong with a result file's text: JSON syntax, schema id and version, JSON Schema, and
// the rules that a schema cannot state (semantic_violations). Empty: the file is good.
std::vector<Violation> validate_run_result(const std::string& text);

// The same of a document that `inferbench compare --json` writes, of two programs or of two files.
std::vector<Violation> validate_comparison(const std::string& text);

// Whether the text is such a document, good or not.
bool is_comparison(const std::string& text);

// What a schema cannot say: counts add up, quantiles never decrease, windows begin before they end,
// a modelled result claims no measurement, a verdict agrees with its reasons. `document` has passed
// the schema.
std::vector<Violation> semantic_violations(const nlohmann::json& document);

// The same of comparisons: the verdict is that of the series, a reason makes it invalid, blocks
// have one element per side. `document` has passed the schema.
std::vector<Violation> comparison_violations(const nlohmann::json& document);

// The text of a JSON Schema (draft-07) that is compiled in: "run_result", "comparison" or
// "stored_comparison". Throws Error for another name.
std::string_view schema_text(const std::string& name);
std::vector<std::string> schema_names();

}  // namespace inferbench
