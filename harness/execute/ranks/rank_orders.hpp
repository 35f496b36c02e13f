#pragma once

#include <cstdint>
#include <vector>

#include "harness/execute/transformer/step_model.hpp"
#include "kernels/collectives/communicator.hpp"

namespace inferbench {

// What a process that drives ranks tells the others to do.
struct RankOrder {
  enum class Kind : std::int64_t {
    build,               // model `model`, with so many KV blocks
    forward,             // a batch of it, which follows
    report_bytes,        // moved between ranks so far
    report_weights,      // packed, of `model`
    report_all_reduces,  // of `model`
    end,
  };
  Kind kind = Kind::end;
  std::int64_t model = 0, kv_blocks = 0;
  std::int64_t tokens = 0, sequences = 0, max_blocks = 0, block_tokens = 0;
  std::int64_t logit_rows = 0, rewriting = 0, attention_ranks = 0;
};

// A batch with memory of its own.
class ReceivedBatch {
 public:
  // The one that follows `order` from rank `from`.
  ReceivedBatch(Communicator& world, int from, const RankOrder& order);
  TokenBatch batch() const;

 private:
  std::vector<std::int64_t> starts_, context_, logit_rows_, rewriting_;
  std::vector<std::int32_t> table_, tokens_;
  std::vector<std::uint16_t> attention_ranks_;
  std::int64_t max_blocks_, block_tokens_;
};

void send_order(Communicator& world, int to, const RankOrder& order);
RankOrder receive_order(Communicator& world, int from);
// The order and the batch behind it.
void send_batch(Communicator& world, std::span<const int> to, std::int64_t model,
                const TokenBatch& batch);
// Of the batch behind an order.
std::size_t payload_bytes(const RankOrder& order);

void send_report(Communicator& world, int to, std::uint64_t value);
std::uint64_t receive_report(Communicator& world, int from);

}  // namespace inferbench
