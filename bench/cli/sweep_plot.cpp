#include "bench/cli/sweep_plot.hpp"

#include <algorithm>
#include <cmath>

#include "harness/base/text_table.hpp"

namespace inferbench {
namespace {

struct Axis {
  double low = 0, high = 1;
  int cells = 1;
  bool logarithmic = false;

  double scaled(double value) const { return logarithmic ? std::log10(value) : value; }
  int cell(double value) const {
    const double span = high - low;
    const double place = span > 0 ? (scaled(value) - low) / span : 0.5;
    return std::clamp(static_cast<int>(place * cells), 0, cells - 1);
  }
  // The value in the middle of a cell.
  double value(int at) const {
    const double middle = low + (high - low) * (at + 0.5) / cells;
    return logarithmic ? std::pow(10.0, middle) : middle;
  }
};

std::string ticks(const Axis& x, int margin) {
  std::string line(static_cast<std::size_t>(margin + x.cells), ' ');
  for (int at = 0; at + 4 < x.cells; at += 12) {
    const std::string text = significant(x.value(at), 2);
    line.replace(static_cast<std::size_t>(margin + at), text.size(), text);
  }
  line.erase(line.find_last_not_of(' ') + 1);
  return line;
}

}  // namespace

std::string scatter_plot(std::span<const SweepPoint> points,
                         const std::vector<std::size_t>& frontier, std::optional<std::size_t> best,
                         int columns, int rows) {
  Axis x{.low = 1e300, .high = -1e300, .cells = columns, .logarithmic = true};
  Axis y{.low = 0, .high = 0, .cells = rows};
  for (const SweepPoint& p : points) {
    if (!p.fits || p.tps_user <= 0) continue;
    x.low = std::min(x.low, x.scaled(p.tps_user)), x.high = std::max(x.high, x.scaled(p.tps_user));
    y.high = std::max(y.high, p.tps_gpu);
  }
  if (x.low > x.high) return "";

  std::vector<std::string> canvas(static_cast<std::size_t>(rows),
                                  std::string(static_cast<std::size_t>(columns), ' '));
  const auto mark = [&](const SweepPoint& p, char sign) {
    canvas[static_cast<std::size_t>(rows - 1 - y.cell(p.tps_gpu))]
          [static_cast<std::size_t>(x.cell(p.tps_user))] = sign;
  };
  for (const SweepPoint& p : points) {
    if (p.fits && p.tps_user > 0) mark(p, '.');
  }
  for (const std::size_t i : frontier) mark(points[i], 'o');
  if (best) mark(points[*best], '@');

  constexpr int kMargin = 9;
  std::string text = "tokens/s/GPU\n";
  for (int row = 0; row < rows; ++row) {
    const std::string tick = row % 4 == 0 ? significant(y.value(rows - 1 - row)) : "";
    std::string line = std::string(kMargin - 2 - tick.size(), ' ') + tick + " |" +
                       canvas[static_cast<std::size_t>(row)];
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  text += std::string(kMargin - 1, ' ') + "+" + std::string(static_cast<std::size_t>(columns), '-');
  text += "\n" + ticks(x, kMargin) + "\n" + std::string(kMargin, ' ') +
          "tokens/s/user (log scale)    . fits   o frontier";
  return text + (best ? "   @ best\n" : "\n");
}

}  // namespace inferbench
