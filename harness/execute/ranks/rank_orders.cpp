#include "harness/execute/ranks/rank_orders.hpp"

#include <cstring>
#include <type_traits>

#include "harness/base/error.hpp"

namespace inferbench {
namespace {

template <class T>
void append(std::vector<std::byte>& to, std::span<const T> values) {
  const auto bytes = std::as_bytes(values);
  to.insert(to.end(), bytes.begin(), bytes.end());
}

template <class T>
std::vector<T> take(ByteView& from, std::int64_t count) {
  std::vector<T> values(static_cast<std::size_t>(count));
  const std::size_t bytes = values.size() * sizeof(T);
  ensure(from.size() >= bytes, "a step arrives whole");
  if (bytes > 0) std::memcpy(values.data(), from.data(), bytes);
  from = from.subspan(bytes);
  return values;
}

template <class T>
std::int64_t count(std::span<T> values) {
  return static_cast<std::int64_t>(values.size());
}

}  // namespace

void send_order(Communicator& world, int to, const RankOrder& order) {
  static_assert(std::is_trivially_copyable_v<RankOrder>);
  world.send(to, std::as_bytes(std::span(&order, 1)));
}

RankOrder receive_order(Communicator& world, int from) {
  RankOrder order;
  world.receive(from, std::as_writable_bytes(std::span(&order, 1)));
  return order;
}

void send_report(Communicator& world, int to, std::uint64_t value) {
  world.send(to, std::as_bytes(std::span(&value, 1)));
}

std::uint64_t receive_report(Communicator& world, int from) {
  std::uint64_t value = 0;
  world.receive(from, std::as_writable_bytes(std::span(&value, 1)));
  return value;
}

void send_batch(Communicator& world, std::span<const int> to, std::int64_t model,
                const TokenBatch& batch) {
  const AttentionBatch& sequences = batch.sequences;
  std::vector<std::byte> payload;
  append(payload, sequences.starts);
  append(payload, sequences.context);
  append(payload, batch.logit_rows);
  append(payload, batch.rewriting);
  append(payload, sequences.block_table);
  append(payload, batch.tokens);
  append(payload, batch.attention_ranks);
  const RankOrder order{.kind = RankOrder::Kind::forward,
                        .model = model,
                        .tokens = sequences.tokens(),
                        .sequences = sequences.sequences(),
                        .max_blocks = sequences.max_blocks,
                        .block_tokens = batch.block_tokens,
                        .logit_rows = count(batch.logit_rows),
                        .rewriting = count(batch.rewriting),
                        .attention_ranks = count(batch.attention_ranks)};
  for (const int rank : to) {
    send_order(world, rank, order);
    world.send(rank, payload);
  }
}

std::size_t payload_bytes(const RankOrder& order) {
  const std::int64_t wide = 2 * order.sequences + 1 + order.logit_rows + order.rewriting;
  const std::int64_t narrow = order.sequences * order.max_blocks + order.tokens;
  return static_cast<std::size_t>(wide * 8 + narrow * 4 + order.attention_ranks * 2);
}

ReceivedBatch::ReceivedBatch(Communicator& world, int from, const RankOrder& order)
    : max_blocks_(order.max_blocks), block_tokens_(order.block_tokens) {
  std::vector<std::byte> payload(payload_bytes(order));
  world.receive(from, payload);
  ByteView left = payload;
  starts_ = take<std::int64_t>(left, order.sequences + 1);
  context_ = take<std::int64_t>(left, order.sequences);
  logit_rows_ = take<std::int64_t>(left, order.logit_rows);
  rewriting_ = take<std::int64_t>(left, order.rewriting);
  table_ = take<std::int32_t>(left, order.sequences * order.max_blocks);
  tokens_ = take<std::int32_t>(left, order.tokens);
  attention_ranks_ = take<std::uint16_t>(left, order.attention_ranks);
}

TokenBatch ReceivedBatch::batch() const {
  return {.tokens = tokens_,
          .sequences = {.starts = starts_,
                        .context = context_,
                        .block_table = table_,
                        .max_blocks = max_blocks_},
          .logit_rows = logit_rows_,
          .rewriting = rewriting_,
          .attention_ranks = attention_ranks_,
          .block_tokens = block_tokens_};
}

}  // namespace inferbench
