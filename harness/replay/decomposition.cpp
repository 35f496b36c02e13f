#include "harness/replay/decomposition.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "harness/base/error.hpp"

namespace inferbench {
namespace {

// In slots of requests that left, as in Replica.
constexpr RequestId kGone(~std::uint32_t{0});

Duration rounded_share(Duration time, double by) {
  return std::min(time, Duration(std::llround(static_cast<double>(time.count()) * by)));
}

double share(double part, double whole) {
  return whole > 0 ? part / whole : 0;
}

}  // namespace

Decomposition::Lane& Decomposition::lane(std::int32_t replica) {
  const auto index = static_cast<std::size_t>(replica);
  if (index >= lanes_.size()) lanes_.resize(index + 1);
  return lanes_[index];
}

// A chunk's token attends to what is cached and to the chunk up to itself.
Decomposition::Work Decomposition::work_of(const BatchItem& item) {
  const auto positions = static_cast<double>((item.new_tokens + item.padding).count());
  return {positions, positions * (static_cast<double>(item.context.count()) + (positions + 1) / 2)};
}

void Decomposition::queued(std::int32_t replica, const Request& request, Time now) {
  Open open;
  open.id = request.id;
  open.until = now;
  lane(replica).open.open(request.id, open);
}

void Decomposition::began(const Begun& begun) {
  Lane& at = lane(begun.replica);
  for (const RequestId request : begun.plan.preempted) {
    const std::uint32_t slot = at.open.find(request);
    if (slot != IdTable::kAbsent) at.open[slot].waits = true;
  }
  Step step;
  if (!at.spare.empty()) {
    step = std::move(at.spare.back());
    at.spare.pop_back();
  }
  step.items.clear();
  step.prompts = step.decodes = {};
  step.begin = begun.begin;
  step.busy_then = at.busy_at(begun.begin);
  step.behind = !at.steps.empty();
  step.timing = begun.result.timing;
  for (const BatchItem& item : begun.plan.items) {
    const Work work = work_of(item);
    (item.decode ? step.decodes : step.prompts) += work;
    step.items.push_back({item.request, at.open.find(item.request), item.decode, work});
  }
  if (at.steps.empty()) at.busy_since = begun.begin;
  at.steps.push_back(std::move(step));
}

// The part of a step that is the item's own; the rest of `whole` is interference.
TimeParts Decomposition::share_of(const Item& item, const Step& step, const TimeParts& whole) {
  const Work& prompts = step.prompts;
  const Work& decodes = step.decodes;
  const Work& own = item.decode ? decodes : item.work;
  const double positions = share(own.positions, prompts.positions + decodes.positions);
  const double scores = share(own.scores, prompts.scores + decodes.scores);
  TimeParts out = whole;
  Duration others{};
  const auto take = [&](TimePart part, double kept) {
    const Duration all = out[part];
    out[part] = rounded_share(all, kept);
    others += all - out[part];
  };
  take(TimePart::attention, scores);
  for (const TimePart part :
       {TimePart::gemm, TimePart::moe, TimePart::elementwise, TimePart::collectives}) {
    take(part, positions);
  }
  out[TimePart::interference] += others;
  if (!item.decode) out.prefill = out.total() - out[TimePart::interference];
  return out;
}

void Decomposition::account(Open& request, const Item& item, const Step& step, Time now) {
  TimeParts& to = request.pending;
  if (request.until < step.begin) {
    const Duration waited = step.begin - request.until;
    if (request.waits) {
      to[TimePart::queue] += waited;
    } else {
      const Duration others = std::min(step.busy_then - request.busy_then, waited);
      to[TimePart::interference] += others;
      to[TimePart::gaps] += waited - others;
    }
    request.until = step.begin;
  }
  request.waits = false;
  const Duration inside = now - request.until;
  const Duration own = std::min(inside, step.timing.elapsed);
  // Beyond that it stood behind another step, or the harness came late to see its end.
  to[step.behind ? TimePart::interference : TimePart::gaps] += inside - own;
  to += share_of(item, step, step_parts(step.timing, own));
  request.until = now;
}

void Decomposition::show(Open& request) {
  (request.began ? request.done.answer : request.done.first_token) += request.pending;
  request.pending = {};
  request.began = true;
}

template <class Visit>
void Decomposition::for_each_present(Lane& at, const Step& step, Visit visit) {
  for (const Item& item : step.items) {
    if (item.slot == IdTable::kAbsent) continue;
    Open& request = at.open[item.slot];
    if (request.id == item.request) visit(request, item);
  }
}

void Decomposition::retire(Lane& at, Time now) {
  at.busy = at.busy_at(now);
  at.busy_since = now;
  at.spare.push_back(std::move(at.steps.front()));
  at.steps.pop_front();
}

void Decomposition::ended(std::int32_t replica, std::span<const Emission> emissions, Time now) {
  Lane& at = lane(replica);
  const Step& step = at.steps.front();
  const Duration busy = at.busy_at(now);
  for_each_present(at, step, [&](Open& request, const Item& item) {
    account(request, item, step, now);
    request.busy_then = busy;
  });
  for (const Emission& emission : emissions) {
    const std::uint32_t slot = at.open.find(emission.request);
    if (slot != IdTable::kAbsent) show(at.open[slot]);
  }
  retire(at, now);
}

void Decomposition::repeated(std::int32_t replica, std::span<const Time> ends,
                             std::span<const StepTiming> repetitions) {
  Lane& at = lane(replica);
  Step& step = at.steps.front();
  TimeParts sum;
  for (std::size_t k = 0; k + 1 < ends.size(); ++k) {
    sum += step_parts(repetitions[k], ends[k + 1] - ends[k]);
  }
  const Duration busy = at.busy_at(ends.back());
  for_each_present(at, step, [&](Open& request, const Item& item) {
    account(request, item, step, ends.front());
    show(request);
    request.done.answer += sum;
    request.until = ends.back();
    request.busy_then = busy;
  });
  step.begin = ends.back();
  step.busy_then = busy;
  step.timing = repetitions.back();
}

void Decomposition::lost(std::int32_t replica, Time now) {
  Lane& at = lane(replica);
  while (!at.steps.empty()) retire(at, now);
}

void Decomposition::left(std::int32_t replica, RequestRecord& record) {
  Lane& at = lane(replica);
  const std::uint32_t slot = at.open.find(record.id);
  if (slot == IdTable::kAbsent) return;
  record.parts = std::make_shared<RequestParts>(at.open[slot].done);
  at.open[slot].id = kGone;
  at.open.close(record.id, slot);
}

}  // namespace inferbench
