#pragma once

#include <string_view>
#include <vector>

#include "harness/tables/op_table.hpp"

namespace inferbench {

// How much an answer rests on what was measured; of answers put together the last one counts.
enum class Answered {
  measured,      // exactly this was measured
  interpolated,  // between points, or between sites, that were
  extrapolated,  // beyond them: the utilisation of the boundary is held
  roofline,      // nothing of this op was measured: the machine's probes alone
};
inline constexpr std::size_t kAnswered = 4;
std::string_view name(Answered answered);  // "measured"

struct OpAnswer {
  double ns = 0;
  Answered answered = Answered::measured;
};

// Says how long one occurrence of an op takes.
class OpTimer {
 public:
  virtual ~OpTimer() = default;
  virtual OpAnswer time(const OpSite& site, double x, double y) const = 0;
};

// The least that the machine's probes allow; nothing for the host.
class RoofTimer final : public OpTimer {
 public:
  explicit RoofTimer(MachineRates rates) : rates_(std::move(rates)) {}
  OpAnswer time(const OpSite& site, double x, double y) const override;

 private:
  MachineRates rates_;
};

// The times of a table.
//
//   a measured point     stands as it is
//   between points       linear along each axis, y first; along x in the square root of time where
//                        the op is quadratic in x (prompts' attention)
//   beyond a curve       the utilisation of the boundary is held, utilisation being roof_ns / time
//   a site of no curve   utilisation borrowed from the up to four nearest sites of the same op and
//                        format: a mean in the logarithm, weighted by the inverse square of the
//                        distance between the logarithms of their dimensions
//
// Source: AIConfigurator's interpolation of kernel databases, whose variants its authors compared
// (github.com/ai-dynamo/aiconfigurator).
class TableTimer final : public OpTimer {
 public:
  explicit TableTimer(OpTable table) : table_(std::move(table)) {}

  // Throws Error when nothing at all was measured of the site's op and format.
  OpAnswer time(const OpSite& site, double x, double y) const override;
  const OpTable& table() const { return table_; }

 private:
  OpAnswer borrowed(const OpSite& site, double x, double y) const;

  OpTable table_;
};

// A curve's answer at any x > 0 and y >= 0; `curve` has a point. See TableTimer.
OpAnswer curve_time(const OpCurve& curve, const MachineRates& rates, double x, double y);

}  // namespace inferbench
