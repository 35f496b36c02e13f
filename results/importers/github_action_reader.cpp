#include <nlohmann/json.hpp>

#include "results/importers/figures.hpp"
#include "results/importers/readers.hpp"

namespace inferbench {
namespace {

using Json = nlohmann::ordered_json;

bool is_entry(const Json& entry) {
  return entry.is_object() && entry.contains("name") && entry.contains("unit") &&
         entry.contains("value") && entry["name"].is_string() && entry["unit"].is_string();
}

bool is_github_action(const ForeignFile& file) {
  return file.json.is_array() && !file.json.empty() && is_entry(file.json.front());
}

Better direction_of(const std::string& extra) {
  if (extra.find("better: lower") != std::string::npos) return Better::lower;
  return extra.find("better: higher") != std::string::npos ? Better::higher : Better::neither;
}

StoredRun read_github_action(const ForeignFile& file) {
  StoredRun run;
  run.place = file.place;
  run.exact = true;
  for (const Json& entry : file.json) {
    if (!is_entry(entry)) continue;
    const std::string extra = member_text(entry, "extra"), name = entry["name"];
    const Better better = direction_of(extra);
    run.exact = run.exact && extra.find("method: modelled") != std::string::npos;
    const bool told = better != Better::neither;
    add_figure(
        run, name, entry["unit"], better, told ? number_in(entry["value"]) : std::nullopt,
        told ? "its value is no number" : "its direction stands in the workflow, not in the file");
  }
  return run;
}

}  // namespace

const FileReader kGithubActionReader = {"github-action-benchmark", is_github_action,
                                        read_github_action};

}  // namespace inferbench
