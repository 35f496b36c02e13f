#pragma once

#include <array>
#include <string_view>
#include <vector>

#include "harness/kernel_tables/kernel_ops.hpp"

namespace inferbench {

// How a site of no rows borrows from others: which are near, and at which x they are alike.
struct BorrowRule {
  std::array<double, kKernelDims> weights{};  // of squared differences of site_features()
  std::size_t neighbours = 4;
  // At the neighbour, x is multiplied by the site's share of this over the neighbour's, so that
  // both have as much to deal out: a batch of 8 with 4 key-value heads is one of 4 with 8.
  enum class Shift { none, first_dim, second_dim, rows, rows_per_expert } shift = Shift::none;
  // Their weighted median instead of the mean: where kernels are chosen, neighbours are of two
  // kinds and the mean is of neither.
  bool median = false;
};

// The rules that an op's series choose from, by leave-one-out on their rows. Their order is that of
// the file format: new ones go to the end.
const std::vector<BorrowRule>& borrow_rules(KernelOp op);

using SiteFeatures = std::array<double, kKernelDims>;

// Logarithms of what makes sites of an op alike: of attention the query heads per key-value head,
// the key-value heads and the widths; of experts what one rank holds.
SiteFeatures site_features(KernelOp op, const KernelDims& dims);

// Of what is not a size (windows, gates, routing, nodes): added to the squared distance where it
// differs.
double category_distance(KernelOp op, const KernelDims& a, const KernelDims& b);

// Factor of x, see BorrowRule::Shift.
double shift_factor(BorrowRule::Shift shift, const KernelDims& site, const KernelDims& neighbour);

}  // namespace inferbench
