#include "harness/replay/request_record.hpp"

namespace inferbench {

std::string_view name(Outcome outcome) {
  switch (outcome) {
    case Outcome::completed:
      return "completed";
    case Outcome::rejected:
      return "rejected";
    case Outcome::cancelled:
      return "cancelled";
    case Outcome::failed:
      return "failed";
    case Outcome::unfinished:
      break;
  }
  return "unfinished";
}

std::string_view name(Reason reason) {
  switch (reason) {
    case Reason::cut:
      return "cut";
    case Reason::too_long:
      return "too_long";
    case Reason::overloaded:
      return "overloaded";
    case Reason::no_replica:
      return "no_replica";
    case Reason::ttft_timeout:
      return "ttft_timeout";
    case Reason::total_timeout:
      return "total_timeout";
    case Reason::replica_failed:
      return "replica_failed";
    case Reason::none:
      break;
  }
  return "none";
}

}  // namespace inferbench
