#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "harness/kernel_times/kernel_predictor.hpp"

namespace inferbench {

// What was kept from the tables before they were asked about it.
enum class HeldOut {
  shape,      // a fifth of the sites after the other; of experts layers, at every parallelism
  site,       // a fifth of the sites of experts after the other; their layers' others stay
  point,      // a fifth of the points of every site after the other
  framework,  // one framework; its rows are answered from another's on the same machine
  machine,    // one machine; its rows are answered from another's
};
std::string_view name(HeldOut left_out);  // "shape"

struct WorstRow {
  std::string what;  // "n=4096 k=64, tokens 3: h100 vllm 0.24.0"
  double measured_ns = 0, answered_ns = 0;
  std::string reason;
};

// How far answers were from rows that nothing was learnt from.
struct KernelScore {
  HeldOut left_out = HeldOut::shape;
  std::string subject;  // "gemm bf16"
  std::string from;     // framework or machine: "h100 to a100"; else empty
  std::size_t rows = 0;
  double median = 0, p90 = 0;          // of |answered / measured - 1|
  double bias = 0;                     // median of answered / measured - 1
  double covered = 0;                  // share of rows inside their 90 % band
  double bar_median = 0, bar_p90 = 0;  // what is asked for; 0: nothing
  std::vector<WorstRow> worst;

  bool met() const {
    return (bar_median <= 0 || median < bar_median) && (bar_p90 <= 0 || p90 < bar_p90);
  }
};

struct KernelValidation {
  std::uint64_t seed = 7;
  std::size_t rows = 0;                       // of the tables
  std::map<std::string, std::size_t> owners;  // rows by "h100 trtllm 1.3.0rc20"
  std::vector<KernelScore> scores;
};

struct KernelValidationOptions {
  std::uint64_t seed = 7;
  std::size_t worst = 3;
};

// Leaves parts of the tables out, learns from the rest alone and answers the left-out rows: five
// parts, so that each row is answered once, by what never saw it. Equal tables and seeds give equal
// scores.
KernelValidation validate_kernels(const std::vector<KernelTable>& tables,
                                  const KernelValidationOptions& options);

}  // namespace inferbench
