// The Grafana dashboard asks only for what the OpenMetrics export writes.

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <regex>
#include <set>

#include "harness/base/output_file.hpp"
#include "program.hpp"
#include "results/exporters/series_exports.hpp"
#include "sample_run.hpp"

namespace inferbench {
namespace {

using nlohmann::json;
using Names = std::set<std::string>;

const std::string kFolder = std::string(INFERBENCH_SOURCE_DIR) + "/dashboards/grafana/";

json dashboard() {
  return json::parse(read_file(kFolder + "inferbench.json"));
}

// Names of samples: "inferbench_ttft_seconds", "inferbench_ttft_seconds_sum".
Names sample_names(const std::string& text) {
  Names names;
  std::size_t begin = 0;
  for (std::size_t end = 0; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1) {
    const std::string line = text.substr(begin, end - begin);
    if (!line.starts_with('#')) names.insert(line.substr(0, line.find_first_of("{ ")));
  }
  return names;
}

Names names_in(const std::string& query) {
  static const std::regex name("inferbench_[a-z0-9_]+");
  return {std::sregex_token_iterator(query.begin(), query.end(), name), {}};
}

Names exported_names() {
  const std::string file = scratch("replay.json");
  const Ran replay = run_program({"replay", "--model", "llama-3-8b", "--gpu", "h100", "--workload",
                                  "sample:chat-burst", "--slo", "ttft_p90=2s", "--json", file});
  EXPECT_EQ(replay.exit_code, 0) << replay.err;
  Names names = sample_names(run_program({"export", file, "--format", "openmetrics"}).out);
  KernelRow row;
  row.op = "gemm";
  row.flops = row.read_bytes = row.written_bytes = 1e6;
  row.timing.emplace();
  row.timing->median_ns = row.timing->low_ns = row.timing->high_ns = 1e3;
  row.roof = RowRoof{.probe = "fma", .unit = "GFLOP/s", .rate = 100, .share = 0.5};
  RunResult kernels;
  kernels.kind = RunKind::kernels;
  kernels.rows = {row};
  names.merge(sample_names(export_openmetrics(kernels).text));
  return names;
}

TEST(GrafanaDashboard, AsksOnlyForWhatTheExportWrites) {
  const Names written = exported_names();
  const json page = dashboard();
  Names asked;
  for (const json& panel : page["panels"]) {
    const json targets = panel.value("targets", json::array());
    for (const json& target : targets) {
      for (const std::string& name : names_in(target["expr"])) {
        asked.insert(name);
        EXPECT_TRUE(written.contains(name)) << panel["title"] << " asks for " << name;
      }
    }
  }
  EXPECT_GT(asked.size(), 10U);
  for (const json& variable : page["templating"]["list"]) {
    for (const std::string& name : names_in(variable["query"]["query"])) {
      EXPECT_TRUE(written.contains(name)) << variable["name"] << " asks for " << name;
    }
  }
}

// Every panel says what it shows, reads the provisioned data source and lies on no other.
TEST(GrafanaDashboard, IsOneThatGrafanaCanProvision) {
  const std::string source = read_file(kFolder + "provisioning/datasources/inferbench.yml");
  const json page = dashboard();
  std::set<int> ids;
  std::set<std::pair<int, int>> cells;
  for (const json& panel : page["panels"]) {
    EXPECT_TRUE(ids.insert(panel["id"].get<int>()).second) << panel["id"];
    const json& at = panel["gridPos"];
    EXPECT_LE(at["x"].get<int>() + at["w"].get<int>(), 24) << panel["title"];
    for (int x = at["x"]; x < at["x"].get<int>() + at["w"].get<int>(); ++x) {
      for (int y = at["y"]; y < at["y"].get<int>() + at["h"].get<int>(); ++y) {
        EXPECT_TRUE(cells.emplace(x, y).second) << panel["title"] << " lies on another";
      }
    }
    if (panel["type"] == "row") continue;
    EXPECT_GT(panel["description"].get<std::string>().size(), 10U) << panel["title"];
    for (const json& target : panel["targets"]) {
      const std::string uid = target["datasource"]["uid"];
      EXPECT_NE(source.find("uid: " + uid + "\n"), std::string::npos) << panel["title"];
    }
  }
}

}  // namespace
}  // namespace inferbench
