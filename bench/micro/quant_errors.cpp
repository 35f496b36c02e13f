// What every quantiser costs in accuracy, and every gemm format in that of its product.
//
//   quant_errors [rows k]      default: 256 x 4096
#include <cstdio>
#include <cstdlib>

#include "harness/base/error.hpp"
#include "kernels/gemm/errors.hpp"
#include "kernels/quant/errors.hpp"

namespace inferbench {
namespace {

int run(int argc, char** argv) {
  const std::int64_t rows = argc > 2 ? std::atoll(argv[1]) : 256;
  const std::int64_t k = argc > 2 ? std::atoll(argv[2]) : 4096;
  if (rows < 1 || k < 1) throw Error("arguments", "rows and k", "must be at least 1");
  std::printf("%-18s %-9s %6s  %10s  %9s  %8s  %s\n", "format", "fill", "bits", "MSE", "max error",
              "SQNR dB", "SQNR dB without outlier channels");
  for (const QuantErrorRow& r : quantisation_errors(rows, k)) {
    std::printf("%-18s %-9s %6.3f  %10.3e  %9.4f  %8.2f  %.2f\n", r.format.c_str(),
                r.fill == Fill::normal ? "normal" : "outliers", r.bits, r.error.mean_square,
                r.error.largest, r.error.sqnr_db, r.inlier_sqnr_db);
  }
  std::printf("\n%-14s %-9s %6s  %10s  %9s  %8s   of outputs, 8 x 64 of k = %ld\n", "gemm format",
              "fill", "bits", "MSE", "max error", "SQNR dB", static_cast<long>(k));
  for (const GemmErrorRow& r : gemm_errors(8, 64, k)) {
    std::printf("%-14s %-9s %6.3f  %10.3e  %9.4f  %8.2f\n", r.format.c_str(),
                r.fill == Fill::normal ? "normal" : "outliers", r.weight_bits, r.error.mean_square,
                r.error.largest, r.error.sqnr_db);
  }
  return 0;
}

}  // namespace
}  // namespace inferbench

int main(int argc, char** argv) {
  try {
    return inferbench::run(argc, argv);
  } catch (const inferbench::Error& e) {
    std::fprintf(stderr, "error: %s\n", e.what());
    return 2;
  }
}
