#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "harness/base/output_file.hpp"
#include "program.hpp"
#include "sample_night.hpp"

namespace inferbench {
namespace {

// Files of nights beside a store that is not there yet.
class Nights {
 public:
  std::string store() const { return folder_.path(); }

  std::string file(const Night& night) {
    const std::string path = folder_.path() + "-night" + std::to_string(night.day) + ".json";
    std::ofstream(path, std::ios::binary) << night_document(night);
    return path;
  }

  // Twenty nights, 6 % slower from the eleventh on.
  void add_step() {
    std::vector<std::string> arguments = {"history", "add", store()};
    for (int day = 1; day <= 20; ++day) {
      arguments.push_back(file({.day = day, .ratio = (day > 10 ? 1.06 : 1.0) + 0.001 * (day % 3)}));
    }
    const Ran ran = run_program(arguments);
    ASSERT_EQ(ran.exit_code, 0) << ran.err;
  }

 private:
  StoreFolder folder_;
};

std::string output_of(const std::vector<std::string>& arguments) {
  const Ran ran = run_program(arguments);
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
  return ran.out;
}

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// From files to a suspicion, its command, a note on it, and the documents back.
TEST(HistoryVerb, FollowsAStepFromNightToNote) {
  Nights nights;
  nights.add_step();
  EXPECT_TRUE(holds(output_of({"history", "add", nights.store(), nights.file({.day = 1})}),
                    "added "));  // another ratio: another run of that time
  const std::string list = output_of({"history", "list", nights.store()});
  EXPECT_TRUE(holds(list, "21 runs, 3 series, 0 notes")) << list;

  const Ran screen = run_program(
      {"history", "screen", nights.store(), "--programs", "b/{commit}/inferbench", "--strict"});
  EXPECT_EQ(screen.exit_code, 4);
  EXPECT_TRUE(holds(screen.out, "1 open suspicion (1 worse) in 3 series of 21 runs")) << screen.out;
  EXPECT_TRUE(holds(screen.out,
                    "confirm: inferbench compare --baseline b/c10/inferbench --candidate "
                    "b/c11/inferbench --suite smoke --only kernel/gemm"))
      << screen.out;

  output_of({"history", "ack", nights.store(), "--run", "20260111", "--text", "known", "--as",
             "expected"});
  const std::string after = output_of({"history", "screen", nights.store(), "--strict"});
  EXPECT_TRUE(holds(after, "0 open suspicions")) << after;
  EXPECT_TRUE(holds(output_of({"history", "screen", nights.store(), "--all"}), "expected"));

  EXPECT_EQ(output_of({"history", "export", nights.store(), "--run", "20260120"}),
            night_document({.day = 20, .ratio = 1.06 + 0.001 * 2}));
  const auto json = nlohmann::json::parse(output_of(
      {"history", "export", nights.store(), "--series", "smoke/kernel/gemm", "--json", "-"}));
  ASSERT_EQ(json["series"].size(), 1U);
  EXPECT_EQ(json["series"][0]["points"]["ratio"].size(), 21U);
  EXPECT_EQ(json["suspicions"][0]["state"], "expected");
}

TEST(HistoryVerb, PrunesAfterShowing) {
  Nights nights;
  nights.add_step();
  const std::string shown = output_of({"history", "prune", nights.store(), "--keep", "5"});
  EXPECT_TRUE(holds(shown, "would prune 12 documents")) << shown;  // 15, less anchor and step
  EXPECT_TRUE(holds(shown, "--yes"));
  EXPECT_TRUE(holds(output_of({"history", "prune", nights.store(), "--keep", "5", "--yes"}),
                    "pruned 12 documents"));
  EXPECT_TRUE(holds(output_of({"history", "list", nights.store()}), "20 runs"));
  EXPECT_TRUE(holds(output_of({"history", "rebuild", nights.store()}), "20 entries"));
  expect_refused({"history", "export", nights.store(), "--run", "20260102"}, {"was pruned"});
}

TEST(HistoryVerb, IsShownAsAPage) {
  Nights nights;
  nights.add_step();
  const auto data = nlohmann::json::parse(output_of({"dashboard", nights.store(), "--data", "-"}));
  EXPECT_EQ(data["runs"][0]["kind"], "history");
  EXPECT_EQ(data["runs"][0]["document"]["suspicions"].size(), 1U);
}

TEST(HistoryVerb, RefusesWhatItCannotUse) {
  Nights nights;
  expect_refused({"history", "list", nights.store()}, {"no store of runs", "history add"});
  expect_refused({"history", "add", nights.store(), nights.store() + "-missing.json"},
                 {"cannot be read"});
  nights.add_step();
  expect_refused({"history", "prune", nights.store()}, {"no limit"});
  expect_refused({"history", "prune", nights.store(), "--older-than", "soon"}, {"--older-than"});
  expect_refused({"history", "ack", nights.store(), "--run", "2026", "--text", "x"},
                 {"begins several runs"});
  expect_refused({"history", "ack", nights.store(), "--run", "2027", "--text", "x"}, {"no run"});
  expect_refused({"history", "ack", nights.store(), "--run", "latest", "--text", "x", "--as", "ok"},
                 {"acknowledged, expected or noise"});
  expect_refused({"history", "note", nights.store(), "--text", "x"}, {"--run ID or --time TIME"});
  expect_refused({"history", "show", nights.store(), "--series", "none"}, {"no series"});
  expect_refused({"history", "list", nights.store(), "--since", "June"}, {"--since"});
  expect_refused({"history", "export", nights.store()}, {"nothing to write"});
}

}  // namespace
}  // namespace inferbench
