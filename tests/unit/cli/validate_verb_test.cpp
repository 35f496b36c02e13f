#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "program.hpp"
#include "results/request_records.hpp"
#include "sample_run.hpp"

namespace inferbench {
namespace {

using nlohmann::json;

std::string put(const std::string& name, const std::string& text) {
  const std::string path = scratch(name);
  OutputFile file(path);
  file.write(text);
  file.commit();
  return path;
}

TEST(ValidateResult, FindsNothingWrongWithOurOwn) {
  const Ran ran = run_program({"validate-result", put("run.json", to_json_text(sample_result()))});
  EXPECT_EQ(ran.exit_code, 0) << ran.out << ran.err;
  EXPECT_NE(ran.out.find("good (replay, modelled, 5 requests)"), std::string::npos) << ran.out;
  EXPECT_NE(ran.out.find("note: the run itself is INVALID"), std::string::npos) << ran.out;
}

TEST(ValidateResult, ListsEveryViolationOfEveryFile) {
  json damaged = json::parse(to_json_text(sample_result()));
  damaged["method"] = "guessed";
  damaged["summary"].erase("outcomes");
  const std::string good = put("good.json", to_json_text(sample_result()));
  const Ran ran = run_program(
      {"validate-result", put("bad.json", damaged.dump()), scratch("missing.json"), good});
  EXPECT_EQ(ran.exit_code, 2);
  EXPECT_NE(ran.out.find("bad.json: 2 violations"), std::string::npos) << ran.out;
  EXPECT_NE(ran.out.find("  /method: "), std::string::npos) << ran.out;
  EXPECT_NE(ran.out.find("  /summary: Missing required property 'outcomes'"), std::string::npos)
      << ran.out;
  EXPECT_NE(ran.out.find("missing.json: 1 violation"), std::string::npos) << ran.out;
  EXPECT_NE(ran.out.find("good.json: good"), std::string::npos) << ran.out;
}

TEST(ValidateResult, ReadsStandardInput) {
  const Ran ran = run_program({"validate-result", "-"});  // empty here
  EXPECT_EQ(ran.exit_code, 2);
  EXPECT_EQ(ran.out.find("cannot be read"), std::string::npos) << ran.out;
}

TEST(ValidateResult, ReportsAsJson) {
  const Ran ran = run_program({"validate-result", "--json", put("bad.json", "{}")});
  EXPECT_EQ(ran.exit_code, 2);
  const json report = json::parse(ran.out);
  EXPECT_EQ(report[0]["good"], false);
  EXPECT_EQ(report[0]["violations"][0]["problem"],
            "is not an inferbench result: no \"schema\" key");
}

TEST(ValidateResult, ChecksTheRecordsBesideTheResult) {
  const std::string records = scratch("run.jsonl");
  RecordWriter writer(records);
  for (const RequestRecord& record : sample_records()) writer.write(record);
  RunResult result = sample_result();
  attach_records(result, writer.commit(), records);
  const std::string file = put("run.json", to_json_text(result));
  EXPECT_EQ(run_program({"validate-result", file, records}).exit_code, 0);

  RecordWriter other(records);
  other.write(sample_records()[0]);
  other.commit();
  const Ran ran = run_program({"validate-result", file});
  EXPECT_EQ(ran.exit_code, 2);
  EXPECT_NE(ran.out.find("/records/sha256: differs"), std::string::npos) << ran.out;

  std::filesystem::remove(records);
  const Ran alone = run_program({"validate-result", file});
  EXPECT_EQ(alone.exit_code, 0);
  EXPECT_NE(alone.out.find("its records were not checked"), std::string::npos) << alone.out;
}

TEST(ValidateResult, PrintsItsSchema) {
  const Ran ran = run_program({"validate-result", "--schema"});
  EXPECT_EQ(ran.exit_code, 0);
  EXPECT_TRUE(json::parse(ran.out).contains("definitions"));
  const Ran other = run_program({"validate-result", "--schema-of", "stored_comparison"});
  EXPECT_EQ(json::parse(other.out)["title"], "inferbench stored comparison");
  expect_refused({"validate-result", "--schema-of", "comparisn"}, {"comparison"});
}

TEST(ValidateResult, ChecksComparisons) {
  const std::string run = put("run.json", to_json_text(sample_result()));
  const std::string document = scratch("comparison.json");
  ASSERT_EQ(run_program({"compare", run, run, "--json", document}).exit_code, 0);
  const Ran good = run_program({"validate-result", document});
  EXPECT_EQ(good.exit_code, 0) << good.out;
  EXPECT_NE(good.out.find("good (comparison, pass, "), std::string::npos) << good.out;
  json damaged = json::parse(read_file(document));
  damaged["verdict"] = "regression";
  const Ran bad = run_program({"validate-result", put("damaged.json", damaged.dump())});
  EXPECT_EQ(bad.exit_code, 2);
  EXPECT_NE(bad.out.find("/verdict: is \"regression\", but"), std::string::npos) << bad.out;
}

TEST(ValidateResult, NeedsAFile) {
  expect_refused({"validate-result"}, {"no FILE given"});
}

}  // namespace
}  // namespace inferbench
