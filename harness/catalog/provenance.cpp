#include "harness/catalog/provenance.hpp"

#include <nlohmann/json.hpp>

namespace inferbench {

std::map<std::string, std::string> read_sources(const JsonObject& object) {
  std::map<std::string, std::string> sources;
  if (!object.has("sources")) return sources;
  const JsonObject list = object.object("sources");
  for (const std::string& key : list.keys()) sources[key] = list.text(key);
  return sources;
}

std::vector<Disagreement> read_disagreements(const JsonObject& object) {
  std::vector<Disagreement> all;
  if (!object.has("disagreements")) return all;
  for (const nlohmann::json& entry : object.array("disagreements")) {
    const JsonObject row(entry, object.place() + ": \"disagreements\"");
    all.push_back({.field = row.text("field"),
                   .document = row.text("document"),
                   .document_value = row.text("document_value"),
                   .catalog_value = row.text("catalog_value"),
                   .reason = row.text("reason")});
    row.refuse_unknown();
  }
  return all;
}

std::string entry_name(const nlohmann::json& entry, std::size_t index) {
  if (entry.is_object() && entry.contains("name") && entry["name"].is_string()) {
    return "\"" + entry["name"].get<std::string>() + "\"";
  }
  return "entry " + std::to_string(index + 1);
}

}  // namespace inferbench
