#include "harness/cost/step_formulation.hpp"

#include <algorithm>

#include "harness/base/error.hpp"

namespace inferbench {
namespace {

void add_decode(RankLoad& load, double context, double window) {
  const double seen = context + 1.0;
  load.decode += AttentionLoad{1, seen, seen, 1};
  if (window > 0) {
    const double in_window = std::min(seen, window);
    load.windowed_decode += AttentionLoad{1, in_window, in_window, 1};
  }
}

}  // namespace

void add_items(const BatchPlan& plan, double window, std::span<RankLoad> ranks) {
  for (const BatchItem& item : plan.items) {
    ensure(item.rank < ranks.size(), "an item's rank is below the deployment's EP degree");
    RankLoad& load = ranks[item.rank];
    const double context = static_cast<double>(item.context.count());
    const double tokens = static_cast<double>(item.new_tokens.count());
    load.tokens += tokens;
    load.requests += 1;
    load.sampled += item.emits ? 1 : 0;
    if (item.decode && tokens == 1) {
      add_decode(load, context, window);
      continue;
    }
    // Several drafted tokens of one decode run as a short prompt chunk would, in the decode kernel.
    (item.decode ? load.decode : load.prefill) += attention_load(context, tokens);
    if (window > 0) {
      (item.decode ? load.windowed_decode : load.windowed_prefill) +=
          attention_load(context, tokens, window);
    }
  }
}

}  // namespace inferbench
