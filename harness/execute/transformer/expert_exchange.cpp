#include "harness/execute/transformer/expert_exchange.hpp"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "harness/base/error.hpp"
#include "harness/execute/transformer/to_size.hpp"
#include "kernels/collectives/collectives.hpp"
#include "kernels/cpu/team.hpp"

namespace inferbench {
namespace {

const CollectiveImplementation& direct(Collective kind) {
  return collective_implementation(kind, "direct", "experts");
}

std::size_t sum(const std::vector<std::uint64_t>& counts) {
  return static_cast<std::size_t>(std::accumulate(counts.begin(), counts.end(), std::uint64_t{0}));
}

std::vector<std::size_t> times(const std::vector<std::uint64_t>& counts, std::size_t bytes) {
  std::vector<std::size_t> sizes;
  sizes.reserve(counts.size());
  for (const std::uint64_t count : counts) sizes.push_back(static_cast<std::size_t>(count) * bytes);
  return sizes;
}

std::byte* put(std::byte* to, const void* from, std::size_t bytes) {
  std::memcpy(to, from, bytes);
  return to + bytes;
}

}  // namespace

ExpertExchange::ExpertExchange(Communicator& group, std::int64_t experts, std::int64_t hidden,
                               std::int64_t top_k)
    : group_(group),
      hidden_(to_size(hidden)),
      top_k_(to_size(top_k)),
      home_(to_size(experts)),
      visitors_(to_size(group.size())),
      leaving_(visitors_.size()),
      arriving_(visitors_.size()) {
  const auto ranks = static_cast<unsigned>(group.size());
  for (unsigned rank = 0; rank < ranks; ++rank) {
    const Range held = share(experts, rank, ranks);
    for (std::int64_t e = held.begin; e < held.end; ++e) home_[to_size(e)] = static_cast<int>(rank);
  }
}

std::size_t ExpertExchange::record_bytes() const {
  return hidden_ * sizeof(float) + top_k_ * (sizeof(std::int32_t) + sizeof(float));
}

// Who goes where: a token once to each rank.
void ExpertExchange::plan(std::span<const std::int32_t> chosen) {
  for (std::vector<std::size_t>& tokens : visitors_) tokens.clear();
  for (std::size_t c = 0; c < chosen.size(); ++c) {
    std::vector<std::size_t>& there = visitors_[to_size(home_[to_size(chosen[c])])];
    const std::size_t token = c / top_k_;
    if (there.empty() || there.back() != token) there.push_back(token);
  }
  for (std::size_t rank = 0; rank < visitors_.size(); ++rank) {
    leaving_[rank] = visitors_[rank].size();
    if (rank != to_size(group_.rank())) {
      visits_ += static_cast<std::int64_t>(visitors_[rank].size());
    }
  }
  ++rounds_;
}

void ExpertExchange::announce() {
  CollectiveCall call;
  call.in = std::as_bytes(std::span(leaving_));
  call.out = std::as_writable_bytes(std::span(arriving_));
  call.type = ElementType::bytes;
  direct(Collective::all_to_all).run(group_, call);
}

void ExpertExchange::pack(std::span<const float> tokens, std::span<const std::int32_t> chosen,
                          std::span<const float> weights) {
  out_.resize(sum(leaving_) * record_bytes());
  std::byte* to = out_.data();
  for (const std::vector<std::size_t>& there : visitors_) {
    for (const std::size_t token : there) {
      to = put(to, tokens.data() + token * hidden_, hidden_ * sizeof(float));
      to = put(to, chosen.data() + token * top_k_, top_k_ * sizeof(std::int32_t));
      to = put(to, weights.data() + token * top_k_, top_k_ * sizeof(float));
    }
  }
}

ExpertExchange::Arrivals ExpertExchange::unpack() {
  const std::size_t count = sum(arriving_);
  tokens_.resize(count * hidden_);
  chosen_.resize(count * top_k_);
  weights_.resize(count * top_k_);
  const std::byte* from = in_.data();
  const auto take = [&](void* to, std::size_t bytes) {
    std::memcpy(to, from, bytes);
    from += bytes;
  };
  for (std::size_t i = 0; i < count; ++i) {
    take(tokens_.data() + i * hidden_, hidden_ * sizeof(float));
    take(chosen_.data() + i * top_k_, top_k_ * sizeof(std::int32_t));
    take(weights_.data() + i * top_k_, top_k_ * sizeof(float));
  }
  return {.count = static_cast<std::int64_t>(count),
          .tokens = tokens_,
          .chosen = chosen_,
          .weights = weights_};
}

ExpertExchange::Arrivals ExpertExchange::dispatch(std::span<const float> tokens,
                                                  std::span<const std::int32_t> chosen,
                                                  std::span<const float> weights) {
  ensure(tokens.size() * top_k_ == chosen.size() * hidden_ && weights.size() == chosen.size(),
         "top_k choices of each token");
  plan(chosen);
  announce();
  pack(tokens, chosen, weights);
  in_.resize(sum(arriving_) * record_bytes());
  CollectiveCall call;
  call.in = out_;
  call.out = in_;
  call.type = ElementType::bytes;
  call.send_bytes = times(leaving_, record_bytes());
  call.receive_bytes = times(arriving_, record_bytes());
  direct(Collective::all_to_all_v).run(group_, call);
  return unpack();
}

void ExpertExchange::combine(std::span<const float> sums, std::span<float> out) {
  ensure(sums.size() == sum(arriving_) * hidden_, "a sum of each token that came");
  returned_.resize(sum(leaving_) * hidden_);
  CollectiveCall call;
  call.in = std::as_bytes(sums);
  call.out = std::as_writable_bytes(std::span(returned_));
  call.type = ElementType::bytes;
  call.send_bytes = times(arriving_, hidden_ * sizeof(float));
  call.receive_bytes = times(leaving_, hidden_ * sizeof(float));
  direct(Collective::all_to_all_v).run(group_, call);
  std::fill(out.begin(), out.end(), 0.0F);
  const float* from = returned_.data();
  for (const std::vector<std::size_t>& there : visitors_) {
    for (const std::size_t token : there) {
      float* to = out.data() + token * hidden_;
      for (std::size_t i = 0; i < hidden_; ++i) to[i] += from[i];
      from += hidden_;
    }
  }
}

}  // namespace inferbench
