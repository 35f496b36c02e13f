#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <unordered_set>
#include <utility>
#include <vector>

#include "workloads/ideal_prefix.hpp"
#include "workloads/request.hpp"

namespace inferbench {

// Counts of whole numbers, one entry per different value: exact quantiles in little memory.
class LengthCountsOf {
 public:
  void add(std::int64_t value);
  std::uint64_t count() const { return count_; }
  double mean() const;
  double stddev() const;  // of the sample, n - 1
  std::int64_t min() const { return values_.begin()->first; }
  std::int64_t max() const { return values_.rbegin()->first; }
  // Nearest rank: the smallest value that at least `p` (0 to 1) of all values do not exceed.
  std::int64_t quantile(double p) const;
  const std::map<std::int64_t, std::uint64_t>& values() const { return values_; }

 private:
  std::map<std::int64_t, std::uint64_t> values_;
  std::uint64_t count_ = 0;
  double sum_ = 0;
};

// How irregular counts per time bin are: their variance / mean; 1 for Poisson arrivals. Bins begin
// at the first arrival; the last one, which the trace does not fill, is left out.
class DispersionOf {
 public:
  explicit DispersionOf(Duration bin) : bin_(bin) {}
  void add(Duration since_first);
  Duration bin() const { return bin_; }
  // Absent with fewer than 10 whole bins.
  std::optional<double> index() const;
  std::uint64_t peak() const { return peak_; }  // requests in the fullest bin

 private:
  void close(std::uint64_t count, std::uint64_t bins);

  Duration bin_;
  std::int64_t open_bin_ = 0;
  std::uint64_t open_count_ = 0, peak_ = 0, closed_ = 0;
  double sum_ = 0, squares_ = 0;
};

// What `inferbench workload describe` says, request by request; memory holds different lengths and,
// where requests have prefix blocks, different blocks, and one number per conversation.
class WorkloadStats {
 public:
  explicit WorkloadStats(Tokens block_tokens);
  void add(const Request& request);  // in order of arrival

  std::uint64_t requests() const { return input_.count(); }
  // Different sessions; equal to requests() when there are no conversations.
  std::uint64_t conversations() const { return sessions_.size(); }
  Duration span() const { return last_ - first_; }
  Time first() const { return first_; }
  // (requests - 1) / span: gaps, not fence posts. Absent when all arrive at once.
  std::optional<double> rate() const;
  // Standard deviation / mean of the gaps between arrivals; absent for fewer than 2 gaps.
  std::optional<double> gap_cv() const;
  std::uint64_t timestamps() const { return timestamps_; }  // different arrival times
  const LengthCountsOf& input() const { return input_; }
  const LengthCountsOf& output() const { return output_; }
  const std::vector<DispersionOf>& dispersion() const { return dispersion_; }  // 1 s, 10 s, 60 s
  // Absent when no request has prefix blocks.
  std::optional<IdealPrefixCache> ideal_prefix() const;

 private:
  LengthCountsOf input_, output_;
  std::vector<DispersionOf> dispersion_;
  IdealPrefixCache prefix_;
  std::unordered_set<std::uint32_t> sessions_;  // only counted, never walked
  Time first_{}, last_{};
  std::uint64_t timestamps_ = 0;
  double gap_mean_ = 0, gap_squares_ = 0;  // Welford's running mean and sum of squares, seconds
};

}  // namespace inferbench
