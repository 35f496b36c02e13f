#include "results/gate/worker_process.hpp"

#include <gtest/gtest.h>

#include "results/gate/worker_protocol.hpp"

namespace inferbench {
namespace {

constexpr const char* kHello =
    R"({"inferbench_worker":1,"version":"1","commit":"","compiler":"","flags":"",)"
    R"("build_type":"Release","suite":"s","series":["a"]})";

// A worker that is a shell script: it says hello, then runs `script` for each command.
WorkerProcesses worker(const std::string& script, Duration patience = Duration(20'000'000'000)) {
  const std::string whole =
      "echo '" + std::string(kHello) + "'; while read -r command; do " + script + "; done";
  return WorkerProcesses({.command = {"/bin/sh", "-c", whole, "sh"}, .patience = patience});
}

std::string failure_of(WorkerProcesses source, bool at_launch = false) {
  try {
    const auto process = source.launch({});
    EXPECT_FALSE(at_launch);
    process->run(0, 5);
  } catch (const WorkerFailure& failure) {
    return failure.what();
  }
  return "";
}

TEST(WorkerProcess, AnswersACommand) {
  WorkerProcesses source =
      worker(R"(echo "{\"ran\":0,\"wall_ns\":${#command},\"cpu_ns\":7,\"preemptions\":0}")");
  const auto process = source.launch({});
  EXPECT_EQ(process->hello().series, std::vector<std::string>{"a"});
  EXPECT_EQ(process->run(0, 5).wall_ns, 7);  // "run 0 5"
  EXPECT_EQ(process->run(0, 500).wall_ns, 9);
}

// --cpu is the last pair of arguments, and the padding a variable of as many bytes.
TEST(WorkerProcess, PassesWhatIsDrawnForALaunch) {
  WorkerProcesses source = worker(R"(echo "{\"code\":\"$1 $2 ${#INFERBENCH_PADDING}\"}")");
  EXPECT_EQ(source.launch({.cpu = 3, .padding = 1234})->code_hash(), "--cpu 3 1234");
  EXPECT_EQ(source.launch({.cpu = 0, .padding = 0})->code_hash(), "--cpu 0 0");
}

TEST(WorkerProcess, TellsHowAWorkerFailed) {
  EXPECT_EQ(failure_of(worker("echo 'no more memory' >&2; exit 7")),
            "ended with exit code 7; it said: no more memory");
  EXPECT_NE(failure_of(worker("kill -SEGV $$")).find("was ended by signal 11"), std::string::npos);
  EXPECT_NE(failure_of(worker("echo rubbish")).find("\"rubbish\" instead of a time"),
            std::string::npos);
  EXPECT_NE(failure_of(worker("sleep 30", Duration(50'000'000))).find("did not answer within 50ms"),
            std::string::npos);
}

TEST(WorkerProcess, RefusesAnAnswerWithoutEnd) {
  EXPECT_EQ(failure_of(worker("while :; do printf '%01000d' 0; done")), "answered without end");
}

TEST(WorkerProcess, TellsWhatIsNoWorker) {
  const auto command = [](std::vector<std::string> words) {
    return WorkerProcesses({.command = std::move(words)});
  };
  EXPECT_NE(failure_of(command({"/no/such/program"}), true).find("cannot be started"),
            std::string::npos);
  EXPECT_EQ(failure_of(command({"/bin/true"}), true), "ended with exit code 0");
  EXPECT_NE(failure_of(command({"/bin/echo"}), true).find("instead of a worker's hello"),
            std::string::npos);
}

}  // namespace
}  // namespace inferbench
