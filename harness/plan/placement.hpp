#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "harness/plan/parallel_config.hpp"

namespace inferbench {

enum class Dimension { tensor, context, expert, pipeline, data };

std::string_view name(Dimension dimension);  // "TP", "CP", "EP", "PP", "DP"

// How the groups of one dimension lie on the link tiers. All groups of a dimension look alike.
struct GroupPlacement {
  std::int64_t size = 1;     // ranks of a group
  std::int64_t stride = 1;   // GPUs from one rank of the group to the next
  std::int64_t local = 1;    // ranks of a group inside one domain, at most
  std::int64_t domains = 1;  // domains that a group spans

  std::int64_t span() const { return size * stride; }  // GPUs from first to last, both included
  bool alone() const { return size == 1; }             // nothing to communicate
  bool inside_domain() const { return domains == 1; }
};

// Where each parallel dimension lies: TP innermost, then CP, EP, PP, DP, so that the dimension that
// talks most has the fastest links.
struct Placement {
  GroupPlacement tensor, context, expert, pipeline, data;
  std::int64_t domain_gpus = 1;

  const GroupPlacement& group(Dimension dimension) const;
};

// A group whose span is at most a domain stays inside one: replicas start on domain borders and no
// group straddles a border it need not cross, which may leave GPUs of a domain idle. A wider group
// takes as few domains as can hold it, evenly filled. domain_gpus >= 1.
Placement placement(const ParallelConfig& parallel, std::int64_t domain_gpus);

// The GPUs of the group that `gpu` belongs to, ascending, numbered 0 .. parallel.gpus() - 1 with
// TP fastest.
std::vector<std::int64_t> group_members(const ParallelConfig& parallel, Dimension dimension,
                                        std::int64_t gpu);

}  // namespace inferbench
