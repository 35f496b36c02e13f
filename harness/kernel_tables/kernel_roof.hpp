#pragma once

#include "harness/kernel_tables/kernel_table.hpp"
#include "kernels/shapes/work.hpp"

namespace inferbench {

// What one call of an op computes and moves; nothing for `host` and whole models. Of a collective,
// the bytes that one rank sends.
Work kernel_work(KernelOp op, const FormatTraits& format, const KernelDims& dims, double x,
                 double y);

// The least nanoseconds that no cache can undercut: as below, but traffic counts from 128 MiB on.
// Less of it may come from the second-level cache, as in benchmarks that repeat themselves.
double kernel_certain_ns(KernelOp op, const FormatTraits& format, const MachineRecord& machine,
                         const KernelDims& dims, double x, double y);

// The least nanoseconds the machine needs for it: the longer of arithmetic at peak and traffic at
// the memory's bandwidth, or of a collective its wire bytes at the link's. 0 where a rate is not
// known.
double kernel_roof_ns(KernelOp op, const FormatTraits& format, const MachineRecord& machine,
                      const KernelDims& dims, double x, double y);

}  // namespace inferbench
