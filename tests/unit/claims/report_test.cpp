#include "harness/claims/report.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "harness/claims/rows.hpp"

namespace inferbench {
namespace {

std::vector<ClaimResult> results(const std::vector<std::string>& names, unsigned threads = 1) {
  return run_scenarios(select_scenarios(names), shipped_world(), threads);
}

TEST(Report, SaysDocumentClaimResultAndLabel) {
  const std::string text = claims_text(results({"A10", "B18"}));
  for (const char* part : {"NVIDIA blog", "A10-ep32", "does not", "under assumptions", "70",
                           "recorded only", "3 claims: 1 under assumptions, 1 does not"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
  }
}

TEST(Report, LinesStayWithinTheWidth) {
  std::istringstream lines(claims_text(results({"A4", "A10", "B8"}), {.width = 80}));
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("NVIDIA") || line.starts_with("GPU and")) continue;
    EXPECT_LE(line.size(), 80U) << line;
  }
}

TEST(Report, VerboseShowsInputsNumbersAndChecks) {
  const std::string text = claims_text(results({"B4"}), {.verbose = true});
  for (const char* part :
       {"run one = weight_read", "size_gib = 24.2", "FAILS one.read_ms", "assumed: passes"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part;
  }
}

TEST(Report, JsonCarriesNumbersAndTheSameBytesOnAnyNumberOfThreads) {
  const std::string one = claims_json(results({"A10", "B4", "D7"}, 1));
  EXPECT_EQ(one, claims_json(results({"A10", "B4", "D7"}, 4)));
  const auto json = nlohmann::json::parse(one);
  EXPECT_EQ(json.at("schema"), "inferbench.claims/1");
  EXPECT_EQ(json.at("claims").at(0).at("label"), "does not");
  EXPECT_EQ(json.at("claims").at(0).at("runs").at(0).at("numbers").at("count"), 70);
  EXPECT_EQ(json.at("counts").at("does not"), 2);
}

TEST(Report, ALabelThatChangedIsNamed) {
  const auto some = results({"A10"});
  EXPECT_TRUE(
      label_changes(some, {{"A10", "does not"}, {"A10-ep32", "under assumptions"}}).empty());
  const auto changes = label_changes(some, {{"A10", "reproduces"}});
  ASSERT_EQ(changes.size(), 2U);
  EXPECT_EQ(changes[0].name, "A10");
  EXPECT_EQ(changes[0].expected, "reproduces");
  EXPECT_EQ(changes[0].found, "does not");
  EXPECT_EQ(changes[1].expected, "");
}

TEST(Report, APinnedNumberThatChangedIsNamed) {
  EXPECT_TRUE(broken_pins(results({"A10"})).empty());
  World small = shipped_world();
  small.model = [](const std::string& name) {
    ModelSpec model = shipped_world().model(name);
    model.layers = 30;
    return model;
  };
  // 30 layers of Yi-34B have half the KV: the pinned bytes and layers are both gone.
  const auto pins = broken_pins(run_scenarios(select_scenarios({"D7-kv"}), small, 1));
  ASSERT_FALSE(pins.empty());
  EXPECT_TRUE(pins.front().starts_with("D7-kv: kv.bytes wanted = 4,026,531,840")) << pins.front();
}

}  // namespace
}  // namespace inferbench
