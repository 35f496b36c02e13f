#include "harness/execute/ranks/process_ranks.hpp"

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

}  // namespace

// The leading process's handle of a model that all have.
class ProcessRanks::Model final : public RankedModel {
 public:
  Model(ProcessRanks& ranks, const ModelPlan& plan, std::int64_t index)
      : ranks_(ranks), plan_(plan), index_(index), part_(plan, ranks.world_, ranks.team_) {}

  void forward(const TokenBatch& batch, std::span<float> logits) override {
    ranks_.in_step_ = true;
    ranks_.send_batch(index_, batch);
    part_.forward(batch, logits);
    ranks_.in_step_ = false;
  }
  std::int64_t vocab() const override { return plan_.shape.vocab; }
  std::int64_t kv_blocks() const override { return plan_.kv_blocks; }
  KernelTimes times() const override { return part_.times(); }
  void trace(KernelSpans* spans) override { part_.trace(spans); }
  std::size_t weight_bytes() const override {
    return ranks_.sum_of_reports(Order::report_weights, index_, part_.weights().linear_bytes());
  }
  std::int64_t all_reduces() const override { return part_.decoder().all_reduces(); }

 private:
  ProcessRanks& ranks_;
  ModelPlan plan_;
  std::int64_t index_;
  RankPart part_;
};

ProcessRanks::ProcessRanks(Communicator& world, unsigned threads) : world_(world), team_(threads) {}

ProcessRanks::~ProcessRanks() {
  if (leads()) announce({.order = Order::end});
}

void ProcessRanks::announce(const Announcement& announcement, ByteView payload) {
  static_assert(std::is_trivially_copyable_v<Announcement>);
  for (int rank = 1; rank < size(); ++rank) {
    world_.send(rank, std::as_bytes(std::span(&announcement, 1)));
    world_.send(rank, payload);
  }
}

void ProcessRanks::send_batch(std::int64_t model, const TokenBatch& batch) {
  const AttentionBatch& sequences = batch.sequences;
  payload_.clear();
  append(payload_, sequences.starts);
  append(payload_, sequences.context);
  append(payload_, batch.logit_rows);
  append(payload_, batch.rewriting);
  append(payload_, sequences.block_table);
  append(payload_, batch.tokens);
  announce({.order = Order::forward,
            .model = model,
            .tokens = sequences.tokens(),
            .sequences = sequences.sequences(),
            .max_blocks = sequences.max_blocks,
            .logit_rows = static_cast<std::int64_t>(batch.logit_rows.size()),
            .rewriting = static_cast<std::int64_t>(batch.rewriting.size())},
           payload_);
}

void ProcessRanks::compute_batch(const Announcement& a, RankPart& part) {
  const std::int64_t wide = a.sequences + 1 + a.sequences + a.logit_rows + a.rewriting;
  const std::int64_t narrow = a.sequences * a.max_blocks + a.tokens;
  payload_.resize(static_cast<std::size_t>(wide * 8 + narrow * 4));
  world_.receive(0, payload_);
  control_bytes_ += payload_.size();
  ByteView left = payload_;
  const auto starts = take<std::int64_t>(left, a.sequences + 1);
  const auto context = take<std::int64_t>(left, a.sequences);
  const auto logit_rows = take<std::int64_t>(left, a.logit_rows);
  const auto rewriting = take<std::int64_t>(left, a.rewriting);
  const auto table = take<std::int32_t>(left, a.sequences * a.max_blocks);
  const auto tokens = take<std::int32_t>(left, a.tokens);
  part.forward({.tokens = tokens,
                .sequences = {.starts = starts,
                              .context = context,
                              .block_table = table,
                              .max_blocks = a.max_blocks},
                .logit_rows = logit_rows,
                .rewriting = rewriting},
               {});
}

std::unique_ptr<RankedModel> ProcessRanks::build(const ModelPlan& plan) {
  announce({.order = Order::build, .model = models_, .kv_blocks = plan.kv_blocks});
  return std::make_unique<Model>(*this, plan, models_++);
}

std::uint64_t ProcessRanks::wire_bytes() {
  return sum_of_reports(Order::report_bytes, 0, own_wire_bytes());
}

std::uint64_t ProcessRanks::sum_of_reports(Order order, std::int64_t model, std::uint64_t own) {
  announce({.order = order, .model = model});
  for (int rank = 1; rank < size(); ++rank) {
    std::uint64_t reported = 0;
    world_.receive(rank, std::as_writable_bytes(std::span(&reported, 1)));
    control_bytes_ += sizeof reported;
    own += reported;
  }
  return own;
}

void ProcessRanks::report(std::uint64_t value) {
  world_.send(0, std::as_bytes(std::span(&value, 1)));
}

void ProcessRanks::follow(const std::vector<ModelPlan>& plans) {
  in_step_ = true;
  std::vector<std::unique_ptr<RankPart>> parts;
  while (true) {
    Announcement next;
    world_.receive(0, std::as_writable_bytes(std::span(&next, 1)));
    control_bytes_ += sizeof next;
    const auto model = static_cast<std::size_t>(next.model);
    switch (next.order) {
      case Order::build: {
        ensure(model == parts.size() && model < plans.size(), "models are built in their order");
        ModelPlan plan = plans[model];
        plan.kv_blocks = next.kv_blocks;
        parts.push_back(std::make_unique<RankPart>(plan, world_, team_));
        break;
      }
      case Order::forward:
        compute_batch(next, *parts.at(model));
        break;
      case Order::report_bytes:
        report(own_wire_bytes());
        break;
      case Order::report_weights:
        report(parts.at(model)->weights().linear_bytes());
        break;
      case Order::end:
        in_step_ = false;
        return;
    }
  }
}

}  // namespace inferbench
