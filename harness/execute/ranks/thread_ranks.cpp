#include "harness/execute/ranks/thread_ranks.hpp"

#include "harness/base/error.hpp"

namespace inferbench {

ThreadRanks::ThreadRanks(int ranks, unsigned threads_of_each) : world_(ranks) {
  for (int rank = 0; rank < ranks; ++rank) {
    teams_.push_back(std::make_unique<ThreadTeam>(threads_of_each));
  }
}

void ThreadRanks::run(const std::function<void(Communicator&, ThreadTeam&)>& body) {
  world_.run([&](Communicator& rank) { body(rank, team(rank.rank())); });
}

std::unique_ptr<RankedModel> ThreadRanks::build(const ModelPlan& plan) {
  return std::make_unique<ThreadRankedModel>(plan, *this);
}

std::uint64_t ThreadRanks::wire_bytes() {
  std::vector<std::uint64_t> bytes(static_cast<std::size_t>(size()));
  world_.run([&](Communicator& rank) {
    bytes[static_cast<std::size_t>(rank.rank())] = rank.traffic().total();
  });
  std::uint64_t sum = 0;
  for (const std::uint64_t part : bytes) sum += part;
  return sum;
}

ThreadRankedModel::ThreadRankedModel(const ModelPlan& plan, ThreadRanks& ranks)
    : plan_(plan), ranks_(ranks), parts_(static_cast<std::size_t>(ranks.size())) {
  ensure(plan.ranks_of_stage() * plan.parallel.pp == ranks.size(),
         "a model is built for the ranks it has");
  ranks_.run([&](Communicator& rank, ThreadTeam& team) {
    parts_[static_cast<std::size_t>(rank.rank())] = std::make_unique<RankPart>(plan_, rank, team);
  });
}

void ThreadRankedModel::forward(const TokenBatch& batch, std::span<float> logits) {
  ranks_.run([&](Communicator& rank, ThreadTeam&) {
    const auto index = static_cast<std::size_t>(rank.rank());
    parts_[index]->forward(batch, index == 0 ? logits : std::span<float>());
  });
  if (spans_ == nullptr) return;
  for (KernelSpans& own : spans_of_) {
    spans_->insert(spans_->end(), own.begin(), own.end());
    own.clear();
  }
}

// Each rank notes its own: they compute at the same time.
void ThreadRankedModel::trace(KernelSpans* spans) {
  spans_ = spans;
  spans_of_.assign(parts_.size(), {});
  for (std::size_t rank = 0; rank < parts_.size(); ++rank) {
    parts_[rank]->trace(spans == nullptr ? nullptr : &spans_of_[rank]);
  }
}

void ThreadRankedModel::copy_block(std::int64_t from, std::int64_t to) {
  for (const auto& part : parts_) part->copy_block(from, to);
}

std::size_t ThreadRankedModel::weight_bytes() const {
  std::size_t bytes = 0;
  for (const auto& part : parts_) bytes += part->weights().linear_bytes();
  return bytes;
}

}  // namespace inferbench
