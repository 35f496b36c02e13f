#pragma once

#include <cstddef>
#include <functional>

namespace inferbench {

// Calls body(i) for i in [0, n) on `threads` threads (0: all cores). Which thread runs which i is
// not defined, so body writes to slot i of its own output; then results do not depend on the number
// of threads. Stops early, returning normally, when `stop` says so. Rethrows the exception of the
// lowest i that threw.
void parallel_for(std::size_t n, unsigned threads, const std::function<void(std::size_t)>& body,
                  const std::function<bool()>& stop = {});

// All cores this process may use.
unsigned available_threads();

}  // namespace inferbench
