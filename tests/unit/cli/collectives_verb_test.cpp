#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "program.hpp"

namespace inferbench {
namespace {

// 1,000 bytes are 250 floats; block collectives of 3 ranks take 249 of them.
TEST(BenchCollectivesVerb, PrintsNcclTestsColumns) {
  const Ran ran = run_program({"bench", "collectives", "--op", "all_reduce,all_gather", "--ranks",
                               "3", "--algorithm", "ring,two_shot", "-b", "1000", "-e", "1000",
                               "--budget", "10ms", "--csv"});
  ASSERT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_NE(ran.out.find("size (B),count,type,redop,root"), std::string::npos) << ran.out;
  EXPECT_NE(ran.out.find("all_reduce,3,1000,250,fp32,sum,-1,two_shot,threads,"), std::string::npos)
      << ran.out;
  EXPECT_NE(ran.out.find("all_gather,3,996,83,fp32,none,-1,ring,threads,"), std::string::npos)
      << ran.out;
}

TEST(BenchCollectivesVerb, WritesRowsOfTheResultFile) {
  const Ran ran = run_program({"bench",       "collectives", "--ranks", "2",      "-b",
                               "4K",          "-e",          "32K",     "-f",     "8",
                               "--algorithm", "two_shot",    "--dtype", "bf16",   "--redop",
                               "avg",         "--budget",    "10ms",    "--json", "-"});
  ASSERT_EQ(ran.exit_code, 0) << ran.err;
  const auto json = nlohmann::json::parse(ran.out);
  EXPECT_EQ(json.at("kind"), "kernels");
  ASSERT_EQ(json.at("rows").size(), 4U);  // two sizes, out of place and in place
  for (const auto& row : json.at("rows")) {
    EXPECT_EQ(row.at("status"), "timed");
    EXPECT_EQ(row.at("check").at("wrong"), 0);
    EXPECT_EQ(row.at("metrics").at("wire_bytes_of_all_ranks"),
              2 * row.at("axes").at("bytes").get<std::int64_t>());  // 2 (N - 1) n
    EXPECT_GT(row.at("metrics").at("busbw_gb_per_s"), 0);
  }
}

TEST(BenchCollectivesVerb, RefusesWhatItDoesNotKnow) {
  const auto refused = [](std::vector<std::string> arguments, std::vector<std::string> words) {
    arguments.insert(arguments.begin(), {"bench", "collectives"});
    expect_refused(arguments, words);
  };
  refused({"--op", "allreduce"}, {"--op", "all_reduce"});
  refused({"--algorithm", "rings"}, {"--algorithm", "ring"});
  refused({"--transport", "tcp"}, {"--transport", "tcp"});
  refused({"--ranks", "0"}, {"--ranks", "1 to 256"});
  refused({"--dtype", "fp8"}, {"--dtype", "fp8"});
  refused({"--dtype", "bytes"}, {"--dtype", "moved, not combined"});
  refused({"--redop", "prod"}, {"--redop", "prod"});
  refused({"--ranks", "256", "-b", "64G", "-e", "64G"}, {"-e: 64G takes at least", "of memory"});
  refused({"--csv", "--md"}, {"--csv", "--md"});
  refused({"-b", "2M", "-e", "1M"}, {"-b", "2M"});
  refused({"-b", "1Q"}, {"-b", "1Q"});
  refused({"-f", "1"}, {"-f", "1"});
  refused({"--ranks", "2", "--root", "2"}, {"--root", "2"});
}

}  // namespace
}  // namespace inferbench
