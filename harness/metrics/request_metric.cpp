#include "harness/metrics/request_metric.hpp"

#include <array>

namespace inferbench {

std::span<const RequestMetric> request_metrics() {
  static const std::array metrics = {kTtft,       kTpot,         kE2e,         kTpsUser,
                                     kTtst,       kQueueEngine,  kQueueClient, kNtpot,
                                     kTpsUserE2e, kTtftFromSend, kE2eFromSend, kTpotInclFirst};
  return metrics;
}

}  // namespace inferbench
