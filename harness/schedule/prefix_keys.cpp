#include "harness/schedule/prefix_keys.hpp"

#include <algorithm>

namespace inferbench {
namespace {

// Order matters, so equal keys mean equal hashes (but for a chance of 2^-64 per pair).
std::uint64_t chained(std::uint64_t before, std::uint64_t hash) {
  std::uint64_t z = (before ^ (hash + 0x9E3779B97F4A7C15ULL)) * 0xBF58476D1CE4E5B9ULL;
  z = (z ^ (z >> 30)) * 0x94D049BB133111EBULL;
  return z ^ (z >> 31);
}

}  // namespace

Tokens prefix_unit(Tokens hash_tokens, Tokens block_tokens) {
  return hash_tokens.count() % block_tokens.count() == 0 ? hash_tokens : block_tokens;
}

void prefix_keys(const Request& request, Tokens hash_tokens, Tokens block_tokens,
                 std::vector<std::uint64_t>& keys) {
  const std::vector<std::uint64_t>& hashes = request.prefix_blocks;
  if (prefix_unit(hash_tokens, block_tokens) == hash_tokens) {
    keys.assign(hashes.begin(), hashes.end());
    return;
  }
  keys.clear();
  const std::int64_t hash = hash_tokens.count(), block = block_tokens.count();
  const std::int64_t tokens =
      std::min(request.input.count(), hash * static_cast<std::int64_t>(hashes.size()));
  for (std::int64_t end = block; end <= tokens; end += block) {
    std::uint64_t key = 0;
    for (std::int64_t h = (end - block) / hash; h <= (end - 1) / hash; ++h) {
      key = chained(key, hashes[static_cast<std::size_t>(h)]);
    }
    keys.push_back(key);
  }
}

}  // namespace inferbench
