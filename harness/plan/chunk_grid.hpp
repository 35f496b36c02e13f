#pragma once

#include <vector>

#include "harness/base/units.hpp"

namespace inferbench {

// Chunk sizes of a sweep: `fine_step` apart up to `fine_end`, then `coarse_step` apart.
//
// The defaults are the 37 sizes of NVIDIA's blog "Demystifying AI Inference Deployments for
// Trillion Parameter LLMs" (June 2024), "from 128 to 8,192 in steps of 128 or 256": the blog does
// not say where the step changes, and 1,280 is the value that gives its "2.7K combinations" with
// its 73 configurations (73 x 37 = 2,701).
struct ChunkGrid {
  Tokens first{128};
  Tokens fine_step{128};
  Tokens fine_end{1280};
  Tokens coarse_step{256};
  Tokens last{8192};
};

// Ascending, without duplicates. Throws Error when a step is not positive or the ends are crossed.
std::vector<Tokens> chunk_sizes(const ChunkGrid& grid = {});

}  // namespace inferbench
