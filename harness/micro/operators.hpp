#pragma once

#include <string>
#include <vector>

#include "harness/micro/points.hpp"

namespace inferbench {

// An InferenceX operator test list: a JSON array of {"type", "args", "name"}, of both generations.
//
//   gemm             m, n, k; a/b with "dtype" and scales, or dtype_a, dtype_b
//   attention_mha    batch_size, seq_len_q, seq_len_kv, num_heads, num_heads_kv, head_dim, dtype_k
//
// A gemm becomes op gemm in the format of its operands; attention becomes paged_decode where there
// is one query, else prefill_attention with what is cached as context. An operator that no op of
// ours computes (other types, fp8 by fp8, ...) stays in the list, unusable with the reason. Equal
// cases count once. Throws Error for a file that is not such a list.
//
// Source: SemiAnalysisAI/InferenceX, experimental/operatorx (ops/gemm.py, testlists/*.json).
std::vector<BenchCase> read_operators(const std::string& path,
                                      const std::vector<std::string>& providers,
                                      std::uint64_t seed);

}  // namespace inferbench
