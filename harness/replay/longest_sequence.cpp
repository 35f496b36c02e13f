#include "harness/replay/longest_sequence.hpp"

#include <algorithm>

namespace inferbench {

Request LongestSequenceSource::pop() {
  Request request = source_.pop();
  const bool fits = request.input + request.output <= longest_;
  if (fits) request.max_output = std::min(request.max_output, longest_ - request.input);
  return request;
}

}  // namespace inferbench
