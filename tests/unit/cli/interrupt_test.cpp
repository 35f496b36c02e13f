#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "harness/base/output_file.hpp"
#include "program.hpp"

// A signal while something is measured: what is finished is kept, and the exit code says it.

namespace inferbench {
namespace {

using nlohmann::json;

class Interrupted : public ::testing::Test {
 protected:
  ~Interrupted() override { std::filesystem::remove(file_); }

  // Nothing but the result is left; it says that it was interrupted, and it validates unless it is
  // of the machine.
  json expect_kept(const Ran& ran) const {
    EXPECT_EQ(ran.exit_code, 130) << ran.err;
    EXPECT_NE(ran.err.find("interrupted: "), std::string::npos) << ran.err;
    EXPECT_EQ(files_like(file_), std::vector{std::filesystem::path(file_).filename().string()});
    return json::parse(read_file(file_));
  }

  // Its rows, some of which were skipped for that reason.
  static json expect_rows(const json& result) {
    std::set<std::string> reasons, skipped;
    for (const json& reason : result.at("validity").at("reasons")) reasons.insert(reason.at("id"));
    EXPECT_TRUE(reasons.contains("interrupted")) << result.at("validity");
    for (const json& row : result.at("rows")) {
      if (row.at("status") == "skipped") skipped.insert(row.at("reason"));
    }
    EXPECT_TRUE(skipped.contains("interrupted before its turn") ||
                skipped.contains("interrupted before it was measured"));
    return result.at("rows");
  }

  std::string file_ = ::testing::TempDir() + "interrupted_" + std::to_string(::getpid()) + ".json";
};

// The signal comes when the roofs are looked for: no row has had its turn.
TEST_F(Interrupted, KernelsKeepTheirRows) {
  for (const int signal : {SIGINT, SIGTERM}) {
    const Ran ran = run_interrupted({"bench", "gemm", "-a", "m=[1,2]", "-a", "n=32", "-a", "k=64",
                                     "--budget", "100s", "--json", file_},
                                    file_, signal);
    const json rows = expect_rows(expect_kept(ran));
    EXPECT_GE(rows.size(), 4U);
    EXPECT_NE(ran.out.find("0 rows timed, "), std::string::npos) << ran.out;
  }
}

TEST_F(Interrupted, CollectivesKeepTheirRows) {
  for (const int signal : {SIGINT, SIGTERM}) {
    const Ran ran = run_interrupted({"bench", "collectives", "--ranks", "2", "-b", "1K", "-e", "8K",
                                     "--budget", "100s", "--json", file_},
                                    file_, signal);
    const json rows = expect_rows(expect_kept(ran));
    EXPECT_EQ(rows.size() % 2, 0U);  // of both sizes
    EXPECT_NE(ran.out.find("8192"), std::string::npos) << ran.out;
  }
}

// One process of several is asked, and all end.
TEST_F(Interrupted, ProcessesOfMpiStopTogether) {
  if (std::system("mpirun --version > /dev/null 2>&1") != 0) GTEST_SKIP() << "needs mpirun";
  setenv("OMPI_ALLOW_RUN_AS_ROOT", "1", 1);
  setenv("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1", 1);
  setenv("ASAN_OPTIONS", "detect_leaks=0", 1);  // Open MPI's own
  const Ran ran = run_interrupted(
      {"bench", "collectives", "-b", "1K", "-e", "8K", "--budget", "100s", "--json", file_}, file_,
      SIGINT, {"mpirun", "--oversubscribe", "-np", "2"});
  const json rows = expect_rows(expect_kept(ran));
  EXPECT_GE(rows.size(), 4U);
}

// A verb that has nothing to keep ends as it would, and leaves nothing behind.
TEST_F(Interrupted, NoFileIsLeftHalfWritten) {
  for (const int signal : {SIGINT, SIGTERM}) {
    const Ran ran =
        run_interrupted({"replay", "--model", "llama-3-8b", "--gpu", "h100", "--workload",
                         "poisson:rate=5,isl=512,osl=512,requests=1000000", "--json", file_},
                        file_, signal);
    EXPECT_EQ(ran.exit_code, 128 + signal);
    EXPECT_EQ(files_like(file_), std::vector<std::string>{});
  }
}

TEST_F(Interrupted, TheMachinesRatesAreKept) {
  const Ran ran = run_interrupted({"bench", "machine", "--threads", "1,2", "--only", "read_l1",
                                   "--budget", "100s", "--json", file_},
                                  file_, SIGTERM);
  const json result = expect_kept(ran);
  ASSERT_EQ(result.at("probes").size(), 2U);
  EXPECT_EQ(result.at("probes").at(1).at("not_measured"), "interrupted before its turn");
}

}  // namespace
}  // namespace inferbench
