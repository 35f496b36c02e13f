#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "bench/cli/doctor_findings.hpp"
#include "bench/cli/verbs.hpp"
#include "harness/base/output_file.hpp"
#include "harness/base/text_table.hpp"

namespace inferbench {
namespace {

std::string report(const std::vector<Finding>& findings) {
  TextTable table({"", "", "what", "to add it"});
  std::string group;
  for (const Finding& finding : findings) {
    if (finding.group != group) {
      group = finding.group;
      table.add({"", group, "", ""});
    }
    table.add({finding.present ? "yes" : "no", finding.name, finding.detail, finding.way_out});
  }
  return table.str() +
         "\nModelled time needs none of the libraries. What says no limits what can be measured.\n";
}

nlohmann::ordered_json json_of(const std::vector<Finding>& findings) {
  nlohmann::ordered_json json = {{"schema", "inferbench.doctor"}, {"version", "1.0.0"}};
  json["findings"] = nlohmann::ordered_json::array();
  for (const Finding& finding : findings) {
    nlohmann::ordered_json entry = {{"group", finding.group},
                                    {"name", finding.name},
                                    {"present", finding.present},
                                    {"detail", finding.detail}};
    if (!finding.way_out.empty()) entry["way_out"] = finding.way_out;
    json["findings"].push_back(std::move(entry));
  }
  return json;
}

}  // namespace

void add_doctor_verb(CLI::App& program, VerbContext& /*context*/) {
  CLI::App* verb = program.add_subcommand(
      "doctor", "what this machine has for measured runs, and how to add what it lacks");
  const auto path = std::make_shared<std::string>();
  verb->add_option("--json", *path, "write the findings as JSON; - is stdout");
  verb->callback([path] {
    std::unique_ptr<OutputFile> file;
    if (!path->empty()) file = std::make_unique<OutputFile>(*path);
    const std::vector<Finding> findings = doctor_findings();
    if (file) {
      file->write(json_of(findings).dump(2) + "\n");
      file->commit();
    }
    if (!file || !file->is_stdout()) std::cout << report(findings);
  });
}

}  // namespace inferbench
