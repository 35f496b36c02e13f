#pragma once

#include "harness/tables/op_table.hpp"
#include "kernels/shapes/work.hpp"

namespace inferbench {

// Arithmetic and compulsory memory traffic of one occurrence of an op. Activations are fp32, as
// between our kernels. Of the host's own work nothing is known: all zero.
Work op_work(const OpSite& site, double x, double y);

// The least time of one occurrence on a machine of these rates, in nanoseconds: the longer of
// arithmetic and traffic. The host's is 1 ns per request, so that holding its utilisation makes its
// time grow with requests. > 0.
double roof_ns(const OpSite& site, double x, double y, const MachineRates& rates);

}  // namespace inferbench
