#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace inferbench {

// A matrix of which at most two of every four consecutive k are not zero, compressed: the two
// values and where they stand.
struct Sparse24 {
  std::int64_t rows = 0, k = 0;
  std::vector<float> values;        // [rows, groups, 2], in the order of k
  std::vector<std::uint8_t> index;  // [rows, groups]: 2 bits each, the first's position lowest

  std::int64_t groups() const { return (k + 3) / 4; }
};

// Keeps the two largest magnitudes of every four consecutive k; of equal ones the earlier. A last
// group of one stores a zero beside it.
//
// Source: Mishra et al., "Accelerating Sparse Deep Neural Networks", arXiv 2104.08378, section 3.
Sparse24 prune24(std::span<const float> matrix, std::int64_t k);

// With its zeros, [rows, k].
std::vector<float> expand(const Sparse24& sparse);

}  // namespace inferbench
