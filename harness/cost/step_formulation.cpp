#include "harness/cost/step_formulation.hpp"

#include <algorithm>

#include "harness/base/error.hpp"

namespace inferbench {
namespace {

bool is_plain_decode(const BatchItem& item) {
  return item.decode && item.new_tokens == Tokens(1) && item.padding == Tokens(0);
}

// Adds the run of plain decodes of one rank that begins with the first item and returns its length.
// Summed in integer registers: exact like the doubles of RankLoad, and several times as fast as
// adding each item to them in memory.
std::size_t add_decode_run(std::span<const BatchItem> items, double window, RankLoad& load) {
  const std::uint16_t rank = items.front().rank;
  const std::int64_t most = window > 0 ? static_cast<std::int64_t>(window) : 0;
  std::int64_t seen = 0, in_window = 0, emitting = 0;
  std::size_t length = 0;
  for (; length < items.size(); ++length) {
    const BatchItem& item = items[length];
    if (item.rank != rank || !is_plain_decode(item)) break;
    const std::int64_t own = item.context.count() + 1;
    seen += own;
    in_window += std::min(own, most);
    emitting += item.emits ? 1 : 0;
  }
  const auto count = static_cast<double>(length);
  load.tokens += count;
  load.requests += count;
  load.sampled += static_cast<double>(emitting);
  load.decode += AttentionLoad{count, static_cast<double>(seen), static_cast<double>(seen), count};
  if (window > 0) {
    const auto kept = static_cast<double>(in_window);
    load.windowed_decode += AttentionLoad{count, kept, kept, count};
  }
  return length;
}

// A prompt chunk as a row of its padded length: the padding attends and is attended to.
void add_chunk(const BatchItem& item, double window, RankLoad& load) {
  const double context = static_cast<double>(item.context.count());
  const double tokens = static_cast<double>((item.new_tokens + item.padding).count());
  load.tokens += tokens;
  load.requests += 1;
  load.sampled += item.emits ? 1 : 0;
  load.prefill += attention_load(context, tokens);
  if (window > 0) load.windowed_prefill += attention_load(context, tokens, window);
}

// A decode with drafted tokens, which run as a short chunk would, in the decode kernel, and are all
// sampled; or one with padding, each position of which is a decode of its own, of the same context.
void add_wide_decode(const BatchItem& item, double window, RankLoad& load) {
  const double context = static_cast<double>(item.context.count());
  const double tokens = static_cast<double>(item.new_tokens.count());
  const double padding = static_cast<double>(item.padding.count());
  load.tokens += tokens + padding;
  load.requests += 1 + padding;
  load.sampled += (item.emits ? tokens : 0) + padding;
  load.decode += attention_load(context, tokens);
  load.decode += attention_load(context, 1) * padding;
  if (window > 0) {
    load.windowed_decode += attention_load(context, tokens, window);
    load.windowed_decode += attention_load(context, 1, window) * padding;
  }
}

}  // namespace

void add_items(const BatchPlan& plan, double window, std::span<RankLoad> ranks) {
  std::span<const BatchItem> items = plan.items;
  while (!items.empty()) {
    const BatchItem& item = items.front();
    ensure(item.rank < ranks.size(), "an item's rank is below the deployment's EP degree");
    RankLoad& load = ranks[item.rank];
    if (is_plain_decode(item)) {
      items = items.subspan(add_decode_run(items, window, load));
    } else {
      (item.decode ? add_wide_decode : add_chunk)(item, window, load);
      items = items.subspan(1);
    }
  }
}

}  // namespace inferbench
