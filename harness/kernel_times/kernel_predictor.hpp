#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "harness/kernel_tables/table_builder.hpp"
#include "harness/kernel_times/series_model.hpp"

namespace inferbench {

// What an answer rests on; of answers put together the last one counts.
enum class KernelSource {
  measured,          // exactly this was measured
  interpolated,      // between points of this site
  held,              // beyond them: the utilisation of the boundary
  borrowed,          // other sites' utilisation
  other_framework,   // the same machine's times under another framework
  transferred,       // another machine's times, by the ratio of their roofs
  first_principles,  // 80 % of the roof and a floor; nothing was measured
};
inline constexpr std::size_t kKernelSources = 7;
std::string_view name(KernelSource source);  // "measured"

struct KernelAnswer {
  double ns = 0;
  double low_ns = 0, high_ns = 0;  // hold 90 of 100 such answers' truths, as far as tables tell
  KernelSource source = KernelSource::measured;
};

// One op at one site: everything that does not depend on the step is worked out.
class SiteTimes {
 public:
  SiteTimes(TimeCurve curve, KernelSource base, std::shared_ptr<const SeriesModel> series,
            std::size_t distance, std::string from);

  // x > 0; y where the op has one. See kernel_op_infos().
  KernelAnswer at(double x, double y = 0) const;
  // Of prefill_attention and mla_prefill: `new_tokens` after `cached` ones of each request, which
  // whole prompts tell of by their query-key pairs: (F^2 - p^2) / F^2 of F = cached + new_tokens.
  KernelAnswer chunk(double requests, double new_tokens, double cached) const;

  KernelSource base() const { return base_; }
  const std::string& from() const { return from_; }  // "h100 trtllm 1.3.0rc20"
  const TimeCurve& curve() const { return curve_; }

 private:
  KernelAnswer banded(double ns, KernelSource source, float spread) const;

  TimeCurve curve_;
  KernelSource base_;
  std::shared_ptr<const SeriesModel> series_;  // whose bands count; null: none
  std::size_t distance_;                       // class of the nearest neighbour's
  std::string from_;
};

// Whose times are asked for. Empty: any framework, the newest version.
struct KernelTarget {
  MachineSheet machine;
  std::string framework, version;
};

// Predicts times of kernels from tables, the first of these that there is:
//
//   1. the site's own rows, of the machine and framework asked for (then any framework)
//   2. utilisation borrowed from other sites of the same series
//   3. the same of another machine: what exceeds its floor, times the ratio of the roofs
//   4. first principles
//
// A series is of the same op and format; fp16 stands for bf16 where that is absent.
class KernelPredictor {
 public:
  KernelPredictor(const std::vector<KernelTable>& tables, KernelTarget target);

  // Lives as long as this does. Safe from several threads.
  const SiteTimes& site(KernelOp op, std::string_view format, const KernelDims& dims) const;
  const KernelTarget& target() const { return target_; }

 private:
  struct Found {
    std::shared_ptr<const SeriesModel> model;
    bool same_machine = true, same_framework = true;
  };
  // Best first.
  std::vector<Found> series_of(KernelOp op, std::string_view format) const;
  std::unique_ptr<SiteTimes> resolve(KernelOp op, std::string_view format,
                                     const KernelDims& dims) const;

  KernelTarget target_;
  std::vector<std::shared_ptr<const SeriesModel>> series_;
  using Key = std::tuple<KernelOp, std::string, KernelDims>;
  mutable std::mutex mutex_;
  mutable std::map<Key, std::unique_ptr<SiteTimes>> sites_;
};

}  // namespace inferbench
