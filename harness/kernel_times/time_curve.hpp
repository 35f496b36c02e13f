#pragma once

#include <span>
#include <vector>

#include "harness/kernel_tables/kernel_roof.hpp"

namespace inferbench {

// How far an answer is from what the curve holds; of several the last one counts.
enum class Reach { exact, between, beyond };

struct CurveAnswer {
  double ns = 0;
  Reach reach = Reach::exact;
  float spread = 0;  // of an exact point's repeats
};

// Whose times a curve holds.
struct CurveSite {
  KernelOp op = KernelOp::gemm;
  FormatTraits format;
  MachineRecord machine;
  KernelDims dims{};
  double floor_ns = 0;  // launch, prologue and tail: what a kernel takes however little it does
  double stretch = 1;   // of the roof: what long kernels of the series usually take of it

  double roof_ns(double x, double y) const {
    return kernel_roof_ns(op, format, machine, dims, x, y);
  }
  // What utilisation is measured against: the stretched roof on top of the floor, so that short and
  // long kernels come near to 1 alike.
  double bound_ns(double x, double y) const { return floor_ns + stretch * roof_ns(x, y); }
};

// Times of one op at one site, over x at levels of y.
//
//   a point          as it is
//   between points   linear along x, then along y; along y in the square root of time where the op
//                    is quadratic in it (prompts' attention)
//   beyond them      the boundary's utilisation is held, utilisation being bound_ns / time
class TimeCurve {
 public:
  struct Point {
    double x = 0, ns = 0;
    float spread = 0;
  };

  explicit TimeCurve(const CurveSite& site) : site_(site) {}
  TimeCurve(const CurveSite& site, std::span<const RowRecord> rows);

  // Points come ascending by (y, x).
  void add(double x, double y, double ns, float spread = 0);
  bool empty() const { return points_.empty(); }
  const CurveSite& site() const { return site_; }
  CurveAnswer at(double x, double y) const;  // of a curve that is not empty; x > 0

  // Its points, level by level.
  template <class Visit>
  void visit(const Visit& visit) const {
    for (const Level& level : levels_) {
      for (std::size_t i = level.begin; i < level.end; ++i) visit(points_[i], level.y);
    }
  }

 private:
  struct Level {
    double y = 0;
    std::size_t begin = 0, end = 0;
  };
  CurveAnswer along(const Level& level, double x) const;
  CurveAnswer held(const CurveAnswer& edge, double edge_x, double edge_y, double x, double y) const;

  CurveSite site_;
  bool quadratic_ = info(site_.op).quadratic;
  std::vector<Level> levels_;
  std::vector<Point> points_;
};

}  // namespace inferbench
