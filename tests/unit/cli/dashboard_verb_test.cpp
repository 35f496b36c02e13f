#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "harness/base/output_file.hpp"
#include "program.hpp"
#include "sample_run.hpp"

namespace inferbench {
namespace {

std::string put_claims() {
  OutputFile file(scratch("claims.json"));
  file.write(R"({"schema": "inferbench.claims/1", "method": "modelled", "claims": []})");
  file.commit();
  return scratch("claims.json");
}

TEST(Dashboard, WritesThePageAndItsData) {
  const std::string page = scratch("report.html");
  const Ran ran = run_program({"dashboard", put_claims(), "-o", page});
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_NE(ran.out.find("report.html: 1 file,"), std::string::npos) << ran.out;
  EXPECT_TRUE(read_file(page).starts_with("<!doctype html>"));

  const Ran data = run_program({"dashboard", put_claims(), "--data", "-"});
  EXPECT_EQ(nlohmann::json::parse(data.out)["runs"][0]["kind"], "claims");
}

TEST(Dashboard, RefusesWhatItCannotUse) {
  expect_refused({"dashboard", put_claims()}, {"nothing to write", "-o"});
  expect_refused({"dashboard", put_claims(), "--data", scratch("x.json"), "--open"},
                 {"--open", "-o"});
  expect_refused({"dashboard", put_claims(), "-o", "-", "--data", "-"}, {"--data", "-o"});
  expect_refused({"dashboard", scratch("missing.json"), "-o", scratch("x.html")},
                 {"missing.json", "cannot be read"});
  expect_refused({"dashboard", put_claims(), "-o", "/no/such/folder/x.html"},
                 {"cannot be written"});
  expect_refused({"dashboard", "-o", scratch("x.html")}, {"FILES"});
}

}  // namespace
}  // namespace inferbench
