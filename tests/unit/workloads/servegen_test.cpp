#include "workloads/traces/servegen.hpp"

#include <cmath>
#include <filesystem>
#include <fstream>

#include "tests/unit/workloads/stream_support.hpp"
#include "workloads/load.hpp"
#include "workloads/workload_stats.hpp"

namespace inferbench {
namespace {

namespace fs = std::filesystem;

class ServeGen : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = (fs::path(::testing::TempDir()) /
               (std::string("servegen_") +
                ::testing::UnitTest::GetInstance()->current_test_info()->name()))
                  .string();
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  void write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ + "/" + name, std::ios::binary) << text;
  }

  // Client 3: 2 requests/s for 600 s, idle for 600 s, 6 requests/s for 600 s. Client 12: 1
  // request/s throughout, Weibull.
  void write_chunks() const {
    write("chunk-3-trace.csv",
          "0,2,1.5,Gamma,0.444,1.125\n600,0,0,,0,0\n1200,6,1,Gamma,1,0.1667\n");
    write("chunk-3-dataset.json",
          R"({"0": {"input_tokens": "{100: 0.25, 200: 0.75}", "output_tokens": "{10: 1.0}"},
              "600": {"input_tokens": "{}", "output_tokens": "{}"},
              "1200": {"input_tokens": "{7: 1}", "output_tokens": "{0: 0.5, 20: 0.5}"}})");
    write("chunk-12-trace.csv",
          "0,1,0.9,Weibull,1.1,1\n600,1,0.9,Weibull,1.1,1\n1200,1,0.9,Weibull,1.1,1\n");
    write("chunk-12-dataset.json",
          R"({"0": {"input_tokens": "{5000: 1}", "output_tokens": "{50: 1}"}})");
  }
  std::string folder_;
};

TEST_F(ServeGen, ReadsUpstreamsFolder) {
  write_chunks();
  const ServeGenClients clients = read_servegen(folder_);
  ASSERT_EQ(clients.clients.size(), 2U);
  EXPECT_EQ(clients.clients[0].id, 3);
  EXPECT_EQ(clients.clients[1].id, 12);
  EXPECT_EQ(clients.window_s, 600);
  EXPECT_EQ(clients.clients[0].windows.size(), 3U);
  EXPECT_EQ(clients.clients[0].windows[1].family, ClientWindow::Family::idle);
  ASSERT_EQ(clients.clients[0].input.size(), 2U);  // the empty window is left out
  EXPECT_EQ(clients.clients[0].input[0].tokens, (std::vector<std::int32_t>{100, 200}));
  EXPECT_EQ(clients.clients[0].input[0].cumulative, (std::vector<double>{0.25, 1.0}));
  EXPECT_EQ(clients.clients[0].output[1].tokens,
            (std::vector<std::int32_t>{1, 20}));  // 0 becomes 1
  EXPECT_EQ(end_of(clients), 1800);
  EXPECT_NEAR(mean_rate(clients, 0, 1800), (2 + 0 + 6) / 3.0 + 1, 1e-12);
  EXPECT_NEAR(mean_rate(clients, 900, 1500), (300 * 0 + 300 * 6) / 600.0 + 1, 1e-12);
}

TEST_F(ServeGen, ReadsTheConcatenatedLayout) {
  write("arrivals.csv",
        "client,timestamp_s,rate_req_s,cv,pattern,arg1,arg2\n"
        "0,0,0,0,,0,0\n0,600,2,1,Gamma,1,0.5\n4,0,1,1,Weibull,1,1\n4,600,0,0,,0,0\n");
  write("token_pdfs.jsonl",
        R"({"client": 0, "dataset": {"0": {"input_tokens": "{9: 1}", "output_tokens": "{8: 1}"}}})"
        "\n"
        R"({"client": 4, "dataset": {"0": {"input_tokens": "{}", "output_tokens": "{}"}}})"
        "\n");
  const ServeGenClients clients = read_servegen(folder_);
  ASSERT_EQ(clients.clients.size(), 1U);
  ASSERT_EQ(clients.notes.size(), 1U);
  expect_parts(clients.notes[0], {"client 4 skipped", "token"});
}

