#include "harness/cost/step_formulation.hpp"

#include <algorithm>

#include "harness/base/error.hpp"

namespace inferbench {
namespace {

bool is_plain_decode(const BatchItem& item) {
  return item.decode && item.new_tokens == Tokens(1) && item.padding == Tokens(0);
}

// So many decodes of one token each, which attend to `seen` tokens, `in_window` of them in windows.
void add_decodes(std::size_t decodes, std::int64_t seen, std::int64_t in_window,
                 std::int64_t emitting, double window, RankLoad& load) {
  const auto count = static_cast<double>(decodes);
  load.tokens += count;
  load.requests += count;
  load.squares += count;
  load.sampled += static_cast<double>(emitting);
  load.decode += AttentionLoad{count, static_cast<double>(seen), static_cast<double>(seen), count};
  if (window > 0) {
    const auto kept = static_cast<double>(in_window);
    load.windowed_decode += AttentionLoad{count, kept, kept, count};
  }
}

// Decodes that the plan vouches for: their contexts are all there is to look at.
void add_plain_decodes(std::span<const BatchItem> items, double window, RankLoad& load) {
  const auto count = static_cast<std::int64_t>(items.size());
  std::int64_t seen = count, in_window = 0;
  for (const BatchItem& item : items) seen += item.context.count();
  if (window > 0) {
    const auto most = static_cast<std::int64_t>(window);
    for (const BatchItem& item : items) in_window += std::min(item.context.count() + 1, most);
  }
  add_decodes(items.size(), seen, in_window, count, window, load);
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
  add_decodes(length, seen, in_window, emitting, window, load);
  return length;
}

// A prompt chunk as a row of its padded length: the padding attends and is attended to.
void add_chunk(const BatchItem& item, double window, RankLoad& load) {
  const double context = static_cast<double>(item.context.count());
  const double tokens = static_cast<double>((item.new_tokens + item.padding).count());
  load.tokens += tokens;
  load.requests += 1;
  load.squares += tokens * tokens;
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
  load.squares += tokens * tokens + padding;
  load.sampled += (item.emits ? tokens : 0) + padding;
  load.decode += attention_load(context, tokens);
  load.decode += attention_load(context, 1) * padding;
  if (window > 0) {
    load.windowed_decode += attention_load(context, tokens, window);
    load.windowed_decode += attention_load(context, 1, window) * padding;
  }
}

// The sums of a batch of plain decodes, one step after another. Every context grows by one token,
// so the sums grow by the number of requests: exactly, because whole numbers below 2^53 are.
class DecodeSums {
 public:
  DecodeSums(const BatchPlan& plan, std::span<RankLoad> ranks, std::int64_t window)
      : ranks_(ranks), below_(window > 0 ? ranks.size() : 0) {
    if (window <= 0) return;
    for (const BatchItem& item : plan.items) {
      const std::int64_t room = window - (item.context.count() + 1);
      if (room > 0) below_[item.rank].rooms.push_back(room);
    }
    for (Below& below : below_) std::sort(below.rooms.begin(), below.rooms.end());
  }

  void advance() {
    ++steps_;
    for (RankLoad& load : ranks_) grow(load.decode, load.decode.requests);
    for (std::size_t r = 0; r < below_.size(); ++r) {
      Below& below = below_[r];
      while (below.first < below.rooms.size() && below.rooms[below.first] < steps_) ++below.first;
      grow(ranks_[r].windowed_decode, static_cast<double>(below.rooms.size() - below.first));
    }
  }

 private:
  // Requests of a rank that do not fill their window yet: how many tokens each has left, ascending.
  struct Below {
    std::vector<std::int64_t> rooms;
    std::size_t first = 0;  // the first that still has room
  };

  static void grow(AttentionLoad& load, double tokens) {
    load.pairs += tokens;
    load.kv_tokens += tokens;
  }

  std::span<RankLoad> ranks_;
  std::vector<Below> below_;
  std::int64_t steps_ = 0;
};

}  // namespace

StepFormulation::StepFormulation(std::int64_t ranks, std::int64_t window,
                                 const std::optional<LoraAdapters>& lora)
    : ranks_(static_cast<std::size_t>(ranks)), window_(static_cast<double>(window)) {
  if (lora) adapters_.emplace(*lora);
}

std::span<RankLoad> StepFormulation::sums(const BatchPlan& plan, FewRanks& few,
                                          std::vector<RankLoad>& many) const {
  if (ranks_ > few.size()) many.resize(ranks_);
  const std::span<RankLoad> loads =
      many.empty() ? std::span(few).first(ranks_) : std::span<RankLoad>(many);
  add_items(plan, window_, loads);
  if (adapters_) count_adapters(plan, *adapters_, loads);
  return loads;
}

StepTiming StepFormulation::step(const BatchPlan& plan) const {
  FewRanks few;
  std::vector<RankLoad> many;
  return time(sums(plan, few, many));
}

void StepFormulation::foretell(const BatchPlan& plan, std::int64_t most, Duration until,
                               std::vector<StepTiming>& timings) const {
  const bool windowed = window_ > 0;
  const auto known = [&](const BatchItem& item) {  // padding in windows is not followed
    return item.decode && item.new_tokens == Tokens(1) && (!windowed || is_plain_decode(item));
  };
  if (!std::all_of(plan.items.begin(), plan.items.end(), known)) return;
  FewRanks few;
  std::vector<RankLoad> many;
  const std::span<RankLoad> loads = sums(plan, few, many);
  DecodeSums decodes(plan, loads, static_cast<std::int64_t>(window_));
  Duration sum{};
  for (; most > 0 && sum < until; --most) {
    decodes.advance();
    timings.push_back(time(loads));
    sum += timings.back().elapsed;
  }
}

void add_items(const BatchPlan& plan, double window, std::span<RankLoad> ranks) {
  std::span<const BatchItem> items = plan.items;
  if (plan.plain_decodes > 0) {
    add_plain_decodes(items.first(plan.plain_decodes), window, ranks.front());
    items = items.subspan(plan.plain_decodes);
  }
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

void count_adapters(const BatchPlan& plan, const AdapterChoice& choice, std::span<RankLoad> ranks) {
  std::vector<std::vector<std::uint32_t>> seen(ranks.size());
  for (const BatchItem& item : plan.items) seen[item.rank].push_back(choice.of(item.request));
  for (std::size_t rank = 0; rank < ranks.size(); ++rank) {
    std::vector<std::uint32_t>& used = seen[rank];
    std::sort(used.begin(), used.end());
    const auto end = std::unique(used.begin(), used.end());
    ranks[rank].adapters = static_cast<double>(end - used.begin());
  }
}

}  // namespace inferbench
