#include "harness/execute/ranks/process_ranks.hpp"

#include <numeric>

#include "harness/base/error.hpp"

namespace inferbench {

// The leading process's handle of a model that all have.
class ProcessRanks::Model final : public RankedModel {
 public:
  Model(ProcessRanks& ranks, const ModelPlan& plan, std::int64_t index)
      : ranks_(ranks), plan_(plan), index_(index), part_(plan, ranks.world_, ranks.team_) {}

  void forward(const TokenBatch& batch, std::span<float> logits) override {
    ranks_.in_step_ = true;
    send_batch(ranks_.world_, ranks_.others_, index_, batch);
    part_.forward(batch, logits);
    ranks_.in_step_ = false;
  }
  std::int64_t vocab() const override { return plan_.shape.vocab; }
  std::int64_t kv_blocks() const override { return plan_.kv_blocks; }
  std::int64_t block_tokens() const override { return plan_.block_tokens(); }
  KernelTimes times() const override { return part_.times(); }
  void trace(KernelSpans* spans) override { part_.trace(spans); }
  std::size_t weight_bytes() const override {
    return ranks_.sum_of_reports({.kind = RankOrder::Kind::report_weights, .model = index_},
                                 part_.weights().linear_bytes());
  }
  std::int64_t all_reduces() const override { return part_.decoder().all_reduces(); }

 private:
  ProcessRanks& ranks_;
  ModelPlan plan_;
  std::int64_t index_;
  RankPart part_;
};

ProcessRanks::ProcessRanks(Communicator& world, unsigned threads)
    : world_(world), team_(threads), others_(static_cast<std::size_t>(world.size() - 1)) {
  std::iota(others_.begin(), others_.end(), 1);
}

ProcessRanks::~ProcessRanks() {
  if (leads()) announce({.kind = RankOrder::Kind::end});
}

void ProcessRanks::announce(const RankOrder& order) {
  for (const int rank : others_) send_order(world_, rank, order);
}

std::unique_ptr<RankedModel> ProcessRanks::build(const ModelPlan& plan) {
  announce({.kind = RankOrder::Kind::build, .model = models_, .kv_blocks = plan.kv_blocks});
  return std::make_unique<Model>(*this, plan, models_++);
}

std::uint64_t ProcessRanks::wire_bytes() {
  return sum_of_reports({.kind = RankOrder::Kind::report_bytes}, own_wire_bytes());
}

std::uint64_t ProcessRanks::sum_of_reports(const RankOrder& order, std::uint64_t own) {
  announce(order);
  for (const int rank : others_) {
    own += receive_report(world_, rank);
    control_bytes_ += sizeof own;
  }
  return own;
}

void ProcessRanks::follow(const std::vector<ModelPlan>& plans) {
  in_step_ = true;
  std::vector<std::unique_ptr<RankPart>> parts;
  while (true) {
    const RankOrder next = receive_order(world_, 0);
    control_bytes_ += sizeof next;
    const auto model = static_cast<std::size_t>(next.model);
    switch (next.kind) {
      case RankOrder::Kind::build: {
        ensure(model == parts.size() && model < plans.size(), "models are built in their order");
        ModelPlan plan = plans[model];
        plan.kv_blocks = next.kv_blocks;
        parts.push_back(std::make_unique<RankPart>(plan, world_, team_));
        break;
      }
      case RankOrder::Kind::forward: {
        const ReceivedBatch batch(world_, 0, next);
        control_bytes_ += payload_bytes(next);
        parts.at(model)->forward(batch.batch(), {});
        break;
      }
      case RankOrder::Kind::report_bytes:
        send_report(world_, 0, own_wire_bytes());
        break;
      case RankOrder::Kind::report_weights:
        send_report(world_, 0, parts.at(model)->weights().linear_bytes());
        break;
      case RankOrder::Kind::report_all_reduces:
        ensure(false, "a replica counts its own all-reduces");
        break;
      case RankOrder::Kind::end:
        in_step_ = false;
        return;
    }
  }
}

}  // namespace inferbench
