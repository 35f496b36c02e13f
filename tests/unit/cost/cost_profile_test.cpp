#include "harness/cost/cost_profile.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "harness/base/embedded_file.hpp"
#include "harness/base/error.hpp"
#include "harness/catalog/catalog.hpp"

namespace inferbench {

const std::vector<EmbeddedFile>& cost_profile_files();

namespace {

TEST(CostProfile, TheShippedOnesAreNamedByTheirFormulation) {
  EXPECT_EQ(find_cost_profile("p1").formulation(), "claims");
  EXPECT_EQ(find_cost_profile("p2").formulation(), "claims");
  EXPECT_EQ(find_cost_profile("default").formulation(), "ops");
  for (const CostProfile& profile : cost_profiles()) {
    EXPECT_FALSE(profile.source.empty()) << profile.name;
  }
}

TEST(CostProfile, P2IsP1WithFasterKernelsAndHiddenNvlink) {
  const auto p1 = std::get<ClaimsParameters>(find_cost_profile("p1").parameters);
  const auto p2 = std::get<ClaimsParameters>(find_cost_profile("p2").parameters);
  EXPECT_EQ(p1.fp4_efficiency, 0.65);
  EXPECT_EQ(p2.fp4_efficiency, 0.80);
  EXPECT_EQ(p2.attention_efficiency, 0.70);
  EXPECT_EQ(p1.scale_up_overlap, 0.0);
  EXPECT_EQ(p2.scale_up_overlap, 1.0);
  EXPECT_EQ(p1.memory_efficiency, p2.memory_efficiency);
}

TEST(CostProfile, AnUnknownNameIsAnsweredWithTheNearest) {
  try {
    find_cost_profile("defualt");
    FAIL() << "nothing thrown";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("default"), std::string::npos) << error.what();
  }
}

// Every key of every shipped profile matters: without it, or with a text instead, the file is
// refused and the key is named.
TEST(CostProfile, ADamagedFileIsRefusedWithTheKey) {
  for (const EmbeddedFile& file : cost_profile_files()) {
    const auto whole = nlohmann::json::parse(file.text);
    const bool derived = whole.contains("based_on");  // says only what it changes
    for (const auto& [key, value] : whole.items()) {
      const bool own = key == "schema" || key == "name" || key == "title" || key == "source";
      const bool optional = (derived && !own) || key == "notes" || key == "weights" ||
                            key == "sources" || key == "in_network_reduction" ||
                            key == "chunk_pipelining";
      auto missing = whole;
      missing.erase(key);
      if (!optional) {
        EXPECT_THROW(parse_cost_profile(missing.dump(), "x.json"), Error) << key;
      }
      auto odd = whole;
      odd[key] = nlohmann::json::array({nlohmann::json::object()});
      try {
        parse_cost_profile(odd.dump(), "x.json");
        FAIL() << file.name << " " << key;
      } catch (const Error& error) {
        EXPECT_NE(std::string(error.what()).find(key), std::string::npos) << error.what();
      }
    }
    auto more = whole;
    more["effciency"] = 1;
    EXPECT_THROW(parse_cost_profile(more.dump(), "x.json"), Error);
  }
  EXPECT_THROW(parse_cost_profile("{", "x.json"), Error);
}

// A profile that is based on another states what it changes; all else is the other's.
TEST(CostProfile, ADerivedProfileChangesWhatItNames) {
  const nlohmann::json json = {{"schema", "inferbench.cost-profile/1"},
                               {"name", "mine"},
                               {"title", "t"},
                               {"source", "s"},
                               {"based_on", "default"},
                               {"gemm", {{"sustained_clock", 0.5}}},
                               {"launch", {{"step_us", 7}}},
                               {"front_end", {{"latency_us", 100}, {"interval_us", 20}}}};
  const CostProfile mine = parse_cost_profile(json.dump(), "mine.json");
  const CostProfile base = find_cost_profile("default");
  const auto& changed = std::get<OpsParameters>(mine.parameters);
  const auto& whole = std::get<OpsParameters>(base.parameters);
  EXPECT_EQ(mine.name, "mine");
  EXPECT_EQ(changed.sustained_clock, 0.5);
  EXPECT_DOUBLE_EQ(changed.launch.step.count(), 7e-6);
  EXPECT_EQ(changed.launch.request, whole.launch.request);
  EXPECT_DOUBLE_EQ(changed.front_end.latency.count(), 100e-6);
  EXPECT_EQ(changed.gemm_efficiency, whole.gemm_efficiency);
  EXPECT_EQ(whole.sustained_clock, 1);
  EXPECT_FALSE(mine.engine);
}

TEST(CostProfile, ADerivedProfileNeedsABaseThatIsShipped) {
  nlohmann::json json = {
      {"schema", "inferbench.cost-profile/1"}, {"name", "mine"}, {"title", "t"}, {"source", "s"}};
  for (const char* base : {"defualt", "vllm"}) {  // unknown; itself derived
    json["based_on"] = base;
    EXPECT_THROW(parse_cost_profile(json.dump(), "mine.json"), Error) << base;
  }
}

TEST(CostProfile, EfficienciesStayBetweenZeroAndOne) {
  for (const double value : {0.0, -0.5, 1.5}) {
    auto json = nlohmann::json::parse(cost_profile_files().front().text);
    json["scale_up"]["efficiency"] = value;
    EXPECT_THROW(parse_cost_profile(json.dump(), "x.json"), Error) << value;
  }
}

// P1 was run in fp4 where there are units for it, in fp8 otherwise.
TEST(CostProfile, AClaimsProfileBringsItsPrecision) {
  const CostProfile p1 = find_cost_profile("p1");
  const ModelSpec model = find_model("gpt-moe-1.8t");
  EXPECT_EQ(default_precision(p1, model, find_gpu("gb200-nvl72")).experts, DType::fp4);
  EXPECT_EQ(default_precision(p1, model, find_gpu("h100")).experts, DType::fp8);
  EXPECT_EQ(default_precision(p1, model, find_gpu("a100")).experts, DType::bf16);
  EXPECT_EQ(claims_precision(DType::fp4).head, DType::fp8);
  EXPECT_EQ(claims_precision(DType::bf16).kv, DType::bf16);
}

}  // namespace
}  // namespace inferbench
