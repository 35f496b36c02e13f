#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <queue>
#include <vector>

#include "harness/base/random.hpp"
#include "workloads/request_source.hpp"
#include "workloads/request_stream.hpp"
#include "workloads/workload_options.hpp"

namespace inferbench {

// Users that each wait for their answer, think, and ask again. All begin at time 0. A user takes
// the next conversation of the stream and asks its turns one after the other; turn k + 1 is due
// when turn k has ended and the think time has passed. Then the next conversation, after a think
// time.
//
// The stream's arrivals are not used; the turns of a conversation must stand together (see
// grouped()). Holds one request per user and the turns read ahead for them.
class ClosedLoopSource final : public RequestSource {
 public:
  // `users` >= 1. Think time draws depend on (seed, id of the request that ended).
  ClosedLoopSource(std::unique_ptr<RequestStream> stream, std::int64_t users, ThinkTime think_time,
                   std::uint64_t seed, WorkloadInfo info);

  Time next_arrival() const override;
  Request pop() override;
  void ended(const Request& request, Time when) override;
  WorkloadInfo info() const override { return info_; }

 private:
  struct User {
    std::vector<Request> turns;  // left of its conversation, the next one last
  };
  struct Due {
    Time time{};
    std::size_t user = 0;
    // The greatest stands on top: the earliest time, ties to the lower user.
    bool operator<(const Due& o) const { return time != o.time ? time > o.time : user > o.user; }
  };

  void take_conversation(User& user);
  void make_due(std::size_t user, Time when);

  std::unique_ptr<RequestStream> stream_;
  ThinkTime think_time_;
  RandomStream random_;
  WorkloadInfo info_;
  std::vector<User> users_;
  std::priority_queue<Due> due_;             // users with a request to ask
  std::map<RequestId, std::size_t> asking_;  // open requests and their users
  Request ahead_;                            // first turn of the next conversation
  bool has_ahead_ = false;
  std::uint64_t popped_ = 0;
};

// The requests of `stream` with the turns of each conversation together, conversations in the order
// of their first turns. Holds all of them.
std::unique_ptr<RequestStream> grouped(std::unique_ptr<RequestStream> stream);

}  // namespace inferbench
