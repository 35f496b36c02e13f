#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace inferbench {

// Text as JSON; throws Error{place:line} that says where it breaks off. Comments are not JSON.
nlohmann::json parse_json(const std::string& text, const std::string& place);

// Checked reading of one JSON object: every access names the file and the key when something is
// missing or odd, and refuse_unknown() answers a misspelt key with the nearest known one.
class JsonObject {
 public:
  // `place` is the file, with the path of the object inside it when it is not the whole file;
  // `page` of the documentation lists its keys. Throws Error when `json` is not an object. Keeps a
  // reference to it.
  JsonObject(const nlohmann::json& json, std::string place, std::string page = "docs/catalog.md");

  bool has(const std::string& key) const;  // there and not null
  std::int64_t integer(const std::string& key) const;
  std::int64_t integer(const std::string& key, std::int64_t fallback) const;
  double number(const std::string& key) const;  // finite and > 0
  std::optional<double> optional_number(const std::string& key) const;
  std::string text(const std::string& key) const;  // not empty
  std::string text(const std::string& key, const std::string& fallback) const;
  bool boolean(const std::string& key, bool fallback) const;
  std::vector<std::string> texts(const std::string& key) const;  // empty when absent
  JsonObject object(const std::string& key) const;
  const nlohmann::json& array(const std::string& key) const;
  std::vector<std::string> keys() const;

  // The first of `keys` that is there; throws Error naming all of them when none is.
  std::int64_t integer_of(const std::vector<std::string>& keys) const;
  std::optional<std::int64_t> optional_integer_of(const std::vector<std::string>& keys) const;

  // Throws Error for a key that no call above has asked for.
  void refuse_unknown() const;

  [[noreturn]] void refuse(const std::string& key, const std::string& problem,
                           const std::string& rule, const std::string& way_out = "") const;
  const std::string& place() const { return place_; }

 private:
  const nlohmann::json* find(const std::string& key) const;
  const nlohmann::json& require(const std::string& key, const char* expected) const;
  std::int64_t as_integer(const std::string& key, const nlohmann::json& value) const;
  double as_number(const std::string& key, const nlohmann::json& value) const;

  const nlohmann::json* json_;
  std::string place_, page_;
  mutable std::set<std::string> asked_;
};

}  // namespace inferbench
