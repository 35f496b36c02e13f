#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "harness/tables/table_ops.hpp"

namespace inferbench {

// One measured point of a curve: time of one occurrence, on average over what a run meets, and its
// interval.
struct OpPoint {
  double x = 0, y = 0;  // y is 0 where the op has none
  double ns = 0, low_ns = 0, high_ns = 0;
  std::uint64_t samples = 0;
};

// What was measured of an op at one site.
struct OpCurve {
  OpSite site;
  std::vector<OpPoint> points;  // ascending by (x, y), no two alike
};

// What the machine can do at most, by its probes: FLOP (or integer OP) and bytes per nanosecond.
struct MachineRates {
  std::map<std::string, double> arithmetic;  // by format of the GEMM, attention under "fp32"
  double memory = 0;                         // bytes
};

// Where a table's numbers are from. Times of another machine, build or number of threads are not
// added to them.
struct TableOrigin {
  std::string cpu{}, isa{};
  unsigned threads = 1;  // of all ranks
  unsigned ranks = 1;    // tensor-parallel ones
  std::string compiler{}, commit{};
  std::string measured_utc{};  // when it was last added to; need not agree
};

// Throws Error naming what differs: processor, instruction set, threads, ranks or compiler. `place`
// is the table's file.
void check_origin(const TableOrigin& table, const TableOrigin& here, const std::string& place);

// Op times of one machine, measured with our own kernels.
struct OpTable {
  TableOrigin origin;
  MachineRates rates;
  std::vector<OpCurve> curves;  // ascending by site

  const OpCurve* find(const OpSite& site) const;  // null: nothing was measured there
  bool has(const OpSite& site, double x, double y) const;
  void put(const OpSite& site, const OpPoint& point);  // in the place of one that is there
  std::size_t points() const;
};

// "inferbench.op-table/1" as JSON text, ending with a newline, and back. `place` names the text in
// errors. Throws Error for what is no such table, an op or a dimension that is unknown or missing,
// and numbers that cannot be: times and rates are positive, an interval holds its time, sizes are
// whole, no point stands there twice.
std::string to_json_text(const OpTable& table);
OpTable parse_op_table(const std::string& text, const std::string& place);
OpTable read_op_table(const std::string& path);

}  // namespace inferbench
