#pragma once

namespace inferbench {

// Throws Error{"--threads"} unless there are 1 to 4 for each core that this process may use: more
// only wait for each other, and each has memory of its own.
void check_bench_threads(unsigned threads);

}  // namespace inferbench
