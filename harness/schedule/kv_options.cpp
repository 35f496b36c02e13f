#include "harness/schedule/kv_options.hpp"

#include <string>

#include "harness/base/error.hpp"
#include "harness/schedule/prefix_keys.hpp"

namespace inferbench {
namespace {

void refuse_alone(const char* option, const char* needed) {
  throw Error(option, std::string("is given without ") + needed, "it has no effect alone",
              std::string("add ") + needed + " or leave it out");
}

}  // namespace

void check_options(const KvOptions& options, Tokens block_tokens) {
  if (options.host < Tokens(0) || options.cpu_tier < Tokens(0) || options.hash_tokens < Tokens(0)) {
    throw Error("KV memory", "a size is negative", "tokens >= 0");
  }
  if (options.layout == KvOptions::Layout::contiguous) {
    if (options.prefix_cache) {
      throw Error("--prefix-cache", "does not go with --kv contiguous",
                  "prefixes are shared block by block", "use --kv paged");
    }
    if (options.preemption == KvOptions::Preemption::swap) {
      throw Error("--preempt", "swap does not go with --kv contiguous",
                  "whoever is admitted has room to the end, so nothing is preempted",
                  "use --kv paged");
    }
  }
  const bool swap = options.preemption == KvOptions::Preemption::swap;
  if (options.host > Tokens(0) && !swap) refuse_alone("--host-kv-gb", "--preempt swap");
  if (options.cpu_tier == Tokens(0)) return;
  if (!options.prefix_cache) refuse_alone("--kv-cpu-tier", "--prefix-cache");
  if (options.hash_tokens == Tokens(0)) return;
  const Tokens unit = prefix_unit(options.hash_tokens, block_tokens);
  if (options.cpu_tier < unit) {
    throw Error("--kv-cpu-tier", "holds " + std::to_string(options.cpu_tier.count()) + " tokens",
                "at least one prefix unit of " + std::to_string(unit.count()) + " tokens",
                "give it more memory");
  }
}

}  // namespace inferbench
