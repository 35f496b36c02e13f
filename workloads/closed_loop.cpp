#include "workloads/closed_loop.hpp"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "harness/base/error.hpp"
#include "workloads/stages.hpp"

namespace inferbench {
namespace {

class Grouped final : public RequestStream {
 public:
  explicit Grouped(std::unique_ptr<RequestStream> stream) : stream_(std::move(stream)) {
    std::unordered_map<std::uint32_t, std::size_t> conversation_of;
    std::vector<std::pair<std::size_t, Request>> requests;
    Request request;
    while (stream_->next(request)) {
      const std::size_t next = conversation_of.size();
      const auto found = conversation_of.try_emplace(request.session.value, next).first;
      requests.emplace_back(found->second, request);
    }
    std::stable_sort(requests.begin(), requests.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    for (auto& [conversation, turn] : requests) requests_.push_back(std::move(turn));
  }

  bool next(Request& request) override {
    if (next_ == requests_.size()) return false;
    request = std::move(requests_[next_]);
    request.id = RequestId(next_++);
    return true;
  }
  Tokens block_tokens() const override { return stream_->block_tokens(); }
  std::vector<std::string> notes() const override { return stream_->notes(); }

 private:
  std::unique_ptr<RequestStream> stream_;
  std::vector<Request> requests_;
  std::size_t next_ = 0;
};

}  // namespace

std::unique_ptr<RequestStream> grouped(std::unique_ptr<RequestStream> stream) {
  return std::make_unique<Grouped>(std::move(stream));
}

ClosedLoopSource::ClosedLoopSource(std::unique_ptr<RequestStream> stream, std::int64_t users,
                                   ThinkTime think_time, std::uint64_t seed, WorkloadInfo info)
    : stream_(std::move(stream)),
      think_time_(think_time),
      random_(seed, "think time"),
      info_(std::move(info)),
      has_ahead_(stream_->next(ahead_)) {
  ensure(users >= 1, "a closed loop has a user");
  // More users than requests would only wait.
  for (std::int64_t user = 0; user < users && has_ahead_; ++user) {
    users_.emplace_back();
    make_due(users_.size() - 1, Time{});
  }
}

void ClosedLoopSource::take_conversation(User& user) {
  const SessionId session = ahead_.session;
  while (has_ahead_ && ahead_.session == session) {
    user.turns.push_back(std::move(ahead_));
    ahead_ = Request{};
    has_ahead_ = stream_->next(ahead_);
  }
  std::reverse(user.turns.begin(), user.turns.end());
}

void ClosedLoopSource::make_due(std::size_t user, Time when) {
  if (users_[user].turns.empty()) take_conversation(users_[user]);
  if (!users_[user].turns.empty()) due_.push({when, user});
}

Time ClosedLoopSource::next_arrival() const {
  return due_.empty() ? kNever : due_.top().time;
}

Request ClosedLoopSource::pop() {
  ensure(!due_.empty(), "pop() follows a next_arrival() that is not kNever");
  const Due due = due_.top();
  due_.pop();
  User& user = users_[due.user];
  Request request = std::move(user.turns.back());
  user.turns.pop_back();
  request.id = RequestId(popped_++);
  request.arrival = due.time;
  asking_.emplace(request.id, due.user);
  return request;
}

void ClosedLoopSource::ended(const Request& request, Time when) {
  const auto found = asking_.find(request.id);
  ensure(found != asking_.end(), "a request that ended was popped before, and ends once");
  const std::size_t user = found->second;
  asking_.erase(found);
  make_due(user, when + think(think_time_, random_, request.id.value));
}

}  // namespace inferbench
