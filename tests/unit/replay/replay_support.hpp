#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "harness/base/random.hpp"
#include "harness/execute/fixed_cost_executor.hpp"
#include "harness/replay/engine.hpp"
#include "harness/replay/fleet.hpp"
#include "harness/replay/record_sinks.hpp"
#include "harness/schedule/registry.hpp"
#include "workloads/request_source.hpp"

// What tests of a replay share: small workloads and one call that runs them.
namespace inferbench::testing_support {

// An open loop over a list.
class ListSource final : public RequestSource {
 public:
  explicit ListSource(std::vector<Request> requests) : requests_(std::move(requests)) {}
  Time next_arrival() const override {
    return next_ < requests_.size() ? requests_[next_].arrival : kNever;
  }
  Request pop() override { return requests_[next_++]; }
  void ended(const Request& request, Time) override { ended_.push_back(request.id); }

  const std::vector<RequestId>& ended() const { return ended_; }

 private:
  std::vector<Request> requests_;
  std::size_t next_ = 0;
  std::vector<RequestId> ended_;
};

// `users` users; each asks again `think` after the answer, until the list is used up.
class UsersSource final : public RequestSource {
 public:
  UsersSource(std::vector<Request> requests, std::size_t users, Duration think = Duration(0));
  Time next_arrival() const override;
  Request pop() override;
  void ended(const Request& request, Time when) override;

 private:
  std::vector<Request> requests_;
  std::vector<Time> due_;  // ascending
  std::size_t next_ = 0;
  Duration think_;
};

// Makes requests of (arrival, input, output), ids in order.
struct Ask {
  Duration arrival{};
  std::int64_t input = 1, output = 1;
};
std::vector<Request> requests(const std::vector<Ask>& asks);

// `n` requests with random gaps and lengths up to the given ones.
std::vector<Request> random_requests(std::uint64_t seed, std::size_t n, std::int64_t longest_input,
                                     std::int64_t longest_output, Duration mean_gap);

// Random KV memory, every feature of it now and then, that goes together and with the blocks.
KvOptions random_kv(RandomStream& random, Tokens block_tokens);
// Block hashes of so many tokens, few different ones, so that prompts begin alike; and sessions.
void add_prefixes(std::vector<Request>& requests, RandomStream& random, Tokens hash_tokens);

// Prompt chunks cost by their tokens, decodes by their number: so that orders matter. Drafted
// tokens are accepted in a fixed pattern.
class TokenCostExecutor final : public Executor {
 public:
  explicit TokenCostExecutor(int stages = 1) : stages_(stages) {}
  StepResult run(const BatchPlan& plan) override;

 private:
  int stages_;
};

// Room for everything unless a test says otherwise.
SchedulerOptions roomy();

struct Replayed {
  std::vector<RequestRecord> records;  // by id
  std::vector<RequestId> order;        // in which records reached the sink
  std::vector<ReplicaStats> stats;     // by replica
};

struct ReplayOptions {
  std::string policy = "in_flight";
  SchedulerOptions scheduler = roomy();
  std::size_t replicas = 0;  // 0: an Engine; else a Fleet of so many
  std::string router = "least_loaded";
  std::optional<Time> cut;
  StepObserver* observer = nullptr;
};

Replayed replay(RequestSource& source, Executor& executor, const ReplayOptions& options = {});
Replayed replay(const std::vector<Request>& requests, Executor& executor,
                const ReplayOptions& options = {});
// Every step takes `stage` in each of the scheduler's pipeline stages.
Replayed replay(const std::vector<Request>& requests, Duration stage,
                const ReplayOptions& options = {});

}  // namespace inferbench::testing_support
