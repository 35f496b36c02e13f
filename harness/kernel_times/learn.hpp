#pragma once

#include <cstdint>

#include "harness/kernel_times/series_model.hpp"

namespace inferbench {

// What a series' own rows say of how well it answers: the rule it borrows by, and bands. Its sites
// are dealt into five parts (experts by their whole layer, so that no part knows its shape at
// another parallelism); each part is answered from the other four. Points between and beyond are
// answered without them.
//
// Equal series and seeds learn the same, whatever else a table holds.
SeriesRecord learnt(const SeriesModel& model, std::uint64_t seed);

// The table with every series learnt, on all cores.
KernelTable learn(const KernelTable& table, std::uint64_t seed = 1);

// Sites of one number are in one part together when shapes are left out.
std::uint64_t shape_group(KernelOp op, const KernelDims& dims);

// Where a band stands in SeriesRecord::bands.
enum class BandKind : std::size_t { interpolated, borrowed, held };
std::size_t band_size(double ns, double floor_ns);  // below 3 and 20 times the floor, above
std::size_t band_distance(double squared);          // below 0.5 and 1, above

}  // namespace inferbench
