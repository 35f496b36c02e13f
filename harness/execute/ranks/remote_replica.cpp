#include "harness/execute/ranks/remote_replica.hpp"

#include "harness/base/error.hpp"
#include "harness/execute/ranks/rank_orders.hpp"

namespace inferbench {

class RemoteReplica::Model final : public RankedModel {
 public:
  Model(RemoteReplica& replica, const ModelPlan& plan, std::int64_t index)
      : replica_(replica), plan_(plan), index_(index) {}

  void forward(const TokenBatch& batch, std::span<float> logits) override {
    replica_.in_step_ = true;
    Communicator& world = replica_.world_;
    send_batch(world, {&replica_.leader_, 1}, index_, batch);
    world.await_message(replica_.leader_);
    world.receive(replica_.leader_, std::as_writable_bytes(std::span(&times_, 1)));
    world.receive(replica_.leader_, std::as_writable_bytes(logits));
    replica_.in_step_ = false;
  }
  std::int64_t vocab() const override { return plan_.shape.vocab; }
  std::int64_t kv_blocks() const override { return plan_.kv_blocks; }
  std::int64_t block_tokens() const override { return plan_.block_tokens(); }
  KernelTimes times() const override { return times_; }
  void trace(KernelSpans*) override {}  // kernels of other processes are not shown
  std::size_t weight_bytes() const override {
    return replica_.ask({.kind = RankOrder::Kind::report_weights, .model = index_});
  }
  std::int64_t all_reduces() const override {
    return static_cast<std::int64_t>(
        replica_.ask({.kind = RankOrder::Kind::report_all_reduces, .model = index_}));
  }

 private:
  RemoteReplica& replica_;
  ModelPlan plan_;
  std::int64_t index_;
  KernelTimes times_;
};

RemoteReplica::RemoteReplica(Communicator& world, int leader, int ranks, unsigned threads)
    : world_(world), leader_(leader), ranks_(ranks), team_(threads) {}

RemoteReplica::~RemoteReplica() {
  send_order(world_, leader_, {.kind = RankOrder::Kind::end});
}

std::unique_ptr<RankedModel> RemoteReplica::build(const ModelPlan& plan) {
  send_order(world_, leader_,
             {.kind = RankOrder::Kind::build, .model = models_, .kv_blocks = plan.kv_blocks});
  return std::make_unique<Model>(*this, plan, models_++);
}

std::uint64_t RemoteReplica::ask(const RankOrder& order) {
  send_order(world_, leader_, order);
  return receive_report(world_, leader_);
}

std::uint64_t RemoteReplica::wire_bytes() {
  return ask({.kind = RankOrder::Kind::report_bytes});
}

namespace {

void compute_step(Communicator& world, RankedModel& model, const RankOrder& order,
                  std::vector<float>& logits) {
  const ReceivedBatch batch(world, 0, order);
  logits.resize(static_cast<std::size_t>(order.logit_rows * model.vocab()));
  model.forward(batch.batch(), logits);
  const KernelTimes times = model.times();
  world.send(0, std::as_bytes(std::span(&times, 1)));
  world.send(0, std::as_bytes(std::span(logits)));
}

}  // namespace

void lead_replica(Communicator& world, RankGroup& ranks, const std::vector<ModelPlan>& plans) {
  std::vector<std::unique_ptr<RankedModel>> models;
  std::vector<float> logits;
  while (true) {
    const RankOrder next = receive_order(world, 0);
    const auto model = static_cast<std::size_t>(next.model);
    switch (next.kind) {
      case RankOrder::Kind::build: {
        ensure(model == models.size() && model < plans.size(), "models are built in their order");
        ModelPlan plan = plans[model];
        plan.kv_blocks = next.kv_blocks;
        models.push_back(ranks.build(plan));
        break;
      }
      case RankOrder::Kind::forward:
        compute_step(world, *models.at(model), next, logits);
        break;
      case RankOrder::Kind::report_bytes:
        send_report(world, 0, ranks.wire_bytes());
        break;
      case RankOrder::Kind::report_weights:
        send_report(world, 0, models.at(model)->weight_bytes());
        break;
      case RankOrder::Kind::report_all_reduces:
        send_report(world, 0, static_cast<std::uint64_t>(models.at(model)->all_reduces()));
        break;
      case RankOrder::Kind::end:
        return;
    }
  }
}

}  // namespace inferbench