TEST_F(ServeGen, ComposesEachWindowAtItsRateWithItsLengths) {
  write_chunks();
  const auto clients = std::make_shared<const ServeGenClients>(read_servegen(folder_));
  const auto requests = drain(*compose_servegen(clients, 0, 1800, 1.0, 1));
  // Expected 1,200 + 0 + 3,600 of client 3 and 600 in each window of client 12.
  int counts[3][2] = {};
  for (const Request& request : requests) {
    const auto window = static_cast<std::size_t>(ns(request) / 600'000'000'000);
    const bool twelve = request.input == Tokens(5000);
    ++counts[window][twelve ? 1 : 0];
    if (!twelve && window == 2) {
      EXPECT_EQ(request.input, Tokens(7));
    }
  }
  EXPECT_NEAR(counts[0][0], 1200, 5 * 1.5 * std::sqrt(1200));
  EXPECT_LE(counts[1][0], 1);
  EXPECT_NEAR(counts[2][0], 3600, 5 * std::sqrt(3600));
  for (const auto& window : counts) EXPECT_NEAR(window[1], 600, 5 * std::sqrt(600));
  for (std::size_t i = 1; i < requests.size(); ++i) {
    ASSERT_GE(requests[i].arrival, requests[i - 1].arrival);
    ASSERT_EQ(requests[i].id, RequestId(i));
  }
}

TEST_F(ServeGen, ScalesToARateAndKeepsTheShape) {
  write_chunks();
  WorkloadOptions options;
  options.rate = 10;
  const Workload workload = load_workload("servegen:" + folder_, options);
  EXPECT_NEAR(static_cast<double>(workload.requests.size()) / 1800, 10, 0.5);
  int busy = 0;
  for (const Request& request : workload.requests) busy += ns(request) >= 1'200'000'000'000 ? 1 : 0;
  // The last window has 7 of the 11 requests/s summed over windows.
  EXPECT_NEAR(busy / static_cast<double>(workload.requests.size()), 7.0 / 11, 0.02);
  options.window_begin = std::chrono::seconds(1200);
  const Workload last = load_workload("servegen:" + folder_, options);
  EXPECT_NEAR(static_cast<double>(last.requests.size()) / 600, 10, 0.7);
  EXPECT_LT(ns(last.requests.front()), 5'000'000'000);
}

TEST_F(ServeGen, BurstyClientsHaveTheRightRateFromTheStart) {
  // Gamma of shape 0.04 (CV 5): an ordinary first gap would add (25 - 1) / 2 = 12 requests to the
  // 60 expected in the window. Averaged over 400 clients, 5 sigma is 60 * 5 / sqrt(60) / 20 = 10.
  for (int client = 0; client < 400; ++client) {
    const std::string name = "chunk-" + std::to_string(client);
    write(name + "-trace.csv", "0,0.1,5,Gamma,0.04,250\n");
    write(name + "-dataset.json",
          R"({"0": {"input_tokens": "{9: 1}", "output_tokens": "{8: 1}"}})");
  }
  const auto clients = std::make_shared<const ServeGenClients>(read_servegen(folder_));
  const auto requests = drain(*compose_servegen(clients, 0, 600, 1.0, 3));
  EXPECT_NEAR(static_cast<double>(requests.size()) / 400, 60, 10);
}

TEST_F(ServeGen, EqualSeedsAgreeAndOthersDiffer) {
  write_chunks();
  const auto clients = std::make_shared<const ServeGenClients>(read_servegen(folder_));
  const auto first = drain(*compose_servegen(clients, 0, 600, 1.0, 1));
  const auto same = drain(*compose_servegen(clients, 0, 600, 1.0, 1));
  const auto other = drain(*compose_servegen(clients, 0, 600, 1.0, 2));
  ASSERT_EQ(first.size(), same.size());
  for (std::size_t i = 0; i < first.size(); ++i) EXPECT_EQ(first[i].arrival, same[i].arrival);
  EXPECT_NE(first[0].arrival, other[0].arrival);
}

TEST_F(ServeGen, BadFoldersAndRowsAreNamed) {
  expect_parts(error_of([&] { read_servegen(folder_); }), {"no ServeGen clients", "arrivals.csv"});
  expect_parts(error_of([&] { read_servegen(folder_ + "/none"); }), {"is not there"});
  write("chunk-0-trace.csv", "0,1,1,Pareto,1,1\n");
  expect_parts(error_of([&] { read_servegen(folder_); }), {"chunk-0-trace.csv:1", "\"Pareto\""});
  write("chunk-0-trace.csv", "0,1\n");
  expect_parts(error_of([&] { read_servegen(folder_); }), {"chunk-0-trace.csv:1", "2 cells"});
  write("chunk-0-trace.csv", "0,-1,1,Gamma,1,1\n");
  expect_parts(error_of([&] { read_servegen(folder_); }), {"negative rate"});
  write("chunk-0-trace.csv", "0,1,1,Gamma,1,1\n");
  expect_parts(error_of([&] { read_servegen(folder_); }), {"no chunk-0-dataset.json"});
  write("chunk-0-dataset.json", R"({"0": {"input_tokens": "{a: 1}", "output_tokens": "{8: 1}"}})");
  expect_parts(error_of([&] { read_servegen(folder_); }), {"chunk-0-dataset.json", "not a number"});
  write("chunk-0-dataset.json", R"({"0": {"input_tokens")");
  expect_parts(error_of([&] { read_servegen(folder_); }), {"chunk-0-dataset.json", "not JSON"});
  write("chunk-0-dataset.json", R"({"0": {"input_tokens": "{9: 1}", "output_tokens": "{8: 1}"}})");
  WorkloadOptions beyond;
  beyond.window_begin = std::chrono::hours(5);
  expect_parts(error_of([&] { load_workload("servegen:" + folder_, beyond); }),
               {"--window", "600"});
}

}  // namespace
}  // namespace inferbench
