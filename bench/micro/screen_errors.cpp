// How often `inferbench history screen` is wrong: false alarms of unchanged series, and how soon a
// step of 5 % is found, night by night as in use. Simulated; prints a table.

#include <algorithm>
#include <array>
#include <cmath>
#include <iostream>
#include <numbers>

#include "harness/base/random.hpp"
#include "harness/base/text_table.hpp"
#include "harness/stats/change_points.hpp"

namespace inferbench {
namespace {

constexpr std::size_t kHistory = 60, kSeries = 100, kSteps = 300, kNights = 120;
constexpr std::size_t kNear = 3;  // nights between a step and where it is found
constexpr double kLeastChange = 0.01;
constexpr std::array<std::size_t, 3> kDelays = {3, 5, 10};

struct Noise {
  const char* name;
  double sigma, outliers;  // of the logarithm; share of nights slower by up to 30 %
};
constexpr std::array<Noise, 3> kNoises = {
    {{"0.7 %", 0.007, 0}, {"1.5 %, 3 % outliers", 0.015, 0.03}, {"3 %, 5 % outliers", 0.03, 0.05}}};

double draw(const Noise& noise, RandomStream& random) {
  const double u = 1 - random.uniform(), v = random.uniform();
  double value = noise.sigma * std::sqrt(-2 * std::log(u)) * std::cos(2 * std::numbers::pi * v);
  if (random.uniform() < noise.outliers) value += std::log(1 + 0.3 * random.uniform());
  return value;
}

// Steps that the screen would show, by their night.
std::vector<std::size_t> shown(const std::vector<double>& values) {
  std::vector<std::size_t> at;
  for (const ChangePoint& point : find_change_points(values)) {
    if (std::abs(std::expm1(point.shift)) >= kLeastChange) at.push_back(point.at);
  }
  return at;
}

bool near_any(const std::vector<std::size_t>& all, std::size_t at) {
  return std::any_of(all.begin(), all.end(),
                     [at](std::size_t one) { return (one > at ? one - at : at - one) <= kNear; });
}

// Alarms per 1,000 nights of one unchanged series; an alarm that comes back is one.
double false_alarms(const Noise& noise, RandomStream& random) {
  std::size_t alarms = 0;
  for (std::size_t series = 0; series < kSeries; ++series) {
    std::vector<double> values;
    std::vector<std::size_t> seen;
    for (std::size_t night = 0; night < kHistory + kNights; ++night) {
      values.push_back(draw(noise, random));
      if (night < kHistory) continue;
      for (const std::size_t at : shown(values)) {
        if (near_any(seen, at)) continue;
        seen.push_back(at);
        ++alarms;
      }
    }
  }
  return 1e3 * static_cast<double>(alarms) / static_cast<double>(kSeries * kNights);
}

// Share of steps of 5 % that are shown within so many nights.
std::array<double, kDelays.size()> found_within(const Noise& noise, RandomStream& random) {
  std::array<double, kDelays.size()> found{};
  for (std::size_t trial = 0; trial < kSteps; ++trial) {
    std::vector<double> values;
    for (std::size_t night = 0; night < kHistory; ++night) values.push_back(draw(noise, random));
    bool known = false;
    for (std::size_t delay = 1; delay <= kDelays.back(); ++delay) {
      values.push_back(std::log(1.05) + draw(noise, random));
      known = known || near_any(shown(values), kHistory);
      for (std::size_t i = 0; i < kDelays.size(); ++i) {
        if (delay == kDelays[i] && known) found[i] += 1.0 / kSteps;
      }
    }
  }
  return found;
}

std::string table() {
  TextTable text({"noise of a night", "false alarms per 1,000 nights", "+5 % found within 3 nights",
                  "5", "10"});
  for (const Noise& noise : kNoises) {
    RandomStream random = Random(1).stream(noise.name);
    const double alarms = false_alarms(noise, random);
    const auto found = found_within(noise, random);
    std::vector<std::string> cells = {noise.name, fixed(alarms, 1)};
    for (const double share : found) cells.push_back(fixed(100 * share, 0) + " %");
    text.add(cells);
  }
  return text.str();
}

}  // namespace
}  // namespace inferbench

int main() {
  std::cout << inferbench::table();
  return 0;
}
