#include "results/dashboard/dashboard_data.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>

#include "harness/base/error.hpp"
#include "results/request_records.hpp"
#include "sample_run.hpp"

namespace inferbench {
namespace {

using nlohmann::ordered_json;

std::string put(const std::string& path, const std::string& text) {
  OutputFile file(path);
  file.write(text);
  file.commit();
  return path;
}

std::string folder(const std::string& name) {
  const std::string path = scratch(name);
  std::filesystem::remove_all(path);
  std::filesystem::create_directories(path);
  return path;
}

// The sample run as replay writes it, its records beside it.
std::string put_replay(const std::string& in) {
  const std::string records = in + "/run.jsonl";
  RecordWriter writer(records);
  for (const RequestRecord& record : sample_records()) writer.write(record);
  RunResult result = sample_result();
  attach_records(result, writer.commit(), records);
  OutputFile output(in + "/run.json");
  write_run_result(result, output);
  return in + "/run.json";
}

void expect_conforms(const std::string& data) {
  const nlohmann::json rules = nlohmann::json::parse(
      read_file(INFERBENCH_SOURCE_DIR "/results/schema/dashboard_data.schema.json"));
  const nlohmann::json document = nlohmann::json::parse(data);
  valijson::Schema schema;
  valijson::SchemaParser().populateSchema(valijson::adapters::NlohmannJsonAdapter(rules), schema);
  valijson::ValidationResults results;
  valijson::Validator().validate(schema, valijson::adapters::NlohmannJsonAdapter(document),
                                 &results);
  for (const auto& error : results) ADD_FAILURE() << error.description;
}

std::string problem_of(const std::vector<std::string>& paths) {
  try {
    read_dashboard_files(paths);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(DashboardData, HoldsAReplayWithItsRecords) {
  const std::string run = put_replay(folder("dashboard"));
  const std::string text = dashboard_json(read_dashboard_files({run}));
  expect_conforms(text);
  const ordered_json data = ordered_json::parse(text);
  ASSERT_EQ(data["runs"].size(), 1U);
  const ordered_json& shown = data["runs"][0];
  EXPECT_EQ(shown["file"], "run.json");
  EXPECT_EQ(shown["kind"], "replay");
  EXPECT_EQ(shown["method"], "modelled");
  EXPECT_EQ(shown["tables"]["ecdf_ttft"]["rows"], 4);
  // The document is the file's own.
  EXPECT_EQ(shown["document"], ordered_json::parse(read_file(run)));
}

TEST(DashboardData, SaysWhyRecordsAreNotShown) {
  const std::string in = folder("dashboard_records");
  const std::string run = put_replay(in);
  put(in + "/run.jsonl", read_file(in + "/run.jsonl") + "\n");
  const DashboardRun other = read_dashboard_run(run);
  ASSERT_EQ(other.notes.size(), 1U);
  EXPECT_NE(other.notes[0].find("another run"), std::string::npos);
  std::filesystem::remove(in + "/run.jsonl");
  EXPECT_NE(read_dashboard_run(run).notes[0].find("not beside it"), std::string::npos);
}

TEST(DashboardData, OfAFolderTakesWhatItCanAndSaysWhatNot) {
  const std::string in = folder("dashboard_folder");
  put_replay(in);
  put(in + "/claims.json",
      R"({"schema": "inferbench.claims/1", "method": "modelled", "claims": []})");
  put(in + "/half.json", R"({"schema": {"id": "inferbench.run-res)");
  put(in + "/other.json", R"({"name": "package"})");
  put(in + "/notes.txt", "hello");
  const DashboardFiles files = read_dashboard_files({in});
  expect_conforms(dashboard_json(files));
  ASSERT_EQ(files.runs.size(), 2U);
  EXPECT_EQ(files.runs[0].kind, "claims");
  EXPECT_EQ(files.runs[1].kind, "replay");
  ASSERT_EQ(files.left_out.size(), 2U);
  EXPECT_EQ(files.left_out[0].file, "half.json");
  EXPECT_NE(files.left_out[0].reason.find("is not JSON"), std::string::npos);
  EXPECT_EQ(files.left_out[1].file, "other.json");
}

TEST(DashboardData, RefusesByNameWhatIsNoResult) {
  const std::string in = folder("dashboard_refused");
  const std::string run = put_replay(in);
  EXPECT_NE(problem_of({put(in + "/a.json", "{}")}).find("a.json: is no result"),
            std::string::npos);
  EXPECT_NE(problem_of({put(in + "/b.json", R"({"schema": "other.thing/1"})")}).find("other.thing"),
            std::string::npos);
  ordered_json newer = ordered_json::parse(read_file(run));
  newer["schema"]["version"] = "2.0.0";
  EXPECT_NE(problem_of({put(in + "/c.json", newer.dump())}).find("2.0.0"), std::string::npos);
  EXPECT_NE(problem_of({in + "/missing.json"}).find("cannot be read"), std::string::npos);
  EXPECT_NE(problem_of({in + "/run.jsonl"}).find("without their run"), std::string::npos);
  EXPECT_NE(problem_of({folder("dashboard_empty")}).find("holds no result"), std::string::npos);
  EXPECT_EQ(problem_of({run, in + "/run.jsonl"}), "");
}

TEST(DashboardData, CutsLongArraysOfAnswersAndSaysSo) {
  const std::string in = folder("dashboard_long");
  ordered_json claims = {{"schema", "inferbench.claims/1"}, {"claims", ordered_json::array()}};
  for (int i = 0; i < 3000; ++i) claims["claims"].push_back(i);
  const DashboardRun run = read_dashboard_run(put(in + "/long.json", claims.dump()));
  EXPECT_EQ(run.document.json()["claims"].size(), 1000U);
  ASSERT_EQ(run.notes.size(), 1U);
  EXPECT_NE(run.notes[0].find("1000 of 3000"), std::string::npos);
}

// Data stands in a script element; only "<" could end it.
TEST(DashboardPage, KeepsDataFromEndingItsElement) {
  const std::string data = R"({"model":"</script><img onerror=x>"})";
  const std::string page = dashboard_page(data);
  EXPECT_EQ(page.find("</script><img"), std::string::npos);
  const std::string element = "<script id=\"inferbench-data\" type=\"application/json\">";
  const std::size_t begin = page.find(element) + element.size();
  const std::string inside = page.substr(begin, page.find("</script>", begin) - begin);
  EXPECT_EQ(ordered_json::parse(inside), ordered_json::parse(data));
}

TEST(DashboardPage, AsksForNothingElse) {
  const std::string page = dashboard_page("{}");
  EXPECT_EQ(page.find("<link"), std::string::npos);
  EXPECT_EQ(page.find("src=\"http"), std::string::npos);
  EXPECT_NE(page.find("default-src 'none'"), std::string::npos);
}

}  // namespace
}  // namespace inferbench
