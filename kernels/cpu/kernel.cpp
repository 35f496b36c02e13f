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

std::string_view name(Device device) {
  return device == Device::cuda ? "cuda" : "cpu";
}

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

namespace {

// Held to errors relative to the root mean square of all that is compared.
Check check_whole(std::span<const float> out, const Oracle& oracle, double relative_error) {
  constexpr double kOfOneElement = 8;
  Check c;
  c.tolerance = relative_error;
  double errors = 0, values = 0;
  for (std::size_t i = 0; i < oracle.index.size(); ++i) {
    const double error = static_cast<double>(out[oracle.index[i]]) - oracle.value[i];
    errors += error * error;
    values += oracle.value[i] * oracle.value[i];
  }
  c.compared = oracle.index.size();
  c.worst = errors == 0 ? 0 : std::sqrt(errors / values);
  const double most = kOfOneElement * relative_error *
                      std::sqrt(values / static_cast<double>(std::max<std::size_t>(1, c.compared)));
  for (std::size_t i = 0; i < oracle.index.size(); ++i) {
    const double error = std::abs(static_cast<double>(out[oracle.index[i]]) - oracle.value[i]);
    if (!(error <= most)) ++c.wrong;
  }
  if (c.wrong > 0 || !(c.worst <= relative_error)) {
    c.reason = "off by " + number(c.worst) + " of the root mean square, " +
               std::to_string(c.wrong) + " of " + std::to_string(c.compared) +
               " outputs by more than " + number(kOfOneElement * relative_error) + "; tolerance " +
               number(relative_error);
  }
  return c;
}

std::size_t count_unwritten(std::span<const float> out) {
  return static_cast<std::size_t>(
      std::count_if(out.begin(), out.end(), [](float x) { return x != x; }));
}

std::string unwritten_text(std::size_t unwritten, std::size_t all) {
  return std::to_string(unwritten) + " of " + std::to_string(all) +
         " outputs are NaN or were never written";
}

}  // namespace

Check check(BoundKernel& kernel, const Oracle& oracle, double relative_error) {
  kernel.poison();
  kernel.run();
  const std::span<const float> out = kernel.output();

  if (relative_error > 0) {
    Check c = check_whole(out, oracle, relative_error);
    c.unwritten = count_unwritten(out);
    if (c.unwritten > 0) c.reason = unwritten_text(c.unwritten, out.size());
    if (!kernel.guards_intact()) c.reason = "wrote outside of its output";
    c.pass = c.reason.empty();
    return c;
  }
  Check c;
  c.tolerance = oracle.tolerance;
  c.unwritten = count_unwritten(out);
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
    c.reason = unwritten_text(c.unwritten, out.size());
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
