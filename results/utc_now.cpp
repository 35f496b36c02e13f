#include "results/utc_now.hpp"

#include <chrono>

#include "results/provenance.hpp"

namespace inferbench {

std::string utc_now() {
  using namespace std::chrono;
  return utc_text(duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count());
}

}  // namespace inferbench
