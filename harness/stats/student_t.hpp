#pragma once

#include <optional>
#include <span>

namespace inferbench {

// P[T <= t] of Student's t with `freedom` > 0 degrees of freedom.
double student_t_cdf(double t, double freedom);

// The t that a T of so many degrees of freedom stays within, either side, with this probability:
// 0 < confidence < 1; 2.776 for 0.95 and 4.
double student_t_two_sided(double confidence, double freedom);

// A mean and how far it can be off.
struct MeanInterval {
  double mean = 0, half_width = 0;

  bool contains(double value) const {
    return mean - half_width <= value && value <= mean + half_width;
  }
};

// The mean of samples that depend on their neighbours (waits of successive requests), by batch
// means: averages over `batches` equal stretches are nearly independent when a stretch is much
// longer than the dependence, and Student's t of them gives the interval. Samples left over at the
// end are not used. nullopt below two samples a batch or two batches.
//
// Source: Law, Simulation Modeling and Analysis, section 9.5.3.
std::optional<MeanInterval> batch_means(std::span<const double> samples, int batches,
                                        double confidence);

}  // namespace inferbench
