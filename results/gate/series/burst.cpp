#include "results/gate/series/burst.hpp"

namespace inferbench {

Request EvenRequests::pop() {
  constexpr std::uint64_t kShared = 4;
  Request request;
  request.arrival = next_arrival();
  const auto id = static_cast<std::uint64_t>(next_++);
  request.id = RequestId(id);
  request.session = SessionId(id / 4);
  request.input = input_ + Tokens(static_cast<std::int64_t>(id * 7 % 16));
  request.output = request.max_output = output_ + Tokens(static_cast<std::int64_t>(id * 5 % 8));
  const auto blocks = static_cast<std::uint64_t>(request.input.count() / kBurstHashTokens.count());
  for (std::uint64_t block = 0; block < blocks; ++block) {
    request.prefix_blocks.push_back(block < kShared ? block : (id + 1) << 20 | block);
  }
  return request;
}

}  // namespace inferbench
