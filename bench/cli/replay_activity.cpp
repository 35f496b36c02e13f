#include "bench/cli/replay_activity.hpp"

#include <algorithm>
#include <utility>

#include "bench/cli/count_text.hpp"
#include "harness/base/text_table.hpp"

namespace inferbench {
namespace {

double share(double part, double whole) {
  return whole > 0 ? part / whole : 0;
}

// The replica whose KV cache came closest to full.
double fullest(std::span<const ReplicaStats> replicas) {
  double most = 0;
  for (const ReplicaStats& replica : replicas) {
    most = std::max(most, share(static_cast<double>(replica.scheduler.kv_peak_used),
                                static_cast<double>(replica.scheduler.kv_capacity)));
  }
  return most;
}

struct Totals {
  std::uint64_t steps = 0, items = 0, new_tokens = 0, padding = 0, preemptions = 0;
  std::uint64_t verified = 0, drafted = 0, accepted = 0;
  StepTiming::Parts parts;
  Duration hidden{};
};

Totals totals(std::span<const ReplicaStats> replicas) {
  Totals sum;
  for (const ReplicaStats& replica : replicas) {
    sum.steps += replica.steps;
    sum.items += replica.items;
    sum.new_tokens += replica.new_tokens;
    sum.padding += replica.padding;
    sum.verified += replica.verified;
    sum.drafted += replica.drafted;
    sum.accepted += replica.accepted;
    sum.preemptions += replica.preemptions;
    sum.parts.gemm += replica.parts.gemm;
    sum.parts.attention += replica.parts.attention;
    sum.parts.moe += replica.parts.moe;
    sum.parts.elementwise += replica.parts.elementwise;
    sum.parts.scale_up += replica.parts.scale_up;
    sum.parts.scale_out += replica.parts.scale_out;
    sum.parts.host += replica.parts.host;
    sum.parts.kv_transfer += replica.parts.kv_transfer;
    sum.hidden += replica.hidden;
  }
  return sum;
}

std::string where_time_went(const Totals& sum) {
  const StepTiming::Parts& parts = sum.parts;
  const std::pair<const char*, Duration> kinds[] = {
      {"GEMM", parts.gemm},
      {"attention", parts.attention},
      {"MoE", parts.moe},
      {"elementwise", parts.elementwise},
      {"communication inside the domain", parts.scale_up},
      {"communication between domains", parts.scale_out},
      {"host", parts.host},
      {"KV to and from host memory", parts.kv_transfer}};
  Duration all{};
  for (const auto& kind : kinds) all += kind.second;
  if (all == Duration(0)) return "";
  const auto percent = [&](Duration part) {
    return fixed(100 * share(static_cast<double>(part.count()), static_cast<double>(all.count())),
                 1) +
           " %";
  };
  std::string text = "Step time: ";
  bool first = true;
  for (const auto& [kind, time] : kinds) {
    if (time == Duration(0)) continue;
    text += std::string(first ? "" : ", ") + kind + " " + percent(time);
    first = false;
  }
  if (sum.hidden > Duration(0)) text += "; " + percent(sum.hidden) + " of it hidden by overlap";
  return text + ".\n";
}

std::string padding_line(const Totals& sum) {
  if (sum.padding == 0) return "";
  const auto wasted = static_cast<double>(sum.padding);
  const double computed = static_cast<double>(sum.new_tokens) + wasted;
  return "Padding: " + significant(100 * share(wasted, computed)) +
         " % of the positions computed.\n";
}

std::string drafts_line(const Totals& sum) {
  if (sum.drafted == 0) return "";
  const auto accepted = static_cast<double>(sum.accepted);
  return "Speculation: " + significant(100 * share(accepted, static_cast<double>(sum.drafted))) +
         " % of " + count_text(sum.drafted) + " drafted tokens accepted; " +
         significant(1 + share(accepted, static_cast<double>(sum.verified))) +
         " tokens per decode that had drafts.\n";
}

double share(std::int64_t part, std::int64_t whole) {
  return share(static_cast<double>(part), static_cast<double>(whole));
}

std::string percent_of(std::int64_t part, std::int64_t whole) {
  return significant(100 * share(part, whole)) + " %";
}

// What was reserved and not used, what was shared, and where keys and values went.
std::string kv_memory(std::span<const ReplicaStats> replicas) {
  KvStats kv;
  for (const ReplicaStats& replica : replicas) kv += replica.kv;
  if (kv.usage_steps == 0) return "";
  const auto mean = [&](std::int64_t sum) { return significant(share(sum, kv.usage_steps), 4); };
  std::string text = "KV memory: of " + mean(kv.room_steps) + " tokens reserved per step, " +
                     mean(kv.room_steps - kv.filled_steps) + " (" +
                     percent_of(kv.room_steps - kv.filled_steps, kv.room_steps) + ") unused; " +
                     mean(kv.shared_steps) + " saved by sharing.\n";
  if (kv.prompt_tokens > 0) {
    text += "Prefix cache: " + percent_of(kv.hit_tokens, kv.prompt_tokens) + " of " +
            with_commas(kv.prompt_tokens) + " prompt tokens hit, " + with_commas(kv.hit_tokens) +
            " not computed";
    if (kv.host_hit_tokens > 0) {
      text += " (" + with_commas(kv.host_hit_tokens) + " read from the CPU tier)";
    }
    text += "; " + with_commas(kv.evicted_tokens) + " tokens evicted.\n";
  }
  if (kv.swaps_out + kv.swaps_refused > 0) {
    text += "Swaps: " + with_commas(kv.swaps_out) + " to the host, " + with_commas(kv.swaps_in) +
            " back; " + with_commas(kv.swaps_refused) + " recomputed for want of host memory.\n";
  }
  return text;
}

}  // namespace

std::string replay_activity(std::span<const ReplicaStats> replicas) {
  const Totals sum = totals(replicas);
  const double steps = static_cast<double>(sum.steps);
  return "Steps: " + count_text(sum.steps) + ", on average " +
         significant(share(static_cast<double>(sum.items), steps)) + " requests and " +
         significant(share(static_cast<double>(sum.new_tokens), steps)) +
         " new tokens. KV cache at its fullest: " + significant(100 * fullest(replicas)) +
         " %. Preemptions: " + count_text(sum.preemptions) + ".\n" + padding_line(sum) +
         drafts_line(sum) + kv_memory(replicas) + where_time_went(sum);
}

}  // namespace inferbench
