#include "results/validate.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <nlohmann/json.hpp>
#include <set>

#include "harness/base/error.hpp"
#include "harness/base/random.hpp"
#include "results/run_result.hpp"
#include "sample_run.hpp"

namespace inferbench {
namespace {

using nlohmann::json;

json sample_json() {
  RunResult result = sample_result();
  result.records = {.requests = 5, .sha256 = std::string(64, 'c')};
  result.provenance.records_file = "run.jsonl";
  return json::parse(to_json_text(result));
}

std::vector<Violation> validate(const json& document) {
  return validate_run_result(document.dump());
}

// Every value of a document, with its pointer.
void each_value(const json& value, const json::json_pointer& at,
                const std::function<void(const json::json_pointer&, const json&)>& visit) {
  visit(at, value);
  if (!value.is_structured()) return;
  std::size_t index = 0;
  for (const auto& [key, member] : value.items()) {
    each_value(member, value.is_array() ? at / index++ : at / key, visit);
  }
}

// Inside these the maker of a result chooses the keys.
bool is_open(const std::string& pointer) {
  return pointer.starts_with("/configuration/");
}

json of_another_type(const json& value) {
  if (value.is_string()) return 42;
  if (value.is_object()) return json::array();
  if (value.is_array()) return json::object();
  return "a word";
}

TEST(Schema, AcceptsWhatWeWrite) {
  const std::vector<Violation> violations = validate(sample_json());
  for (const Violation& violation : violations) {
    ADD_FAILURE() << violation.pointer << ": " << violation.problem;
  }
}

TEST(Schema, RejectsEveryChangeOfAType) {
  const json document = sample_json();
  int changed = 0;
  each_value(document, json::json_pointer(), [&](const json::json_pointer& at, const json& value) {
    if (is_open(at.to_string())) return;
    json damaged = document;
    damaged[at] = of_another_type(value);
    ++changed;
    EXPECT_FALSE(validate(damaged).empty()) << at.to_string();
  });
  EXPECT_GT(changed, 100);
}

TEST(Schema, RejectsEveryMissingKeyThatIsRequired) {
  // What a writer may leave out; everything else may not be missing.
  const std::set<std::string> optional = {"records",
                                          "mean",
                                          "stddev",
                                          "min",
                                          "max",
                                          "p50",
                                          "p90",
                                          "absent",
                                          "value",
                                          "attained",
                                          "git_commit",
                                          "git_dirty",
                                          "compiler",
                                          "build_type",
                                          "flags",
                                          "records_file",
                                          "host",
                                          "cpu",
                                          "name_hash",
                                          "caches",
                                          "load_average",
                                          "sockets",
                                          "kernel",
                                          "physical_cores",
                                          "logical_cpus",
                                          "governor",
                                          "distribution",
                                          "glibc",
                                          "microcode",
                                          "architecture",
                                          "allowed_cpus",
                                          "memory_bytes",
                                          "ttft_ms",
                                          "settings",
                                          "turbo",
                                          "variables",
                                          "OMP_NUM_THREADS",
                                          "state",
                                          "state_at_end",
                                          "steal_ticks",
                                          "failed",  // since 1.1
                                          "share_of_requests",
                                          "p99.9",
                                          "request_goodput_requests_per_s",
                                          "tps_user_sys_tokens_per_s",
                                          "output_tps_gpu_tokens_per_s"};
  const json document = sample_json();
  int dropped = 0;
  each_value(document, json::json_pointer(), [&](const json::json_pointer& at, const json&) {
    if (at.empty() || is_open(at.to_string()) || document[at.parent_pointer()].is_array()) return;
    if (optional.contains(at.back())) return;
    json damaged = document;
    damaged[at.parent_pointer()].erase(at.back());
    ++dropped;
    EXPECT_FALSE(validate(damaged).empty()) << at.to_string();
  });
  EXPECT_GT(dropped, 50);
}

TEST(Schema, ToleratesKeysOfLaterMinorVersions) {
  json document = sample_json();
  document["schema"]["version"] = "1.7.0";
  document["something_new"] = {1, 2, 3};
  document["summary"]["something_new"] = true;
  EXPECT_TRUE(validate(document).empty());
}

TEST(Validate, PointsAtTheInnermostFault) {
  json document = sample_json();
  document["summary"]["distributions"]["ttft_ms"]["mean"] = "fast";
  const std::vector<Violation> violations = validate(document);
  ASSERT_EQ(violations.size(), 1U);
  EXPECT_EQ(violations[0].pointer, "/summary/distributions/ttft_ms/mean");
  EXPECT_TRUE(violations[0].problem.ends_with("; found \"fast\"")) << violations[0].problem;
}

TEST(Validate, ListsTensOfThousandsOfFaultsWithoutHanging) {
  json document = sample_json();
  document["points"] = json::array();
  for (int i = 0; i < 20'000; ++i) document["points"].push_back(i);
  EXPECT_EQ(validate(document).size(), 20'000U);
}

TEST(Validate, SaysWhichVersionItReads) {
  json document = sample_json();
  document["schema"]["version"] = "2.0.0";
  const std::vector<Violation> violations = validate(document);
  ASSERT_EQ(violations.size(), 1U);
  EXPECT_EQ(violations[0].pointer, "/schema/version");
  EXPECT_NE(violations[0].problem.find("\"2.0.0\" is not known here"), std::string::npos);
}

TEST(Validate, SaysWhenAFileIsSomethingElse) {
  EXPECT_EQ(validate_run_result("{\"benchmarks\": []}").front().problem,
            "is not an inferbench result: no \"schema\" key");
  for (const char* other : {"[]", "3", "null", "\"x\"", "{\"schema\": 1}", "{\"schema\": {}}",
                            "{\"schema\": {\"id\": 3}}", "", "{", "\xff\xfe", "{\"a\": 1e999}"}) {
    EXPECT_EQ(validate_run_result(other).size(), 1U) << other;
  }
}

TEST(Validate, SaysWhichOfOurOtherDocumentsAFileIs) {
  for (const auto& [schema, what] : {std::pair{"inferbench.advice", "advise --json"},
                                     {"inferbench.selftest", "selftest --json"},
                                     {"inferbench.machine", "bench machine --json"},
                                     {"inferbench.plan/1", "plan --json"}}) {
    const auto found = validate_run_result(json{{"schema", schema}}.dump());
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].pointer, "/schema");
    EXPECT_NE(found[0].problem.find(what), std::string::npos) << found[0].problem;
    EXPECT_NE(found[0].problem.find("not checked"), std::string::npos) << found[0].problem;
  }
}

TEST(Validate, RefusesBottomlessNestingInsteadOfOverflowingTheStack) {
  const std::string deep = std::string(200'000, '[') + std::string(200'000, ']');
  EXPECT_EQ(validate_run_result(deep).front().problem, "nested more than 64 levels deep");
}

// Whatever happens to the bytes of a file, reading it either works or says what is wrong.
TEST(Validate, SurvivesDamageAtRandom) {
  const std::string text = to_json_text(sample_result());
  RandomStream random = Random(3).stream("damage");
  int refused = 0;
  for (int round = 0; round < 300; ++round) {
    std::string damaged = text;
    const std::size_t at = random.below(damaged.size());
    switch (random.below(4)) {
      case 0:
        damaged[at] = static_cast<char>(random.below(256));
        break;
      case 1:
        damaged.erase(at, 1 + random.below(40));
        break;
      case 2:
        damaged.resize(at);
        break;
      default:
        damaged.insert(at, damaged.substr(random.below(damaged.size()), 20));
    }
    try {
      parse_run_result(damaged, "damaged");
    } catch (const Error&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, 200);
}

TEST(Schema, IsTheFileInTheTree) {
  const json schema = json::parse(schema_text("run_result"));
  EXPECT_EQ(schema["$schema"], "http://json-schema.org/draft-07/schema#");
  EXPECT_EQ(schema["properties"]["schema"]["properties"]["id"]["const"], kRunResultSchema);
}

}  // namespace
}  // namespace inferbench
