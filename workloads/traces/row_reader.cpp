#include "workloads/traces/row_reader.hpp"

#include <limits>

#include "harness/base/text_table.hpp"

namespace inferbench {

bool RowReader::next(Request& request) {
  for (;;) {
    request.id = RequestId(rows_);
    request.session = SessionId(rows_);
    request.max_output = Tokens(0);
    request.priority = 0;
    request.prefix_blocks.clear();
    try {
      if (!read_row(request)) break;
    } catch (const RowError& error) {
      if (!options_.skip_invalid) throw;
      if (++invalid_ == 1) first_invalid_ = error.place() + ": " + error.problem();
      continue;
    }
    if (++rows_ == std::numeric_limits<std::uint32_t>::max()) {
      throw Error(place(), "more than 4,294,967,294 rows", "expected fewer",
                  "--requests takes the first ones");
    }
    return true;
  }
  if (rows_ == 0) {
    std::string skipped;
    for (const std::string& note : notes()) skipped += "; " + note;
    throw Error(name_, "has no usable rows" + skipped, "expected at least one request");
  }
  return false;
}

std::vector<std::string> RowReader::notes() const {
  if (invalid_ == 0) return {};
  return {"skipped " + with_commas(static_cast<long long>(invalid_)) +
          " invalid rows; the first: " + first_invalid_};
}

TurnLengths RowReader::require_turns() const {
  if (options_.turns) return *options_.turns;
  throw Error(place(), "a row of a conversation with several turns",
              "what its lengths count must be said, a wrong guess doubles the history",
              "--turns cumulative (input length includes the history), incremental (only the new "
              "message) or first (use first turns only)");
}

bool trim_prefix_blocks(Request& request, Tokens block_tokens) {
  const std::int64_t size = block_tokens.count();
  const auto room = static_cast<std::size_t>((request.input.count() + size - 1) / size);
  if (request.prefix_blocks.size() <= room) return false;
  request.prefix_blocks.resize(room);
  return true;
}

}  // namespace inferbench
