// valijson aborts the process on a document that it cannot walk unless told to throw.
#define VALIJSON_USE_EXCEPTIONS 1

#include "results/validate.hpp"

#include <algorithm>
#include <charconv>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>

#include "harness/base/embedded_file.hpp"
#include "harness/base/error.hpp"
#include "results/json_numbers.hpp"
#include "results/run_result.hpp"

namespace inferbench {

const std::vector<EmbeddedFile>& embedded_schemas();  // generated, see cmake/InferbenchEmbed.cmake

namespace {

using nlohmann::json;

// Deeper nesting is no result of ours, and every walk below is recursive.
constexpr int kDeepestNesting = 64;

constexpr std::string_view kSchemaFolder = "schema/";

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

bool is_cascade(const Violation& violation) {
  return violation.problem.starts_with("Failed to validate");
}

// A wrong leaf also fails each object around it ("Failed to validate against ..."); only the leaf
// tells the reader something.
std::vector<Violation> innermost(const std::vector<Violation>& all) {
  std::set<std::string> pointers, told;
  for (const Violation& violation : all) {
    pointers.insert(violation.pointer);
    if (!is_cascade(violation)) told.insert(violation.pointer);
  }
  std::vector<Violation> kept;
  for (const Violation& violation : all) {
    const std::string below = violation.pointer + "/";
    const auto next = pointers.lower_bound(below);
    const bool has_deeper = next != pointers.end() && next->starts_with(below);
    const bool said = has_deeper || told.contains(violation.pointer);
    if (!is_cascade(violation) || !said) kept.push_back(violation);
  }
  return kept;
}

// "Value type not permitted by 'type' constraint; found \"fast\""
void say_what_was_found(Violation& violation, const json& document) {
  constexpr std::size_t kLongest = 60;
  const json::json_pointer pointer(violation.pointer);
  if (!document.contains(pointer) || document[pointer].is_structured()) return;
  std::string found =
      document[pointer].dump(-1, ' ', true, json::error_handler_t::replace);  // ASCII: cut anywhere
  if (found.size() > kLongest) found = found.substr(0, kLongest) + " ...";
  if (violation.problem.ends_with('.')) violation.problem.pop_back();
  violation.problem += "; found " + found;
}

std::unique_ptr<const valijson::Schema> compile_schema(const std::string& name) {
  auto schema = std::make_unique<valijson::Schema>();
  const json document = json::parse(schema_text(name));
  valijson::SchemaParser parser;
  parser.populateSchema(valijson::adapters::NlohmannJsonAdapter(document), *schema);
  return schema;
}

std::vector<Violation> violations_of(const valijson::Schema& schema, const json& document) {
  valijson::Validator validator;
  valijson::ValidationResults results;
  validator.validate(schema, valijson::adapters::NlohmannJsonAdapter(document), &results);
  std::vector<Violation> all;
  for (const auto& error : results) all.push_back({json_pointer(error.context), error.description});
  std::vector<Violation> kept = innermost(all);
  for (Violation& violation : kept) say_what_was_found(violation, document);
  return kept;
}

std::optional<int> major_version(const std::string& version) {
  int major = 0;
  const char* end = version.data() + version.size();
  const auto [rest, error] = std::from_chars(version.data(), end, major);
  if (error != std::errc() || rest == end || *rest != '.') return std::nullopt;
  return major;
}

// Our documents that are answers rather than results of a run: read by people and scripts, with no
// rules behind them that could be checked.
struct OtherDocument {
  std::string_view schema, what;
};
constexpr OtherDocument kOtherDocuments[] = {
    {"inferbench.advice", "what `advise --json` writes"},
    {"inferbench.selftest", "what `selftest --json` writes"},
    {"inferbench.machine", "what `bench machine --json` writes"},
    {"inferbench.doctor", "what `doctor --json` writes"},
    {"inferbench.explain", "what `explain --json` writes"},
    {"inferbench.plan", "what `plan --json` writes"},
    {"inferbench.claims", "what `claims --json` writes"},
    {"inferbench.cost-profile", "a cost profile, which --profile reads"},
    {"inferbench.models", "a file of models, which --model reads"},
    {"inferbench.gpus", "a file of GPUs, which --gpu reads"},
};

// "inferbench.plan/1": a document of ours that is no result; nullopt: not ours.
std::optional<Violation> other_document(const json& schema) {
  if (!schema.is_string()) return std::nullopt;
  const auto id = schema.get<std::string>();
  for (const OtherDocument& other : kOtherDocuments) {
    if (id.substr(0, id.find('/')) != other.schema) continue;
    return Violation{"/schema", "is \"" + id + "\", " + std::string(other.what) +
                                    ": not the result of a run, and not checked; results are "
                                    "written by replay, sweep, find-max and bench"};
  }
  return std::nullopt;
}

// Asked before the schema: a file of another kind or version would answer with a page of violations
// that all mean this.
std::optional<Violation> wrong_schema(const json& document) {
  if (!document.is_object() || !document.contains("schema")) {
    return Violation{"", "is not an inferbench result: no \"schema\" key"};
  }
  const json& schema = document["schema"];
  if (auto other = other_document(schema)) return other;
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

// Not JSON, or nested too deeply; nullopt: `document` holds it.
std::optional<Violation> parse_document(const std::string& text, json& document) {
  try {
    document = parse_bounded(text);
  } catch (const json::exception& error) {
    return Violation{"", std::string("is not JSON: ") + error.what()};
  } catch (const Error& error) {
    return Violation{"", error.problem()};
  }
  return std::nullopt;
}

// The name of its schema; nullptr: the document is no comparison.
const char* comparison_schema(const json& document) {
  const json schema = document.value("schema", json());
  if (schema == "inferbench.comparison") return "comparison";
  return schema == "inferbench.stored-comparison" ? "stored_comparison" : nullptr;
}

}  // namespace

std::vector<std::string> schema_names() {
  std::vector<std::string> names;
  for (const EmbeddedFile& file : embedded_schemas()) {
    names.emplace_back(file.name.substr(kSchemaFolder.size()));
    names.back().resize(names.back().find('.'));
  }
  return names;
}

std::string_view schema_text(const std::string& name) {
  const std::vector<std::string> names = schema_names();
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) throw unknown_name("--schema-of", "schema", name, names);
  return embedded_schemas()[static_cast<std::size_t>(found - names.begin())].text;
}

bool is_comparison(const std::string& text) {
  const json document = json::parse(text, nullptr, false);
  return document.is_object() && comparison_schema(document) != nullptr;
}

std::vector<Violation> validate_comparison(const std::string& text) {
  json document;
  if (const auto damaged = parse_document(text, document)) return {*damaged};
  const char* name = document.is_object() ? comparison_schema(document) : nullptr;
  if (name == nullptr) return {{"/schema", "is not that of a comparison"}};
  static const auto programs = compile_schema("comparison");
  static const auto files = compile_schema("stored_comparison");
  write_whole_numbers_as_integers(document);
  const bool stored = std::string_view(name) == "stored_comparison";
  std::vector<Violation> violations = violations_of(stored ? *files : *programs, document);
  if (violations.empty()) violations = comparison_violations(document);
  return violations;
}

std::vector<Violation> validate_run_result(const std::string& text) {
  static const auto schema = compile_schema("run_result");
  json document;
  if (const auto damaged = parse_document(text, document)) return {*damaged};
  if (const auto wrong = wrong_schema(document)) return {*wrong};
  write_whole_numbers_as_integers(document);  // valijson takes 1.0 for no integer
  std::vector<Violation> violations = violations_of(*schema, document);
  if (violations.empty()) violations = semantic_violations(document);
  return violations;
}

}  // namespace inferbench
