// A model on ranks that are processes, under mpirun.

#include <gtest/gtest.h>

#include <cctype>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "program.hpp"

namespace inferbench {
namespace {

#ifdef INFERBENCH_MPIEXEC
constexpr const char* kMpirun = INFERBENCH_MPIEXEC;
#else
constexpr const char* kMpirun = "";
#endif

// As root in containers, with more ranks than cores.
constexpr const char* kEnvironment =
    "OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 "
    "OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_pml=ob1 OMPI_MCA_btl=self,vader "
    "ASAN_OPTIONS=detect_leaks=0 ";

class ReplayOverMpi : public ::testing::Test {
 protected:
  void SetUp() override {
    if (*kMpirun == '\0') GTEST_SKIP() << "built without MPI";
    folder_ = ::testing::TempDir() + "replay_mpi_" + std::to_string(::getpid());
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override {
    if (!folder_.empty()) std::filesystem::remove_all(folder_);
  }
  std::string file(const std::string& name) const { return folder_ + "/" + name; }

  // Exit status of `words`, started by mpirun; what it says goes to out and err.
  int mpirun(const std::string& words) const {
    const std::string command = std::string(kEnvironment) + kMpirun + " " + words + " > " +
                                file("out") + " 2> " + file("err") + " < /dev/null";
    return WEXITSTATUS(std::system(command.c_str()));  // NOLINT(cert-env33-c): our own words
  }
  std::string said(const char* stream) const {
    std::ifstream in(file(stream));
    return {std::istreambuf_iterator<char>(in), {}};
  }

 private:
  std::string folder_;
};

const std::string kReplay = std::string(INFERBENCH_BINARY_DIR) +
                            "/bin/inferbench replay --system cpu --model tiny-dense-test"
                            " --weights fp32 --kv-format fp32 ";

TEST_F(ReplayOverMpi, ProcessesGiveTheAnswersOfThreads) {
  for (const std::string parallel : {"tp2", "cp2", "tp2cp2"}) {
    const std::string ranks = parallel == "tp2cp2" ? "4" : "2";
    const std::string work =
        "--parallel " + parallel + " --workload poisson:rate=200,isl=60,osl=6 --requests 20 ";
    ASSERT_EQ(mpirun("-np " + ranks + " " + kReplay + work + "--json " + file("some.json")), 0)
        << said("err");
    const auto some = nlohmann::json::parse(std::ifstream(file("some.json")));
    EXPECT_EQ(some["findings"]["ranks"]["transport"], "MPI processes");
    const Ran threads =
        run_program({"replay", "--system", "cpu", "--model", "tiny-dense-test", "--weights", "fp32",
                     "--kv-format", "fp32", "--parallel", parallel, "--workload",
                     "poisson:rate=200,isl=60,osl=6", "--requests", "20", "--json", "-"});
    EXPECT_EQ(some["findings"]["answers_fnv1a64"],
              nlohmann::json::parse(threads.out)["findings"]["answers_fnv1a64"]);
    std::string upper = parallel;
    for (char& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    EXPECT_NE(said("out").find(upper + " as MPI processes"), std::string::npos) << said("out");
  }
}

TEST_F(ReplayOverMpi, AsManyProcessesAsRanks) {
  EXPECT_EQ(mpirun("-np 2 " + kReplay + "--parallel tp4 --workload poisson:rate=9,isl=9,osl=9"), 2);
  EXPECT_NE(said("err").find("2 processes for 4 ranks"), std::string::npos) << said("err");
}

// The second rank is killed after two seconds of a run that would take a minute.
TEST_F(ReplayOverMpi, ARankThatDiesEndsAllAndRecordsAreKept) {
  const std::string rank = kReplay + "--parallel tp2 --clock wall --requests 3000" +
                           " --workload poisson:rate=50,isl=24,osl=2 --records " + file("records") +
                           " --json " + file("json");
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_NE(mpirun("-np 1 " + rank + " : -np 1 timeout -s KILL 3 " + rank), 0);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(30));
  EXPECT_NE(said("err").find("finished requests are in " + file("records")), std::string::npos)
      << said("err");
  std::ifstream records(file("records"));
  std::size_t lines = 0;
  for (std::string line; std::getline(records, line); ++lines) {
    EXPECT_TRUE(nlohmann::json::accept(line)) << line;
  }
  EXPECT_GT(lines, 2U);
  EXPECT_FALSE(std::filesystem::exists(file("json")));
}

}  // namespace
}  // namespace inferbench
