// A request's way through a fleet: from its arrival, over replicas, links and its client's
// patience, to its one outcome.

#include <algorithm>
#include <utility>

#include "harness/base/error.hpp"
#include "harness/replay/fleet.hpp"

namespace inferbench {
namespace {

enum Timeout : std::uint32_t { first_token, whole_answer };

// What an earlier replica did for the request goes on counting.
void absorb(Journey& journey, const RequestRecord& record) {
  add_stay(journey.parts, record.parts, !journey.tokens.empty());
  for (const Time time : record.token_times) journey.tokens.push_back(time);
  if (!journey.admitted) journey.admitted = record.admitted;
  journey.preemptions += record.preemptions;
}

bool may_be_retried(const RequestRecord& record) {
  if (record.outcome == Outcome::rejected) return record.reason != Reason::too_long;
  return record.outcome == Outcome::cancelled || record.outcome == Outcome::failed;
}

}  // namespace

Journey* Fleet::find(RequestId request) {
  const std::uint32_t slot = journeys_.find(request);
  return slot == IdTable::kAbsent ? nullptr : &journeys_[slot];
}

void Fleet::arrive(Request request, Time now) {
  const std::uint32_t slot = journeys_.open(request.id, {.id = request.id,
                                                         .own = request.id,
                                                         .input = request.input,
                                                         .output = request.output,
                                                         .max_output = request.max_output,
                                                         .issued = now});
  Journey& journey = journeys_[slot];
  watch(journey, request.arrival);
  enter(journey, std::move(request), now);
  settle(now);
}

void Fleet::enter(Journey& journey, Request request, Time now) {
  journey.at = Journey::At::replica;
  ++open_;
  if (options_.longest && request.input + request.max_output > *options_.longest) {
    return refuse(journey, std::move(request), Outcome::rejected, Reason::too_long, now);
  }
  if ((options_.most_open && open_ > *options_.most_open) || !entry_.takes_requests()) {
    ++activity_.refused;
    const Reason reason = entry_.serves() ? Reason::overloaded : Reason::no_replica;
    return refuse(journey, std::move(request), Outcome::rejected, reason, now);
  }
  to_replica(journey, std::move(request), now);
}

void Fleet::to_replica(Journey& journey, Request request, Time now) {
  ask_for_the_rest(journey, request);
  if (decode_) request.output = request.max_output = Tokens(1);  // the others are decoded elsewhere
  journey.at = Journey::At::replica;
  journey.decoding = false;
  journey.replica = entry_.route(request);
  entry_.submit(journey.replica, std::move(request), ReplicaPool::Arrives::with_prompt, now, raw_);
}

// Settling can lead to the next replica, which may have something to settle in turn.
void Fleet::settle(Time now) {
  for (std::size_t i = 0; i < raw_.size(); ++i) {
    Ended ended = std::move(raw_[i]);
    settle(std::move(ended), now);
  }
  raw_.clear();
}

void Fleet::settle(Ended ended, Time now) {
  Journey& journey = *find(ended.request.id);
  const RequestRecord& record = ended.record;
  const auto tokens = static_cast<std::int64_t>(journey.tokens.size() + record.token_times.size());
  if (record.outcome == Outcome::completed && Tokens(tokens) < journey.output) {
    absorb(journey, record);
    journey.prefill_replica = record.replica;
    return send_kv(journey, std::move(ended.request), now);
  }
  if (record.outcome == Outcome::failed && options_.on_failure == OnFailure::reroute) {
    return reroute(journey, std::move(ended), now);
  }
  // What has outgrown the pool that it came back to was lost with its replica.
  if (record.outcome == Outcome::rejected && journey.reroutes > 0) {
    ended.record.outcome = Outcome::failed;
    ended.record.reason = Reason::replica_failed;
  }
  if (!retry(journey, ended, now)) close(journey, std::move(ended));
}

void Fleet::send_kv(Journey& journey, Request request, Time now) {
  const Time arrival = links_.send(journey.replica, request.input, now);
  // The first token of this prompt comes with the KV.
  const Tokens before(static_cast<std::int64_t>(journey.tokens.size()) - 1);
  request.output = journey.output - before;
  request.max_output = journey.max_output - before;
  journey.at = Journey::At::link;
  journey.parked = std::move(request);
  transfers_.add({.at = arrival, .request = journey.id, .tag = ++journey.hops});
}

// The decode replica is chosen when the KV is there: what is on the way would be no load to see.
void Fleet::kv_arrived(const Appointment& transfer, Time now) {
  Journey* journey = find(transfer.request);
  if (journey == nullptr || journey->hops != transfer.tag) return;
  Request request = std::move(*journey->parked);
  journey->parked.reset();
  if (!decode_->takes_requests()) {
    refuse(*journey, std::move(request), Outcome::failed, Reason::no_replica, now);
    return settle(now);
  }
  journey->at = Journey::At::replica;
  journey->decoding = true;
  journey->replica = decode_->route(request);
  decode_->submit(journey->replica, std::move(request), ReplicaPool::Arrives::with_kv, now, raw_);
  settle(now);
}

void Fleet::reroute(Journey& journey, Ended ended, Time now) {
  absorb(journey, ended.record);
  if (!entry_.takes_requests()) {
    const Reason reason = entry_.serves() ? Reason::overloaded : Reason::no_replica;
    return refuse(journey, std::move(ended.request), Outcome::failed, reason, now);
  }
  ++journey.reroutes;
  ++activity_.rerouted;
  to_replica(journey, std::move(ended.request), now);
}

// From the start, under an id of its own: a scheduler may have a step in flight for the old one.
bool Fleet::retry(Journey& journey, Ended& ended, Time now) {
  if (!may_be_retried(ended.record) || journey.attempts > options_.clients.retries) return false;
  Journey again = std::move(journey);
  journeys_.close(again.id, journeys_.find(again.id));
  again.preemptions += ended.record.preemptions;
  again.tokens.clear();
  again.parts.reset();
  again.admitted.reset();
  again.prefill_replica.reset();
  const RequestId before = again.id;
  again.id = RequestId(~next_retry_++);
  if (options_.observer != nullptr) options_.observer->renamed(before, again.id);
  again.at = Journey::At::client;
  again.parked = std::move(ended.request);
  again.parked->id = again.id;
  --open_;
  ++activity_.retried;
  const std::int32_t doublings = std::min(again.attempts++ - 1, 20);
  retries_.add({.at = now + options_.clients.backoff * (std::int64_t{1} << doublings),
                .request = again.id,
                .tag = ++again.hops});
  const RequestId id = again.id;
  journeys_.open(id, std::move(again));
  return true;
}

void Fleet::ask_again(const Appointment& retry, Time now) {
  Journey* journey = find(retry.request);
  ensure(journey != nullptr && journey->hops == retry.tag, "who waits to ask again does not move");
  Request request = std::move(*journey->parked);
  journey->parked.reset();
  ask_for_the_rest(*journey, request);
  watch(*journey, now);
  enter(*journey, std::move(request), now);
  settle(now);
}

void Fleet::watch(const Journey& journey, Time asked) {
  const ClientOptions& clients = options_.clients;
  if (clients.ttft_timeout) {
    timeouts_.add({asked + *clients.ttft_timeout, journey.id, Timeout::first_token});
  }
  if (clients.total_timeout) {
    timeouts_.add({asked + *clients.total_timeout, journey.id, Timeout::whole_answer});
  }
}

// What becomes visible at the very end of the time is in time.
void Fleet::give_up(const Appointment& timeout, Time now) {
  Journey* journey = find(timeout.request);
  if (journey == nullptr || journey->at == Journey::At::client) return;
  const bool at_replica = journey->at == Journey::At::replica;
  ReplicaPool& holder = pool(journey->decoding);
  if (timeout.tag == Timeout::first_token &&
      (!journey->tokens.empty() || (at_replica && holder.began(journey->replica, journey->id)))) {
    return;
  }
  ++activity_.timed_out;
  const Reason reason =
      timeout.tag == Timeout::first_token ? Reason::ttft_timeout : Reason::total_timeout;
  if (at_replica) {
    holder.cancel(journey->replica, journey->id, reason, now, raw_);
  } else {
    refuse(*journey, std::move(*journey->parked), Outcome::cancelled, reason, now);
  }
  settle(now);
}

// Ends a request that no replica has.
void Fleet::refuse(Journey& journey, Request request, Outcome outcome, Reason reason, Time now) {
  RequestRecord record;
  record.session = request.session;
  record.scheduled = request.arrival;
  record.outcome = outcome;
  record.reason = reason;
  record.ended = now;
  record.replica = journey.prefill_replica.value_or(0);
  Ended ended{.request = std::move(request), .record = std::move(record)};
  if (!retry(journey, ended, now)) close(journey, std::move(ended));
}

void Fleet::close(Journey& journey, Ended ended) {
  RequestRecord& record = ended.record;
  record.id = ended.request.id = journey.own;
  record.input = ended.request.input = journey.input;
  record.output = ended.request.output = journey.output;
  ended.request.max_output = journey.max_output;
  record.issued = journey.issued;
  if (journey.admitted) record.admitted = journey.admitted;
  record.preemptions += journey.preemptions;
  record.attempts = journey.attempts;
  record.reroutes = journey.reroutes;
  record.prefill_replica = journey.prefill_replica;
  if (journey.parts != nullptr) {
    add_stay(journey.parts, record.parts, !journey.tokens.empty());
    record.parts = std::move(journey.parts);
  }
  if (!journey.tokens.empty()) record.token_times.prepend(std::move(journey.tokens));
  if (journey.at != Journey::At::client) --open_;
  journeys_.close(journey.id, journeys_.find(journey.id));
  ended_.fresh().push_back(std::move(ended));
}

}  // namespace inferbench
