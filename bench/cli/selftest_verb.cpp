#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "bench/cli/seed_option.hpp"
#include "bench/cli/verbs.hpp"
#include "harness/base/output_file.hpp"
#include "harness/base/text_table.hpp"
#include "harness/selftest/selftest.hpp"

namespace inferbench {
namespace {

using Json = nlohmann::ordered_json;

struct SelfTestArguments {
  SelfTestOptions options;
  std::vector<std::string> only;
  std::string json;
};

const char* text_of(SelfCheckOutcome outcome) {
  switch (outcome) {
    case SelfCheckOutcome::pass:
      return "PASS";
    case SelfCheckOutcome::fail:
      return "FAIL";
    case SelfCheckOutcome::figure:
      break;
  }
  return "figure";
}

std::string report(const std::vector<SelfCheck>& checks) {
  TextTable table({"", "check", "expected", "found", "unit"});
  std::size_t failed = 0, judged = 0;
  bool interval = false;
  for (const SelfCheck& check : checks) {
    failed += check.outcome == SelfCheckOutcome::fail ? 1 : 0;
    judged += check.outcome == SelfCheckOutcome::figure ? 0 : 1;
    interval = interval || check.confidence.has_value();
    table.add({text_of(check.outcome), check.name, check.expected, check.found, check.unit});
  }
  std::string text = failed == 0 ? "PASS" : "FAIL";
  text += ": " + std::to_string(judged - failed) + " of " + std::to_string(judged) + " checks\n\n";
  text += table.str();
  if (interval) {
    text +=
        "\n+-: interval by batch means at 99.99 % confidence; the closed form must lie in it.\n";
  }
  return text + "A figure depends on the machine: it is told, not judged.\n";
}

Json json_of(const SelfTestArguments& given, const std::vector<SelfCheck>& checks) {
  Json json = {{"schema", "inferbench.selftest"}, {"version", "1.0.0"},
               {"seed", given.options.seed},      {"customers", given.options.customers},
               {"passed", passed(checks)},        {"checks", Json::array()}};
  for (const SelfCheck& check : checks) {
    Json entry = {
        {"group", check.group}, {"name", check.name}, {"outcome", text_of(check.outcome)}};
    if (!check.unit.empty()) entry["unit"] = check.unit;
    entry["expected"] = check.expected, entry["found"] = check.found;
    if (check.expected_value) entry["expected_value"] = *check.expected_value;
    if (check.found_value) entry["found_value"] = *check.found_value;
    if (check.half_width) entry["half_width"] = *check.half_width;
    if (check.confidence) entry["confidence"] = *check.confidence;
    json["checks"].push_back(std::move(entry));
  }
  return json;
}

void run_self_test_verb(const SelfTestArguments& given, VerbContext& context) {
  std::optional<OutputFile> file;
  if (!given.json.empty()) file.emplace(given.json);
  const std::vector<SelfCheck> checks = run_self_test(given.options, given.only);
  if (!passed(checks)) context.exit_code = ExitCode::failed;
  if (file) {
    file->write(json_of(given, checks).dump(2) + "\n");
    file->commit();
  }
  if (!file || !file->is_stdout()) std::cout << report(checks);
}

}  // namespace

void add_selftest_verb(CLI::App& program, VerbContext& context) {
  CLI::App* verb = program.add_subcommand(
      "selftest", "the harness against systems whose answers are known: PASS or FAIL, exit code 1");
  const auto given = std::make_shared<SelfTestArguments>();
  std::string groups;
  for (const SelfTestGroup& group : self_test_groups()) {
    groups += (groups.empty() ? "" : ", ") + group.name;
  }
  verb->add_option("--only", given->only, "groups to run: " + groups + " (default: all)")
      ->delimiter(',');
  add_seed_option(*verb, given->options.seed, "seed of arrivals, services and random inputs");
  verb->add_option("--customers", given->options.customers, "of each queue")
      ->check(CLI::Range(std::int64_t{1000}, std::int64_t{100'000'000}))
      ->capture_default_str();
  verb->add_option("--json", given->json, "write the checks as JSON; - is stdout");
  verb->callback([given, &context] { run_self_test_verb(*given, context); });
}

}  // namespace inferbench
