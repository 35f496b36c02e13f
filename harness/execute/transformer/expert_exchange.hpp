#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "kernels/collectives/communicator.hpp"

namespace inferbench {

// The way of tokens to the ranks that hold their experts, and back. Each rank of a group has tokens
// of its own and an even share of the experts, share(experts, rank, size()).
//
// A token goes once to each rank that has experts of it, with all its choices and their weights;
// the sum of its rows there comes back, and is added to the others' in the order of ranks. So a
// token's result does not depend on whom it travels with, and differs from that of one rank by the
// order of fp32 sums. Every rank of the group calls both, tokens or not.
//
// Per layer three exchanges of blocks, all-to-all(v): how many tokens come, tokens, sums.
//
// Source: Lepikhin et al., "GShard", arXiv 2006.16668; sending once to a rank: DeepSeek-V3, arXiv
// 2412.19437, section 3.2.2.
class ExpertExchange {
 public:
  // Keeps a reference.
  ExpertExchange(Communicator& group, std::int64_t experts, std::int64_t hidden,
                 std::int64_t top_k);

  // Tokens with an expert here, by the rank they come from, each in its order. Good until the next
  // dispatch().
  struct Arrivals {
    std::int64_t count = 0;
    std::span<const float> tokens;         // [count, hidden]
    std::span<const std::int32_t> chosen;  // [count, top_k], of all experts
    std::span<const float> weights;        // [count, top_k]
  };
  //   tokens [count, hidden], chosen and weights [count, top_k]
  Arrivals dispatch(std::span<const float> tokens, std::span<const std::int32_t> chosen,
                    std::span<const float> weights);

  // Of the tokens dispatched last.
  //   sums [arrivals, hidden]   of the experts here
  //   out  [count, hidden]      of all experts
  void combine(std::span<const float> sums, std::span<float> out);

  // Tokens that this rank sent to others so far, counted once for each, and its dispatches.
  std::int64_t visits() const { return visits_; }
  std::int64_t rounds() const { return rounds_; }

 private:
  std::size_t record_bytes() const;
  void plan(std::span<const std::int32_t> chosen);
  void announce();
  void pack(std::span<const float> tokens, std::span<const std::int32_t> chosen,
            std::span<const float> weights);
  Arrivals unpack();

  Communicator& group_;
  std::size_t hidden_, top_k_;
  std::vector<int> home_;                           // by expert: the rank that has it
  std::vector<std::vector<std::size_t>> visitors_;  // by rank: this rank's tokens that go there
  std::vector<std::uint64_t> leaving_, arriving_;   // tokens, by rank
  std::vector<std::byte> out_, in_;                 // records: a token, its choices, their weights
  std::vector<float> tokens_, weights_, returned_;
  std::vector<std::int32_t> chosen_;
  std::int64_t visits_ = 0, rounds_ = 0;
};

}  // namespace inferbench
