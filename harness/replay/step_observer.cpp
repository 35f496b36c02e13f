#include "harness/replay/step_observer.hpp"

#include <algorithm>

namespace inferbench {

bool StepObservers::every_step() const {
  return std::any_of(all_.begin(), all_.end(),
                     [](const StepObserver* one) { return one->every_step(); });
}

bool StepObservers::kernels() const {
  return std::any_of(all_.begin(), all_.end(),
                     [](const StepObserver* one) { return one->kernels(); });
}

void StepObservers::queued(std::int32_t replica, const Request& request, Time now) {
  for (StepObserver* one : all_) one->queued(replica, request, now);
}

void StepObservers::began(const Begun& step) {
  for (StepObserver* one : all_) one->began(step);
}

void StepObservers::ended(std::int32_t replica, std::span<const Emission> emissions, Time now) {
  for (StepObserver* one : all_) one->ended(replica, emissions, now);
}

void StepObservers::repeated(std::int32_t replica, std::span<const Time> ends,
                             std::span<const StepTiming> repetitions) {
  for (StepObserver* one : all_) one->repeated(replica, ends, repetitions);
}

void StepObservers::lost(std::int32_t replica, Time now) {
  for (StepObserver* one : all_) one->lost(replica, now);
}

void StepObservers::left(std::int32_t replica, RequestRecord& record) {
  for (StepObserver* one : all_) one->left(replica, record);
}

void StepObservers::renamed(RequestId before, RequestId now) {
  for (StepObserver* one : all_) one->renamed(before, now);
}

}  // namespace inferbench
