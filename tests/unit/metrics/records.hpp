#pragma once

#include <cstdint>
#include <vector>

#include "harness/replay/request_record.hpp"

// Records made by hand for tests of metrics.
namespace inferbench::testing_support {

// A completed request: due at `scheduled`, handed over at once, its tokens visible at `tokens`.
inline RequestRecord answered(std::uint64_t id, Duration scheduled,
                              const std::vector<Duration>& tokens, std::int64_t input = 100) {
  RequestRecord record;
  record.id = RequestId(id);
  record.outcome = Outcome::completed;
  record.input = Tokens(input);
  record.output = Tokens(static_cast<std::int64_t>(tokens.size()));
  record.scheduled = record.issued = Time(scheduled);
  record.admitted = record.issued;
  for (const Duration token : tokens) record.token_times.push_back(Time(token));
  record.ended = record.token_times.back();
  return record;
}

inline RequestRecord without_answer(std::uint64_t id, Outcome outcome, Duration scheduled,
                                    Duration ended) {
  RequestRecord record;
  record.id = RequestId(id);
  record.outcome = outcome;
  record.input = Tokens(100);
  record.output = Tokens(10);
  record.scheduled = record.issued = Time(scheduled);
  record.ended = Time(ended);
  return record;
}

// `n` requests, one every `gap`, each with a first token after `ttft` and `tokens` tokens `tpot`
// apart.
inline std::vector<RequestRecord> regular(std::size_t n, Duration gap, Duration ttft, Duration tpot,
                                          std::size_t tokens) {
  std::vector<RequestRecord> records;
  for (std::size_t i = 0; i < n; ++i) {
    const Duration due = gap * static_cast<Duration::rep>(i);
    std::vector<Duration> times;
    for (std::size_t k = 0; k < tokens; ++k) {
      times.push_back(due + ttft + tpot * static_cast<Duration::rep>(k));
    }
    records.push_back(answered(i, due, times));
  }
  return records;
}

}  // namespace inferbench::testing_support
