#include "harness/plan/placement.hpp"

#include <algorithm>

#include "harness/base/error.hpp"

namespace inferbench {
namespace {

std::int64_t ceil_div(std::int64_t a, std::int64_t b) {
  return (a + b - 1) / b;
}

GroupPlacement lay_out(std::int64_t size, std::int64_t stride, std::int64_t domain_gpus) {
  GroupPlacement group{.size = size, .stride = stride};
  if (group.span() <= domain_gpus) {
    group.local = size;
    return group;
  }
  const std::int64_t room = std::max<std::int64_t>(1, domain_gpus / stride);
  group.domains = ceil_div(size, room);
  group.local = ceil_div(size, group.domains);
  return group;
}

}  // namespace

std::string_view name(Dimension dimension) {
  switch (dimension) {
    case Dimension::tensor:
      return "TP";
    case Dimension::context:
      return "CP";
    case Dimension::expert:
      return "EP";
    case Dimension::pipeline:
      return "PP";
    case Dimension::data:
      return "DP";
  }
  return "";
}

const GroupPlacement& Placement::group(Dimension dimension) const {
  switch (dimension) {
    case Dimension::tensor:
      return tensor;
    case Dimension::context:
      return context;
    case Dimension::expert:
      return expert;
    case Dimension::pipeline:
      return pipeline;
    case Dimension::data:
      break;
  }
  return data;
}

Placement placement(const ParallelConfig& parallel, std::int64_t domain_gpus) {
  ensure(domain_gpus >= 1, "a domain has at least one GPU");
  Placement placed;
  placed.domain_gpus = domain_gpus;
  std::int64_t stride = 1;
  const auto next = [&](std::int64_t size) {
    const GroupPlacement group = lay_out(size, stride, domain_gpus);
    stride *= size;
    return group;
  };
  placed.tensor = next(parallel.tp);
  placed.context = next(parallel.cp);
  placed.expert = next(parallel.ep);
  placed.pipeline = next(parallel.pp);
  placed.data = next(parallel.dp);
  return placed;
}

std::vector<std::int64_t> group_members(const ParallelConfig& parallel, Dimension dimension,
                                        std::int64_t gpu) {
  ensure(gpu >= 0 && gpu < parallel.gpus(), "gpu is one of the deployment");
  const GroupPlacement group = placement(parallel, 1).group(dimension);
  const std::int64_t first = gpu - gpu / group.stride % group.size * group.stride;
  std::vector<std::int64_t> members;
  for (std::int64_t rank = 0; rank < group.size; ++rank) {
    members.push_back(first + rank * group.stride);
  }
  return members;
}

}  // namespace inferbench
