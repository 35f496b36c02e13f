#include "harness/plan/placement.hpp"

#include <gtest/gtest.h>

#include <set>

#include "harness/base/random.hpp"

namespace inferbench {
namespace {

// TP2 EP16 PP2 on domains of 8: TP pairs sit side by side, the 16 EP ranks of stride 2 fill four
// domains with four ranks each, the two stages are 32 GPUs apart.
TEST(Placement, StridesMultiplyFromTheInside) {
  const Placement placed = placement({.tp = 2, .ep = 16, .pp = 2}, 8);
  EXPECT_EQ(placed.tensor.stride, 1);
  EXPECT_TRUE(placed.tensor.inside_domain());
  EXPECT_EQ(placed.expert.stride, 2);
  EXPECT_EQ(placed.expert.span(), 32);
  EXPECT_EQ(placed.expert.local, 4);
  EXPECT_EQ(placed.expert.domains, 4);
  EXPECT_EQ(placed.pipeline.stride, 32);
  EXPECT_EQ(placed.pipeline.local, 1);
  EXPECT_EQ(placed.pipeline.domains, 2);
  EXPECT_TRUE(placed.data.alone());
}

TEST(Placement, ARackHoldsAll64Gpus) {
  const Placement placed = placement({.tp = 2, .ep = 16, .pp = 2}, 72);
  for (const Dimension dimension : {Dimension::tensor, Dimension::expert, Dimension::pipeline}) {
    EXPECT_TRUE(placed.group(dimension).inside_domain()) << name(dimension);
  }
}

TEST(Placement, AGroupWiderThanADomainFillsDomainsEvenly) {
  const GroupPlacement tp64 = placement({.tp = 64}, 8).tensor;
  EXPECT_EQ(tp64.local, 8);
  EXPECT_EQ(tp64.domains, 8);
  // 128 ranks need two racks of 72: 64 in each, not 72 and 56.
  const GroupPlacement tp128 = placement({.tp = 128}, 72).tensor;
  EXPECT_EQ(tp128.domains, 2);
  EXPECT_EQ(tp128.local, 64);
}

TEST(Placement, ContextParallelismLiesBetweenTensorAndExpert) {
  const Placement placed = placement({.tp = 2, .cp = 4, .ep = 2}, 8);
  EXPECT_EQ(placed.context.stride, 2);
  EXPECT_TRUE(placed.context.inside_domain());
  EXPECT_EQ(placed.expert.stride, 8);
  EXPECT_EQ(placed.expert.domains, 2);
}

// GPU 37 of TP2 EP4 PP8: tp rank 1, ep rank 37/2 % 4 = 2, stage 37/8 = 4.
TEST(Placement, GroupMembersAreAStrideApart) {
  const ParallelConfig config{.tp = 2, .ep = 4, .pp = 8};
  EXPECT_EQ(group_members(config, Dimension::tensor, 37), (std::vector<std::int64_t>{36, 37}));
  EXPECT_EQ(group_members(config, Dimension::expert, 37),
            (std::vector<std::int64_t>{33, 35, 37, 39}));
  EXPECT_EQ(group_members(config, Dimension::pipeline, 37).front(), 5);
  EXPECT_EQ(group_members(config, Dimension::pipeline, 37).back(), 61);
}

// Counted on the GPUs themselves, for degrees and domains that are powers of two: ranks per domain
// and domains spanned are what the placement says, and groups of a dimension partition all GPUs.
TEST(Placement, AgreesWithCountingGpus) {
  RandomStream random(4, "placement");
  for (int i = 0; i < 200; ++i) {
    const auto power = [&](std::int64_t most) {
      return std::int64_t{1} << random.between(0, most);
    };
    const ParallelConfig config{
        .tp = power(3), .cp = power(1), .ep = power(3), .pp = power(2), .dp = power(1)};
    const std::int64_t domain = power(5);
    const Placement placed = placement(config, domain);
    for (const Dimension dimension : {Dimension::tensor, Dimension::context, Dimension::expert,
                                      Dimension::pipeline, Dimension::data}) {
      std::set<std::int64_t> covered;
      for (std::int64_t gpu = 0; gpu < config.gpus(); ++gpu) {
        std::set<std::int64_t> domains;
        const auto members = group_members(config, dimension, gpu);
        for (const std::int64_t member : members) domains.insert(member / domain);
        EXPECT_EQ(static_cast<std::int64_t>(domains.size()), placed.group(dimension).domains)
            << label(config) << " " << name(dimension) << " domain " << domain;
        if (members.front() == gpu) covered.insert(members.begin(), members.end());
      }
      EXPECT_EQ(static_cast<std::int64_t>(covered.size()), config.gpus());
    }
  }
}

}  // namespace
}  // namespace inferbench
