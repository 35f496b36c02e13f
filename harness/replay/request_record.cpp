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
    case Outcome::unfinished:
      break;
  }
  return "unfinished";
}

}  // namespace inferbench
