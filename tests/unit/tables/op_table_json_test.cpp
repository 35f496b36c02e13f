#include <gtest/gtest.h>

#include <functional>
#include <nlohmann/json.hpp>

#include "harness/base/error.hpp"
#include "harness/tables/op_table.hpp"

namespace inferbench {
namespace {

using nlohmann::json;

OpTable sample() {
  OpTable table;
  table.origin = {.cpu = "CPU",
                  .isa = "avx2",
                  .threads = 2,
                  .compiler = "GNU 12.2.0",
                  .commit = "0123456789",
                  .measured_utc = "2026-01-01T00:00:00.000Z"};
  table.rates = {.arithmetic = {{"fp32", 50.5}, {"w8a8", 200}}, .memory = 10.25};
  table.put({"gemm", "w8a8", {{"n", 864}, {"k", 288}}},
            {.x = 16, .ns = 1000.5, .low_ns = 990, .high_ns = 1100, .samples = 12});
  table.put({"prefill_attention",
             "bf16",
             {{"q_heads", 6}, {"kv_heads", 6}, {"key_dim", 48}, {"value_dim", 48}, {"window", 0}}},
            {.x = 64, .y = 0, .ns = 7, .low_ns = 6, .high_ns = 8, .samples = 3});
  return table;
}

TEST(OpTableJson, ReadsBackWhatItWrote) {
  const std::string text = to_json_text(sample());
  const OpTable read = parse_op_table(text, "t.json");
  EXPECT_EQ(to_json_text(read), text);
  ASSERT_EQ(read.curves.size(), 2U);
  EXPECT_EQ(read.curves[0].site, sample().curves[0].site);
  EXPECT_EQ(read.curves[0].points[0].ns, 1000.5);
  EXPECT_EQ(read.curves[1].points[0].y, 0);
  EXPECT_EQ(read.origin.threads, 2U);
  EXPECT_DOUBLE_EQ(read.rates.memory, 10.25);
  EXPECT_DOUBLE_EQ(read.rates.arithmetic.at("w8a8"), 200);
}

// The place that an error names once the JSON was changed; empty: it was accepted.
std::string refused(const std::function<void(json&)>& change) {
  json changed = json::parse(to_json_text(sample()));
  change(changed);
  try {
    parse_op_table(changed.dump(), "t.json");
  } catch (const Error& error) {
    return error.place();
  }
  return "";
}

TEST(OpTableJson, RefusesWhatCannotBe) {
  EXPECT_EQ(refused([](json&) {}), "");
  const std::vector<std::pair<std::string, std::function<void(json&)>>> changes = {
      {"another schema", [](json& j) { j["schema"] = "inferbench.op-table/2"; }},
      {"no machine", [](json& j) { j.erase("machine"); }},
      {"no threads", [](json& j) { j["machine"]["threads"] = 0; }},
      {"no ranks", [](json& j) { j["machine"].erase("ranks"); }},
      {"no rates", [](json& j) { j.erase("rates"); }},
      {"no memory rate", [](json& j) { j["rates"]["memory_bytes_per_s"] = 0; }},
      {"no fp32 rate", [](json& j) { j["rates"]["arithmetic_ops_per_s"].erase("fp32"); }},
      {"a misspelt key", [](json& j) { j["curve"] = json::array(); }},
      {"no curves", [](json& j) { j["curves"] = 3; }},
      {"an unknown op", [](json& j) { j["curves"][0]["op"] = "gem"; }},
      {"an unknown format", [](json& j) { j["curves"][0]["format"] = "w8a9"; }},
      {"an op's missing dimension", [](json& j) { j["curves"][0]["dims"].erase("n"); }},
      {"a dimension of another op", [](json& j) { j["curves"][0]["dims"]["width"] = 3; }},
      {"a size of 0", [](json& j) { j["curves"][0]["dims"]["n"] = 0; }},
      {"a curve without points", [](json& j) { j["curves"][0]["points"] = json::array(); }},
      {"no size", [](json& j) { j["curves"][0]["points"][0].erase("tokens"); }},
      {"half a token", [](json& j) { j["curves"][0]["points"][0]["tokens"] = 1.5; }},
      {"a negative context", [](json& j) { j["curves"][1]["points"][0]["cached"] = -1; }},
      {"no time", [](json& j) { j["curves"][0]["points"][0]["ns"] = -3; }},
      {"text for a time", [](json& j) { j["curves"][0]["points"][0]["ns"] = "3"; }},
      {"a median outside", [](json& j) { j["curves"][0]["points"][0]["low_ns"] = 1050; }},
      {"no sample", [](json& j) { j["curves"][0]["points"][0]["samples"] = 0; }},
      {"a point twice",
       [](json& j) { j["curves"][0]["points"].push_back(j["curves"][0]["points"][0]); }},
      {"a curve twice", [](json& j) { j["curves"].push_back(j["curves"][0]); }},
  };
  for (const auto& [what, change] : changes) {
    EXPECT_EQ(refused(change).substr(0, 6), "t.json") << what;
  }
  EXPECT_THROW(parse_op_table("{\"schema\": ", "t.json"), Error);
  EXPECT_THROW(parse_op_table("[]", "t.json"), Error);
}

}  // namespace
}  // namespace inferbench
