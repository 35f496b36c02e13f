#include "results/provenance.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <regex>

#include "harness/base/error.hpp"
#include "harness/base/output_file.hpp"
#include "results/run_result.hpp"
#include "results/sha256.hpp"
#include "sample_run.hpp"

namespace inferbench {
namespace {

TEST(UtcText, IsRfc3339WithMilliseconds) {
  EXPECT_EQ(utc_text(0), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(utc_text(951782400123), "2000-02-29T00:00:00.123Z");  // a leap day
  EXPECT_EQ(utc_text(-1), "1969-12-31T23:59:59.999Z");
}

TEST(Provenance, IsStampedAtBothEnds) {
  Provenance provenance = start_provenance(42);
  finish(provenance);
  const std::regex utc(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)");
  EXPECT_TRUE(std::regex_match(provenance.started_utc, utc));
  EXPECT_TRUE(std::regex_match(provenance.finished_utc, utc));
  EXPECT_LE(provenance.started_utc, provenance.finished_utc);
  EXPECT_EQ(provenance.seed, 42U);
  EXPECT_FALSE(provenance.command_line.empty());
  EXPECT_FALSE(provenance.build.version.empty());
  EXPECT_FALSE(provenance.build.compiler.empty());
}

TEST(Provenance, HashesInputFilesAndNamesThemWithoutTheirFolder) {
  const std::string path = scratch("trace.csv");
  OutputFile file(path);
  file.write("a,b\n");
  file.commit();
  Provenance provenance;
  add_input(provenance, "workload", path);
  ASSERT_EQ(provenance.inputs.size(), 1U);
  EXPECT_EQ(provenance.inputs[0].name.find('/'), std::string::npos);
  EXPECT_EQ(provenance.inputs[0].bytes, 4U);
  EXPECT_EQ(provenance.inputs[0].sha256, sha256_hex("a,b\n"));
  EXPECT_THROW(add_input(provenance, "workload", path + ".missing"), Error);
  EXPECT_EQ(provenance.inputs.size(), 1U);
}

// Privacy: what a result file says of this machine names neither its host nor a folder of it.
TEST(Provenance, NamesNeitherTheHostNorFolders) {
  RunResult result = sample_result();
  result.provenance = start_provenance(1);
  finish(result.provenance);
  const std::string text = to_json_text(result);
  char host[256] = {};
  ASSERT_EQ(gethostname(host, sizeof host - 1), 0);
  if (std::string(host).size() > 3) {
    EXPECT_EQ(text.find("\"" + std::string(host)), std::string::npos);
  }
  EXPECT_EQ(text.find(INFERBENCH_SOURCE_DIR), std::string::npos);
  EXPECT_EQ(text.find(INFERBENCH_BINARY_DIR), std::string::npos);
}

}  // namespace
}  // namespace inferbench
