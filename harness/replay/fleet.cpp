#include "harness/replay/fleet.hpp"

#include <algorithm>
#include <utility>

#include "harness/base/error.hpp"

namespace inferbench {
namespace {

std::size_t serving(std::size_t given, const std::vector<FleetMember>& members) {
  return given == 0 ? members.size() : given;
}

std::optional<ReplicaPool> decode_pool(const FleetOptions& options, std::size_t first) {
  if (!options.decode) return std::nullopt;
  const DecodePool& decode = *options.decode;
  return std::optional<ReplicaPool>(
      std::in_place, decode.members, *decode.router,
      ReplicaPoolOptions{.stages = decode.stages,
                         .serving = serving(decode.serving, decode.members),
                         .first_index = static_cast<std::int32_t>(first),
                         .observer = options.observer});
}

}  // namespace

Fleet::Fleet(const std::vector<FleetMember>& members, Router& router, Clock& clock,
             FleetOptions options)
    : entry_(members, router,
             {.stages = options.stages,
              .serving = serving(options.serving, members),
              .most_open_per_replica = options.most_open_per_replica,
              .observer = options.observer}),
      decode_(decode_pool(options, members.size())),
      links_(options.decode ? options.decode->link : KvLink{}, members.size()),
      clock_(clock),
      options_(std::move(options)) {
  if (options_.autoscaler) autoscaler_.emplace(*options_.autoscaler);
  ready_at_.emplace_back(members.size(), kNever);
  if (decode_) ready_at_.emplace_back(decode_->size(), kNever);
  for (const FleetEvent& event : options_.events) schedule(event);
  activity_.most_serving = entry_.serving();
  if (decode_) activity_.most_decoding = decode_->serving();
}

void Fleet::serve(RequestSource& source, RecordSink& sink) {
  while (true) {
    happen(clock_.now());
    admit_arrivals(source);
    ended_.hand_over(sink);
    const Time quiet = quiet_until(source.next_event());
    entry_.start_steps(clock_, quiet);
    if (decode_) decode_->start_steps(clock_, quiet);
    const Time next = next_event(source), cut = options_.cut.value_or(kNever);
    if (next == kNever && !computing()) return;
    if (next > cut && !(computing() && clock_.now() < cut)) break;
    clock_.sleep_until(std::min(next, cut));
  }
  cut(source, sink);
}

bool Fleet::computing() const {
  return entry_.computing() || (decode_ && decode_->computing());
}

// Tokens of this instant count before anything befalls who made them, and replicas come and go
// before requests do.
void Fleet::happen(Time now) {
  entry_.finish_steps(now, raw_);
  if (decode_) decode_->finish_steps(now, raw_);
  settle(now);
  while (!events_.empty() && events_.front().at <= now) {
    const FleetEvent event = events_.front();
    events_.pop_front();
    apply(event, now);
  }
  if (autoscaler_ && autoscaler_->next_look() <= now) autoscale(now);
  while (transfers_.next() <= now) kv_arrived(transfers_.pop(), now);
  while (timeouts_.next() <= now) give_up(timeouts_.pop(), now);
  while (retries_.next() <= now) ask_again(retries_.pop(), now);
}

void Fleet::admit_arrivals(RequestSource& source) {
  const Time now = clock_.now();
  ended_.tell(source, now);
  source.wake(now);
  while (source.next_arrival() <= now) {
    arrive(source.pop(), now);
    ended_.tell(source, now);
  }
}

// Replicas that come and go, and clients' patience, matter only as long as a request may yet be
// open.
Time Fleet::next_event(const RequestSource& source) const {
  Time next =
      std::min({entry_.next_event(), source.next_event(), transfers_.next(), retries_.next()});
  if (decode_) next = std::min(next, decode_->next_event());
  if (next == kNever) return kNever;
  if (!events_.empty()) next = std::min(next, events_.front().at);
  if (autoscaler_) next = std::min(next, autoscaler_->next_look());
  return std::min(next, timeouts_.next());
}

// A guess at when the next request comes to one replica: every n-th arrival does.
Time Fleet::quiet_until(Time next_arrival) const {
  const Time cut = options_.cut.value_or(kNever);
  if (next_arrival == kNever) return cut;
  const Duration gap = next_arrival - clock_.now();
  const auto replicas = static_cast<Duration::rep>(std::max<std::size_t>(entry_.serving(), 1));
  if (gap.count() > (kNever - clock_.now()).count() / replicas) return cut;
  return std::min(clock_.now() + gap * replicas, cut);
}

void Fleet::cut(RequestSource& source, RecordSink& sink) {
  clock_.sleep_until(*options_.cut);
  const Time now = clock_.now();
  entry_.cut(now, raw_);
  if (decode_) decode_->cut(now, raw_);
  settle(now);
  std::vector<RequestId> parked;
  journeys_.for_each([&](std::uint32_t slot) { parked.push_back(journeys_[slot].id); });
  for (const RequestId id : parked) {
    Journey& journey = *find(id);
    refuse(journey, std::move(*journey.parked), Outcome::unfinished, Reason::cut, now);
  }
  ended_.tell(source, now);
  ended_.hand_over(sink);
}

std::vector<ReplicaStats> Fleet::stats() const {
  std::vector<ReplicaStats> all;
  entry_.append_stats(all);
  if (decode_) decode_->append_stats(all);
  return all;
}

FleetActivity Fleet::activity() const {
  FleetActivity activity = activity_;
  activity.transfers = links_.stats();
  return activity;
}

}  // namespace inferbench
