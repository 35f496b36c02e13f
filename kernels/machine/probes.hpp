#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace inferbench {

// Bytes of the last cache: the lesser of what libc and Linux's sysfs say (in virtual machines libc
// may add up caches of a whole processor); 0 if neither does.
std::size_t shared_cache_bytes();

// One quantity of the machine that kernels are held against: how much arithmetic or memory traffic
// it can do when nothing else stands in the way.
struct MachineProbe {
  std::string name;  // "fma_fp32_avx512", "read_l2"
  std::string what;  // one line
  std::string unit;  // of the rate: "GFLOP/s", "GOP/s" or "GB/s"
  double work = 0;   // FLOPs, OPs or bytes of one run of one thread
  // One run by one thread; each thread has a run of its own and its own memory. Absent: not on this
  // machine, for the reason given.
  std::function<void()> run{};
  std::string reason{};  // "needs avx512f"
};

// Every probe there is, for one thread, supported here or not, in a fixed order: peak arithmetic
// per type and instruction set, then reads from L1, L2, L3 and memory, copy and triad from memory.
//
// Arithmetic: independent accumulators in registers, enough of them to hide the latency. Memory:
// eight streams side by side (reads of memory also 1, 2 and 4: which suits the prefetcher differs
// between processors, and the fastest is the roof), in pages as kernels' buffers have them; sets of
// half of L1 and L2, 4 MiB for L3 (it is shared, and neighbours have the rest), and for memory
// arrays of at least 64 MiB and four times L3. Bytes are those the program asks for: a copy moves
// 2n and a triad 3n, although a cache that writes allocate reads the target as well.
//
// Sources: Williams et al., "Roofline", CACM 2009 (the roofs); McCalpin, STREAM (copy, triad and
// how they are counted).
std::vector<MachineProbe> machine_probes();

}  // namespace inferbench
