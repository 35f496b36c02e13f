#include "kernels/cpu/kernel.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "harness/base/error.hpp"

namespace inferbench {
namespace {

std::string number(double x) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.3g", x);
  return text;
}

}  // namespace

std::int64_t KernelCase::at(const std::string& axis) const {
  const auto found = axes.find(axis);
  if (found == axes.end()) throw std::logic_error("a " + op + " case without axis " + axis);
  return found->second;
}

Support supports(const Implementation& implementation, const KernelCase& kernel_case, Isa present) {
  const auto& formats = implementation.formats;
  if (std::find(formats.begin(), formats.end(), kernel_case.format) == formats.end()) {
    return Support::no("does not compute " + kernel_case.format);
  }
  Support isa = supports(implementation.needs, present);
  if (!isa.ok) return isa;
  return implementation.available ? implementation.available(kernel_case) : Support::yes();
}

Check check(BoundKernel& kernel, const Oracle& oracle) {
  kernel.poison();
  kernel.run();
  const std::span<const float> out = kernel.output();

  Check c;
  c.tolerance = oracle.tolerance;
  c.unwritten = static_cast<std::size_t>(
      std::count_if(out.begin(), out.end(), [](float x) { return x != x; }));
  std::size_t first_wrong = out.size();
  for (std::size_t i = 0; i < oracle.index.size(); ++i) {
    const double got = static_cast<double>(out[oracle.index[i]]);
    const double error = std::abs(got - oracle.value[i]);
    const double relative = error == 0 ? 0 : error / oracle.scale[i];
    ++c.compared;
    if (relative <= oracle.tolerance) {
      c.worst = std::max(c.worst, relative);
      continue;
    }
    if (c.wrong++ == 0) first_wrong = i;
    c.worst = std::isnan(relative) ? relative : std::max(c.worst, relative);
  }
  if (!kernel.guards_intact()) {
    c.reason = "wrote outside of its output";
  } else if (c.unwritten > 0) {
    c.reason = std::to_string(c.unwritten) + " of " + std::to_string(out.size()) +
               " outputs are NaN or were never written";
  } else if (c.wrong > 0) {
    const std::size_t at = oracle.index[first_wrong];
    c.reason = std::to_string(c.wrong) + " of " + std::to_string(c.compared) +
               " outputs are off; output[" + std::to_string(at) + "] is " +
               number(static_cast<double>(out[at])) + ", expected " +
               number(oracle.value[first_wrong]) + "; tolerance " + number(oracle.tolerance) +
               " of " + number(oracle.scale[first_wrong]) + " (" + oracle.why + ")";
  }
  c.pass = c.reason.empty();
  return c;
}

}  // namespace inferbench
