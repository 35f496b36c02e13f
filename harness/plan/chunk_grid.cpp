#include "harness/plan/chunk_grid.hpp"

#include "harness/base/error.hpp"

namespace inferbench {

std::vector<Tokens> chunk_sizes(const ChunkGrid& grid) {
  const Tokens none{0};
  if (grid.first <= none || grid.fine_step <= none || grid.coarse_step <= none) {
    throw Error("chunk grid", "a size or step is not positive", "sizes and steps are >= 1 token");
  }
  if (grid.last < grid.first) {
    throw Error("chunk grid", "ends at " + std::to_string(grid.last.count()) +
                                  ", before it starts at " + std::to_string(grid.first.count()));
  }
  std::vector<Tokens> sizes;
  Tokens size = grid.first;
  while (size <= grid.last) {
    sizes.push_back(size);
    size += size < grid.fine_end ? grid.fine_step : grid.coarse_step;
  }
  return sizes;
}

}  // namespace inferbench
