#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/base/units.hpp"
#include "harness/execute/transformer/weight_shard.hpp"
#include "kernels/attention/kv_cache.hpp"
#include "kernels/gemm/format.hpp"

namespace inferbench {

// What executing a decoder takes of the host's memory, known before any of it is allocated.
struct MemoryNeed {
  Bytes weights;      // packed matrices, all experts and the LM head included
  Bytes table;        // the embedding table
  Bytes kv;           // the KV pool
  Bytes activations;  // of the largest step

  Bytes total() const { return weights + table + kv + activations; }
};

// Padding of panels and allocators is not in it; 5 % are added to what matrices take.
// Of the rank that holds `shard`.
MemoryNeed memory_need(const DecoderShape& shape, const GemmFormat& weights, KvType kv,
                       std::int64_t kv_blocks, std::int64_t step_tokens,
                       const DecoderShard& shard = {});

// Memory that this program can still take without swapping: MemAvailable of /proc/meminfo, or what
// is left of the control group's memory.max, whichever is less. Zero where the system does not
// tell. Reads /proc and /sys below `root` ("" on a real machine; a folder of samples in tests).
Bytes available_memory(const std::string& root = "");

// Throws Error with the parts when `need` is more than 90 % of `available`; zero is not judged.
void check_memory(const std::string& model, const MemoryNeed& need, Bytes available);

}  // namespace inferbench
