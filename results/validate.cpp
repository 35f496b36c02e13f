// valijson aborts the process on a document that it cannot walk unless told to throw.
#define VALIJSON_USE_EXCEPTIONS 1

#include "results/validate.hpp"

#include <algorithm>
#include <charconv>
#include <memory>
#include <nlohmann/json.hpp>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>

#include "harness/base/embedded_file.hpp"
#include "harness/base/error.hpp"
#include "results/run_result.hpp"

namespace inferbench {

const std::vector<EmbeddedFile>& embedded_schemas();  // generated, see cmake/InferbenchEmbed.cmake

namespace {

using nlohmann::json;

// Deeper nesting is no result of ours, and every walk below is recursive.
constexpr int kDeepestNesting = 64;

std::string escaped(const std::string& token) {
  std::string out;
  for (const char c : token) out += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
  return out;
}

// valijson's context is "<root>", "[\"summary\"]", "[3]" ...
std::string json_pointer(const std::vector<std::string>& context) {
  std::string pointer;
  for (std::string part : context) {
    if (part == "<root>") continue;
    if (part.starts_with('[') && part.ends_with(']')) part = part.substr(1, part.size() - 2);
    if (part.size() >= 2 && part.front() == '"' && part.back() == '"') {
      part = part.substr(1, part.size() - 2);
    }
    pointer += "/" + escaped(part);
  }
  return pointer;
}

// A wrong leaf also fails each object around it ("Failed to validate against ..."); only the leaf
// tells the reader something.
std::vector<Violation> innermost(const std::vector<Violation>& all) {
  std::vector<Violation> kept;
  for (const Violation& violation : all) {
    const bool has_deeper = std::any_of(all.begin(), all.end(), [&](const Violation& other) {
      return other.pointer.size() > violation.pointer.size() &&
             other.pointer.starts_with(violation.pointer + "/");
    });
    const bool cascade = violation.problem.starts_with("Failed to validate against");
    if (!has_deeper || !cascade) kept.push_back(violation);
  }
  return kept;
}

std::unique_ptr<const valijson::Schema> compile_schema() {
  auto schema = std::make_unique<valijson::Schema>();
  const json document = json::parse(run_result_schema());
  valijson::SchemaParser parser;
  parser.populateSchema(valijson::adapters::NlohmannJsonAdapter(document), *schema);
  return schema;
}

std::vector<Violation> schema_violations(const json& document) {
  static const std::unique_ptr<const valijson::Schema> schema = compile_schema();
  valijson::Validator validator;
  valijson::ValidationResults results;
  validator.validate(*schema, valijson::adapters::NlohmannJsonAdapter(document), &results);
  std::vector<Violation> all;
  for (const auto& error : results) all.push_back({json_pointer(error.context), error.description});
  return innermost(all);
}

std::optional<int> major_version(const std::string& version) {
  int major = 0;
  const char* end = version.data() + version.size();
  const auto [rest, error] = std::from_chars(version.data(), end, major);
  if (error != std::errc() || rest == end || *rest != '.') return std::nullopt;
  return major;
}

// Asked before the schema: a file of another kind or version would answer with a page of violations
// that all mean this.
std::optional<Violation> wrong_schema(const json& document) {
  if (!document.is_object() || !document.contains("schema")) {
    return Violation{"", "is not an inferbench result: no \"schema\" key"};
  }
  const json& schema = document["schema"];
  if (!schema.is_object() || !schema.contains("id") || schema["id"] != kRunResultSchema) {
    return Violation{"/schema/id",
                     "is not an inferbench result: expected \"" + std::string(kRunResultSchema) +
                         "\", found " +
                         (schema.is_object() && schema.contains("id") ? schema["id"].dump()
                                                                      : std::string("none"))};
  }
  const std::string version = schema.contains("version") && schema["version"].is_string()
                                  ? schema["version"].get<std::string>()
                                  : "";
  if (major_version(version) != major_version(std::string(kRunResultVersion))) {
    return Violation{"/schema/version", "schema version \"" + version +
                                            "\" is not known here; this program reads version " +
                                            std::string(kRunResultVersion) +
                                            " and later minor versions of it"};
  }
  return std::nullopt;
}

json parse_bounded(const std::string& text) {
  const auto watch_depth = [](int depth, json::parse_event_t, json&) {
    if (depth > kDeepestNesting) {
      throw Error("", "nested more than " + std::to_string(kDeepestNesting) + " levels deep");
    }
    return true;
  };
  return json::parse(text, watch_depth);
}

}  // namespace

std::string_view run_result_schema() {
  return embedded_schemas().front().text;
}

std::vector<Violation> validate_run_result(const std::string& text) {
  json document;
  try {
    document = parse_bounded(text);
  } catch (const json::exception& error) {
    return {{"", std::string("is not JSON: ") + error.what()}};
  } catch (const Error& error) {
    return {{"", error.problem()}};
  }
  if (const auto wrong = wrong_schema(document)) return {*wrong};
  std::vector<Violation> violations = schema_violations(document);
  if (violations.empty()) violations = semantic_violations(document);
  return violations;
}

}  // namespace inferbench
