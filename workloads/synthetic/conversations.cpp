#include "workloads/synthetic/conversations.hpp"

#include <algorithm>
#include <cmath>

#include "harness/base/error.hpp"
#include "harness/base/random.hpp"
#include "workloads/synthetic/weighted_index.hpp"

namespace inferbench {
namespace {

class Conversations final : public RequestStream {
 public:
  Conversations(ConversationShape shape, std::uint64_t seed)
      : shape_(std::move(shape)),
        input_(seed, "input"),
        output_(seed, "output"),
        pair_(seed, "lengths"),
        turns_(seed, "turns"),
        group_(seed, "prefix group"),
        priority_(seed, "priority"),
        group_blocks_(seed, "prefix blocks"),
        own_blocks_(seed, "own blocks"),
        partial_blocks_(seed, "partial blocks") {
    ensure(shape_.groups >= 1, "there is a prefix group");
    for (const auto& [priority, weight] : shape_.priorities) urgencies_.add(weight);
    const RandomStream lengths(seed, "prefix");
    for (std::int64_t k = 0; shape_.prefix != nullptr && k < shape_.groups; ++k) {
      RandomStream random = lengths.at(static_cast<std::uint64_t>(k));
      prefix_tokens_.push_back(shape_.prefix->sample(random));
      popularity_.add(std::pow(static_cast<double>(k + 1), -shape_.skew));
    }
  }

  Tokens block_tokens() const override { return shape_.block_tokens; }

  bool next(Request& request) override {
    if (turn_ == turn_count_) begin_conversation();
    request.id = RequestId(count_++);
    request.session = SessionId(first_id_);
    request.arrival = Time{};
    request.max_output = Tokens(0);
    request.priority = conversation_priority_;
    const auto [asked, answered] = draw_lengths();
    request.input = Tokens(history_ + asked);
    request.output = Tokens(answered);
    set_blocks(request);
    history_ += asked + answered;
    ++turn_;
    return true;
  }

 private:
  void begin_conversation() {
    ++conversation_;
    first_id_ = count_;
    turn_ = 0;
    turn_count_ = 1;
    prefix_ = 0;
    if (shape_.turns != nullptr) {
      RandomStream random = turns_.at(conversation_);
      turn_count_ = static_cast<std::uint64_t>(shape_.turns->sample(random));
    }
    if (shape_.prefix != nullptr) {
      RandomStream random = group_.at(conversation_);
      group_index_ = popularity_.sample(random);
      prefix_ = prefix_tokens_[group_index_];
    }
    history_ = prefix_;
    if (!shape_.priorities.empty()) {
      RandomStream random = priority_.at(conversation_);
      conversation_priority_ = shape_.priorities[urgencies_.sample(random)].first;
    }
  }

  std::pair<std::int64_t, std::int64_t> draw_lengths() const {
    if (!shape_.pairs.empty()) {
      RandomStream random = pair_.at(conversation_).at(turn_);
      const auto& [input, output] = shape_.pairs[random.below(shape_.pairs.size())];
      return {input.count(), output.count()};
    }
    RandomStream input = input_.at(conversation_).at(turn_);
    RandomStream output = output_.at(conversation_).at(turn_);
    return {shape_.input->sample(input), shape_.output->sample(output)};
  }

  void set_blocks(Request& request) const {
    request.prefix_blocks.clear();
    const std::int64_t size = shape_.block_tokens.count();
    if (size == 0) return;
    const std::int64_t input = request.input.count();
    const RandomStream group = group_blocks_.at(group_index_);
    const RandomStream own = own_blocks_.at(conversation_);
    for (std::int64_t begin = 0; begin < input; begin += size) {
      const auto k = static_cast<std::uint64_t>(begin / size);
      const std::int64_t end = begin + size;
      RandomStream hash = end <= prefix_ ? group.at(k)
                          : end <= input ? own.at(k)
                                         : partial_blocks_.at(conversation_).at(turn_);
      request.prefix_blocks.push_back(hash.bits());
    }
  }

  ConversationShape shape_;
  RandomStream input_, output_, pair_, turns_, group_, priority_;
  RandomStream group_blocks_, own_blocks_, partial_blocks_;
  std::vector<std::int64_t> prefix_tokens_;  // by group
  WeightedIndex popularity_;                 // of the groups
  WeightedIndex urgencies_;                  // of the priorities
  std::int32_t conversation_priority_ = 0;
  std::uint64_t count_ = 0;                         // requests made
  std::uint64_t conversation_ = ~std::uint64_t{0};  // the first one is 0
  std::uint64_t turn_ = 0, turn_count_ = 0, first_id_ = 0;
  std::size_t group_index_ = 0;
  std::int64_t prefix_ = 0, history_ = 0;
};

}  // namespace

std::unique_ptr<RequestStream> generate_conversations(ConversationShape shape, std::uint64_t seed) {
  return std::make_unique<Conversations>(std::move(shape), seed);
}

}  // namespace inferbench
