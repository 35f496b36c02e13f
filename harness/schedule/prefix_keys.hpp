#pragma once

#include <cstdint>
#include <vector>

#include "harness/base/units.hpp"
#include "workloads/request.hpp"

namespace inferbench {

// What a prefix cache compares prompts by. A workload hashes its prompts in blocks of
// `hash_tokens`, a KV cache keeps blocks of `block_tokens`:
//
//   hash blocks are whole KV blocks (512 and 16)   one key per hash, the hash itself
//   otherwise (16 and 64, 512 and 48)              one key per KV block that lies within the
//   prompt,
//                                                  made of the hashes that it touches

// Tokens that one key stands for: a multiple of block_tokens. Both are >= 1.
Tokens prefix_unit(Tokens hash_tokens, Tokens block_tokens);

// The keys of a request's prompt, in order, into `keys`. The last one of the first kind may stand
// for fewer tokens than a unit, as the prompt's last hash does.
void prefix_keys(const Request& request, Tokens hash_tokens, Tokens block_tokens,
                 std::vector<std::uint64_t>& keys);

}  // namespace inferbench
