#include "kernels/gemm/problem.hpp"

#include <cmath>

#include "kernels/cpu/fill.hpp"
#include "kernels/shapes/gemm.hpp"

namespace inferbench {

GemmProblem::GemmProblem(const KernelCase& c) : m(c.at("m")), n(c.at("n")), k(c.at("k")), case_(c) {
  in.resize(static_cast<std::size_t>(m * k));
  weights.resize(static_cast<std::size_t>(n * k));
  fill_matrix(in, k, c.fill, 1.0, c.seed, "gemm in");
  fill_matrix(weights, k, c.fill == Fill::outliers ? Fill::normal : c.fill,
              1.0 / std::sqrt(static_cast<double>(k)), c.seed, "gemm weights");
}

Work GemmProblem::work() const {
  return inferbench::work(GemmShape{.m = static_cast<double>(m),
                                    .n = static_cast<double>(n),
                                    .k = static_cast<double>(k),
                                    .in_bytes = 4,
                                    .weight_bytes = 4,
                                    .out_bytes = 4});
}

std::size_t GemmProblem::outputs() const {
  return static_cast<std::size_t>(m * n);
}

Oracle GemmProblem::oracle(std::size_t most) const {
  Oracle o;
  o.index = spread_indices(outputs(), most, case_.seed);
  for (const std::size_t at : o.index) {
    const float* a = in.data() + static_cast<std::int64_t>(at) / n * k;
    const float* w = weights.data() + static_cast<std::int64_t>(at) % n * k;
    double sum = 0, magnitude = 0;
    for (std::int64_t i = 0; i < k; ++i) {
      const double product = static_cast<double>(a[i]) * static_cast<double>(w[i]);
      sum += product;
      magnitude += std::abs(product);
    }
    o.value.push_back(sum);
    o.scale.push_back(magnitude + 1e-30);  // products of denormals vanish in fp32
  }
  // Rounding errors of a sum of k terms grow with sqrt(k) in all but contrived cases (Higham and
  // Mary, "A new approach to probabilistic rounding error analysis", SIAM J. Sci. Comput. 2019).
  o.tolerance = (8.0 + 4.0 * std::sqrt(static_cast<double>(k))) * 0x1p-24;
  o.why = "fp32 rounding of a sum of k terms";
  return o;
}

}  // namespace inferbench
