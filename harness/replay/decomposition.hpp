#pragma once

#include <cstdint>
#include <deque>
#include <span>
#include <vector>

#include "harness/replay/step_observer.hpp"
#include "harness/replay/time_parts.hpp"
#include "harness/schedule/slots.hpp"

namespace inferbench {

// Says of each request what its time to the first and to the last token went to: RequestRecord::
// parts, to the nanosecond.
//
// A request's stay at a replica is a row of stretches: from the end of the step it was in last to
// the begin of the next one, and that step. Of the step's time, split by kind of work (step_parts),
// others' prompt chunks are interference: by their share of the positions computed, of attention by
// their share of the scores. A prompt chunk also counts the decodes beside it as interference; a
// decode shares its step with the other decodes and calls that its own. Host time and KV transfers
// are of whoever is in the step. This is how the work divides, not how much faster the step would
// be without the others.
//
// Works with strides: a run of repeated decodes costs its steps and its requests, not their
// product.
class Decomposition final : public StepObserver {
 public:
  void queued(std::int32_t replica, const Request& request, Time now) override;
  void began(const Begun& step) override;
  void ended(std::int32_t replica, std::span<const Emission> emissions, Time now) override;
  void repeated(std::int32_t replica, std::span<const Time> ends,
                std::span<const StepTiming> repetitions) override;
  void lost(std::int32_t replica, Time now) override;
  void left(std::int32_t replica, RequestRecord& record) override;

 private:
  struct Open {
    RequestId id{};
    Time until{};          // accounted for
    Duration busy_then{};  // Lane::busy at that time
    bool waits = true;     // has no KV blocks: not yet, or no longer
    bool began = false;    // a token of this stay is visible
    TimeParts pending;     // since its last token
    RequestParts done;
  };
  // Positions computed and scores of attention.
  struct Work {
    double positions = 0, scores = 0;
    Work& operator+=(const Work& o) {
      positions += o.positions, scores += o.scores;
      return *this;
    }
  };
  struct Item {
    RequestId request{};
    std::uint32_t slot = 0;
    bool decode = false;
    Work work;
  };
  struct Step {
    Time begin{};
    Duration busy_then{};
    bool behind = false;  // another step was in flight when it began
    StepTiming timing;
    std::vector<Item> items;
    Work prompts, decodes;  // of all items
  };
  // One replica.
  struct Lane {
    Slots<Open> open;
    std::deque<Step> steps;  // in flight, oldest first
    std::vector<Step> spare;
    Duration busy{};  // time with a step in flight, up to `busy_until` or the present one
    Time busy_since{};

    Duration busy_at(Time now) const { return steps.empty() ? busy : busy + (now - busy_since); }
  };

  Lane& lane(std::int32_t replica);
  static Work work_of(const BatchItem& item);
  static TimeParts share_of(const Item& item, const Step& step, const TimeParts& whole);
  static void account(Open& request, const Item& item, const Step& step, Time now);
  static void show(Open& request);
  static void retire(Lane& at, Time now);
  template <class Visit>
  static void for_each_present(Lane& at, const Step& step, Visit visit);

  std::vector<Lane> lanes_;
};

}  // namespace inferbench
