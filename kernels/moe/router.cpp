#include "kernels/moe/router.hpp"

#include <string>

#include "harness/base/error.hpp"
#include "kernels/moe/kernels.hpp"

namespace inferbench {

void check_router(const ExpertRouter& r) {
  const auto demand = [](bool holds, const std::string& problem, const char* rule) {
    if (!holds) throw Error("router", problem, rule);
  };
  const auto text = [](std::int64_t x) { return std::to_string(x); };
  demand(r.experts >= 1 && r.experts <= kMostExperts, text(r.experts) + " experts",
         "must be 1 .. 1024");
  demand(r.top_k >= 1 && r.top_k <= r.experts, "top_k = " + text(r.top_k),
         "must be 1 .. the number of experts");
  demand(r.groups >= 1 && r.experts % r.groups == 0, text(r.groups) + " groups",
         "must divide the experts");
  demand(r.top_groups >= 1 && r.top_groups <= r.groups, "top_groups = " + text(r.top_groups),
         "must be 1 .. the number of groups");
  demand(r.top_groups * (r.experts / r.groups) >= r.top_k,
         text(r.top_groups) + " groups of " + text(r.experts / r.groups) + " experts",
         "must have top_k experts");
  demand(r.groups == 1 || r.scores == RouterScores::sigmoid, text(r.groups) + " groups",
         "only sigmoid scores are limited to groups");
}

void moe_route(const ExpertRouter& r, std::span<const float> logits, std::span<const float> bias,
               std::span<std::int32_t> experts, std::span<float> weights, ThreadTeam& team,
               Isa isa) {
  check_router(r);
  const std::int64_t tokens = static_cast<std::int64_t>(logits.size()) / r.experts;
  const auto choices = static_cast<std::size_t>(tokens * r.top_k);
  ensure(logits.size() == static_cast<std::size_t>(tokens * r.experts) &&
             experts.size() == choices && weights.size() == choices &&
             (bias.empty() || bias.size() == static_cast<std::size_t>(r.experts)),
         "a row of logits and top_k choices for each token");
  const MoeKernels& kernels = moe_kernels(isa);
  team.run([&](unsigned rank) {
    const Range mine = share(tokens, rank, team.size());
    for (std::int64_t t = mine.begin; t < mine.end; ++t) {
      kernels.route(r, logits.data() + t * r.experts, bias.empty() ? nullptr : bias.data(),
                    experts.data() + t * r.top_k, weights.data() + t * r.top_k);
    }
  });
}

}  // namespace inferbench
