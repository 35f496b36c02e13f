// The steady measure gives the golden values of the first-principles model (docs/cost-model.md).
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "harness/claims/registry.hpp"

namespace inferbench {
namespace {

struct Golden {
  const char *profile, *gpu, *config;
  int chunk;
  double decodes, stage_ms, tps_user, tps_gpu, ttft_s, weights_gb;
};

const Golden kGolden[] = {
    {"p1", "gb200-nvl72", "EP16DP4", 896, 28, 157.728, 6.340, 177.52, 5.836, 86.71},
    {"p1", "gb200-nvl72", "EP16PP4", 896, 28, 39.480, 6.332, 177.30, 1.579, 22.83},
    {"p1", "gb200-nvl72", "TP64", 512, 16, 25.424, 39.333, 9.83, 1.627, 14.63},
    {"p1", "gb200-nvl72", "TP4EP4PP4", 512, 16, 11.776, 21.230, 84.92, 0.789, 16.33},
    {"p1", "gb200-nvl72", "TP2EP16PP2", 896, 28, 49.574, 10.086, 141.20, 1.884, 22.06},
    {"p1", "gb200-nvl72", "TP8PP8", 512, 16, 5.253, 23.796, 47.59, 0.373, 14.79},
    {"p1", "gb200-nvl72", "EP8PP8", 256, 8, 7.294, 17.137, 137.09, 0.985, 19.27},
    {"p2", "gb200-nvl72", "TP2EP16PP2", 896, 28, 30.246, 16.531, 231.44, 1.149, 22.06},
    {"p2", "gb200-nvl72", "EP16DP4", 896, 28, 112.945, 8.854, 247.91, 4.179, 86.71},
    {"p2", "gb200-nvl72", "EP16PP4", 896, 28, 28.284, 8.839, 247.49, 1.131, 22.83},
    {"p2", "gb200-nvl72", "TP4EP4PP4", 512, 16, 6.293, 39.728, 158.91, 0.422, 16.33},
    {"p1", "h100", "TP8EP8", 256, 8, 64.137, 15.592, 15.59, 8.210, 35.64},
    {"p1", "h100", "TP32PP2", 256, 8, 29.014, 17.233, 4.31, 3.743, 29.25},
    {"p1", "h100", "EP8PP8", 512, 16, 47.751, 2.618, 41.88, 3.390, 36.99},
};

double number(const Numbers& numbers, const std::string& name) {
  return std::get<std::vector<double>>(*numbers.find(name)).front();
}

TEST(GoldenValues, ComeOutWithinATenthOfAPercent) {
  for (const Golden& golden : kGolden) {
    const bool hopper = std::string(golden.gpu) == "h100";
    const nlohmann::json json = {{"model", "gpt-moe-1.8t"},
                                 {"gpu", golden.gpu},
                                 {"memory_gb", hopper ? 80 : 192},
                                 {"weights", hopper ? "fp8" : "fp4"},
                                 {"profile", golden.profile},
                                 {"configs", nlohmann::json::array({golden.config})},
                                 {"chunks", nlohmann::json::array({golden.chunk})}};
    const JsonObject inputs(json, "golden");
    const Numbers numbers =
        find_measure("steady_points", "golden").function(inputs, shipped_world());
    const std::string id = golden.config;
    const auto near = [&](const char* name, double expected, double last_digit) {
      // The table is rounded: half of its last digit comes on top.
      EXPECT_NEAR(number(numbers, id + name), expected, 0.001 * expected + last_digit / 2)
          << golden.profile << " " << golden.gpu << " " << id << name;
    };
    near("_decodes", golden.decodes, 0);
    near("_stage_ms", golden.stage_ms, 0.001);
    near("_tps_user", golden.tps_user, 0.001);
    near("_tps_gpu", golden.tps_gpu, 0.01);
    near("_ttft_s", golden.ttft_s, 0.001);
    near("_weights_gb", golden.weights_gb, 0.01);
  }
}

}  // namespace
}  // namespace inferbench
