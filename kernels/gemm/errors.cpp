#include "kernels/gemm/errors.hpp"

#include "kernels/gemm/problem.hpp"

namespace inferbench {
namespace {

std::vector<float> product(const GemmProblem& p) {
  std::vector<float> out;
  out.reserve(p.outputs());
  for (std::int64_t row = 0; row < p.m; ++row) {
    for (std::int64_t column = 0; column < p.n; ++column) {
      out.push_back(static_cast<float>(p.element(row, column).value));
    }
  }
  return out;
}

}  // namespace

std::vector<GemmErrorRow> gemm_errors(std::int64_t m, std::int64_t n, std::int64_t k,
                                      std::uint64_t seed) {
  std::vector<GemmErrorRow> table;
  for (const Fill fill : {Fill::normal, Fill::outliers}) {
    // Inputs are drawn before formats round them, so all formats share them.
    KernelCase c{.op = "gemm",
                 .format = "fp32",
                 .axes = {{"m", m}, {"n", n}, {"k", k}},
                 .seed = seed,
                 .fill = fill};
    const std::vector<float> exact = product(GemmProblem(c));
    for (const GemmFormat& f : gemm_formats()) {
      c.format = f.name;
      table.push_back({.format = f.name,
                       .fill = fill,
                       .weight_bits = 8 * f.weight_bytes(),
                       .error = quantisation_error(exact, product(GemmProblem(c)))});
    }
  }
  return table;
}

}  // namespace inferbench
