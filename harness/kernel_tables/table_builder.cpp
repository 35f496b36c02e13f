#include "harness/kernel_tables/table_builder.hpp"

#include <algorithm>
#include <cmath>
#include <tuple>

#include "harness/base/error.hpp"
#include "harness/base/text_table.hpp"
#include "harness/kernel_tables/kernel_roof.hpp"

namespace inferbench {
namespace {

constexpr double kImpossible = 1.03;    // of the data sheet's roof
constexpr double kUnitsShare = 0.1;     // of a series: its units are wrong
constexpr double kSlowestFloor = 5e6;   // ns
constexpr double kContradicting = 0.1;  // spread over median
constexpr double kFloorShare = 0.005;   // of a series' rows are no longer than its floor
constexpr double kHostFloor = 25e3;     // ns
constexpr double kHostFactor = 4, kHostReach = 1.3;

double rate(const std::map<DType, FlopsPerSecond>& peaks, DType type) {
  const auto found = peaks.find(type);
  return found == peaks.end() ? 0 : found->second.count();
}

class Strings {
 public:
  std::uint32_t put(const std::string& text) {
    const auto [at, is_new] = at_.try_emplace(text, static_cast<std::uint32_t>(bytes_.size()));
    if (is_new) bytes_.insert(bytes_.end(), text.c_str(), text.c_str() + text.size() + 1);
    return at->second;
  }
  std::vector<char> take() { return std::move(bytes_); }

 private:
  std::vector<char> bytes_{'\0'};
  std::map<std::string, std::uint32_t> at_{{"", 0}};
};

// What the shortest of them take, a few that are odd apart.
double low_percentile(std::vector<double>& times) {
  const auto at = static_cast<std::ptrdiff_t>(kFloorShare * static_cast<double>(times.size()));
  std::nth_element(times.begin(), times.begin() + at, times.end());
  return times[static_cast<std::size_t>(at)];
}

std::string name_of(const SeriesKey& key) {
  std::string text(info(key.op).name);
  for (const std::string* part : {&key.machine, &key.framework, &key.version, &key.format}) {
    if (!part->empty()) text += " " + *part;
  }
  return text;
}

}  // namespace

MachineSheet machine_sheet(const HardwareSpec& gpu) {
  MachineSheet sheet{.name = gpu.name, .rates = {}};
  sheet.rates.memory_bytes_per_s = gpu.memory_bandwidth.count();
  sheet.rates.bf16_flops_per_s = rate(gpu.peaks, DType::bf16);
  sheet.rates.fp8_flops_per_s = rate(gpu.peaks, DType::fp8);
  sheet.rates.int8_ops_per_s = rate(gpu.peaks, DType::int8);
  sheet.rates.fp32_flops_per_s = rate(gpu.peaks, DType::fp32);
  sheet.rates.link_bytes_per_s = gpu.scale_up.count();
  return sheet;
}

std::uint32_t KernelTableBuilder::series(const SeriesKey& key, const MachineSheet& machine) {
  const auto [at, is_new] = index_.try_emplace(key, static_cast<std::uint32_t>(keys_.size()));
  if (is_new) {
    keys_.push_back(key);
    left_.emplace_back();
    machines_.try_emplace(key.machine, machine.rates);
  }
  return at->second;
}

std::uint16_t KernelTableBuilder::kernel(std::string_view name) {
  const auto at = std::find(kernels_.begin(), kernels_.end(), name);
  if (at == kernels_.end()) {
    kernels_.emplace_back(name);
    ensure(kernels_.size() < 65'536, "kernels are counted in 16 bits");
    return static_cast<std::uint16_t>(kernels_.size() - 1);
  }
  return static_cast<std::uint16_t>(at - kernels_.begin());
}

void KernelTableBuilder::add(std::uint32_t series, const MeasuredRow& row, std::uint16_t kernel,
                             const std::string& place) {
  const KernelOpInfo& op = info(keys_[series].op);
  if (!(row.ns > 0) || !std::isfinite(row.ns)) {
    throw Error(place, "a time of " + significant(row.ns) + " ns", "measured times are positive",
                "leave the row out of the file");
  }
  if (!(row.x > 0) || !(row.y >= 0)) {
    throw Error(place, std::string(op.x) + " = " + significant(row.x), "sizes are positive",
                "leave the row out of the file");
  }
  rows_.push_back({.series = series,
                   .kernel = kernel,
                   .samples = 1,
                   .y = static_cast<float>(row.y),
                   .spread = 0,
                   .x = row.x,
                   .ns = row.ns,
                   .dims = row.dims});
}

void KernelTableBuilder::add(const KernelTable& table) {
  add(table, [](const SeriesRecord&, const SiteRecord&, const RowRecord&) { return true; });
}

std::vector<std::uint32_t> KernelTableBuilder::series_of(const KernelTable& table) {
  std::vector<std::uint32_t> indices;
  for (const SeriesRecord& s : table.series()) {
    const std::string machine(table.machine_name(s));
    const SeriesKey key{static_cast<KernelOp>(s.op),          machine,
                        std::string(table.text(s.framework)), std::string(table.text(s.version)),
                        std::string(table.text(s.format)),    std::string(table.text(s.source))};
    indices.push_back(series(key, {machine, table.machines()[s.machine]}));
    left_[indices.back()].impossible += s.impossible;
    left_[indices.back()].host_bound += s.host_bound;
    if (s.host_bound > 0) floors_[indices.back()] = s.floor_ns;
  }
  return indices;
}

void KernelTableBuilder::add_kept(const KernelTable& table, const SiteRecord& site,
                                  const RowRecord& row, std::uint32_t series) {
  rows_.push_back({.series = series,
                   .kernel = kernel(table.kernel(row)),
                   .samples = row.samples,
                   .y = row.y,
                   .spread = row.spread,
                   .x = row.x,
                   .ns = row.ns,
                   .dims = site.dims});
}

void KernelTableBuilder::leave_out_impossible() {
  std::vector<std::uint32_t> all(keys_.size()), bad(keys_.size());
  std::vector<FormatTraits> formats;
  std::vector<const MachineRecord*> machines;
  for (const SeriesKey& key : keys_) {
    formats.push_back(format_traits(key.format));
    machines.push_back(&machines_.at(key.machine));
  }
  const auto impossible = [&](const Row& row) {
    const std::uint32_t s = row.series;
    const double roof =
        kernel_certain_ns(keys_[s].op, formats[s], *machines[s], row.dims, row.x, row.y);
    ++all[s];
    if (roof <= kImpossible * row.ns) return false;
    ++bad[s];
    return true;
  };
  rows_.erase(std::remove_if(rows_.begin(), rows_.end(), impossible), rows_.end());
  for (std::size_t s = 0; s < keys_.size(); ++s) {
    left_[s].impossible += bad[s];
    if (bad[s] <= kUnitsShare * all[s]) continue;
    throw Error(keys_[s].source + ": " + name_of(keys_[s]),
                std::to_string(bad[s]) + " of " + std::to_string(all[s]) +
                    " rows are faster than the data sheet of " + keys_[s].machine + " allows",
                "at most a tenth may be, which are left out",
                "check the unit of its times and --gpu, or leave the file out");
  }
}

double KernelTableBuilder::floor_of(std::uint32_t series) const {
  std::vector<double> times;
  for (const Row& row : rows_) {
    if (row.series == series) times.push_back(row.ns);
  }
  return times.empty() ? 0 : low_percentile(times);
}

double KernelTableBuilder::stretch_of(std::uint32_t series, double floor) const {
  constexpr double kFloors = 10, kUsual = 1.25;
  const SeriesKey& key = keys_[series];
  const FormatTraits format = format_traits(key.format);
  std::vector<double> ratios;
  for (const Row& row : rows_) {
    if (row.series != series || row.ns < kFloors * floor) continue;
    const double roof =
        kernel_roof_ns(key.op, format, machines_.at(key.machine), row.dims, row.x, row.y);
    if (roof > 0) ratios.push_back((row.ns - floor) / roof);
  }
  if (ratios.empty()) return kUsual;
  const auto middle = ratios.begin() + static_cast<std::ptrdiff_t>(ratios.size() / 2);
  std::nth_element(ratios.begin(), middle, ratios.end());
  return *middle;
}

void KernelTableBuilder::leave_out_host_bound() {
  using Kernel = std::pair<std::uint32_t, std::uint16_t>;  // of a series
  std::map<std::string, double> shortest;                  // by machine
  std::map<Kernel, std::vector<double>> times;
  for (std::uint32_t s = 0; s < keys_.size(); ++s) {
    const double floor = floor_of(s);
    if (floor > kSlowestFloor && keys_[s].op == KernelOp::gemm) {
      throw Error(keys_[s].source + ": " + name_of(keys_[s]),
                  "its shortest kernel takes " + human_seconds(floor / 1e9),
                  "the shortest take microseconds", "check the unit of its times");
    }
    if (keys_[s].op != KernelOp::gemm || floor <= 0 || floors_.contains(s)) continue;
    const auto at = shortest.try_emplace(keys_[s].machine, floor).first;
    at->second = std::min(at->second, floor);
  }
  for (const Row& row : rows_) {
    if (keys_[row.series].op != KernelOp::gemm || floors_.contains(row.series)) continue;
    times[{row.series, row.kernel}].push_back(row.ns);
  }
  std::map<Kernel, double> reach;
  for (auto& [kernel, of] : times) {
    const std::uint32_t s = kernel.first;
    const double floor = low_percentile(of), least = shortest.at(keys_[s].machine);
    if (floor < kHostFloor || floor < kHostFactor * least) continue;
    reach[kernel] = kHostReach * floor;
    floors_[s] = least;
  }
  if (reach.empty()) return;
  rows_.erase(std::remove_if(rows_.begin(), rows_.end(),
                             [&](const Row& row) {
                               const auto at = reach.find({row.series, row.kernel});
                               if (at == reach.end() || row.ns > at->second) return false;
                               ++left_[row.series].host_bound;
                               return true;
                             }),
              rows_.end());
}

void KernelTableBuilder::sort_rows() {
  std::vector<std::uint32_t> order(keys_.size());
  std::uint32_t next = 0;
  for (const auto& [key, s] : index_) order[s] = next++;
  std::sort(rows_.begin(), rows_.end(), [&](const Row& a, const Row& b) {
    return std::tie(order[a.series], a.dims, a.y, a.x, a.ns) <
           std::tie(order[b.series], b.dims, b.y, b.x, b.ns);
  });
}

// The rows of one point as one.
RowRecord KernelTableBuilder::point_of(std::span<const Row> same) {
  const std::size_t count = same.size();
  const double median = (same[(count - 1) / 2].ns + same[count / 2].ns) / 2;
  auto spread = static_cast<float>((same.back().ns - same.front().ns) / median);
  std::uint32_t samples = 0;
  for (const Row& row : same) {
    samples += row.samples;
    spread = std::max(spread, row.spread);
  }
  constexpr std::uint32_t kMost = 65'535;
  return {.x = same.front().x,
          .ns = median,
          .y = same.front().y,
          .spread = spread,
          .samples = static_cast<std::uint16_t>(std::min(samples, kMost)),
          .kernel = same.front().kernel,
          .unused = 0};
}

// Sorted rows of one series: its sites, and their points.
void KernelTableBuilder::lay_out_sites(KernelTableParts& parts, SeriesRecord& record,
                                       std::span<const Row> rows) {
  for (std::size_t at = 0; at < rows.size();) {
    const std::size_t begin = at, first_row = parts.rows.size();
    while (at < rows.size() && rows[at].dims == rows[begin].dims) {
      const std::size_t first = at;
      while (at < rows.size() && rows[at].dims == rows[first].dims && rows[at].y == rows[first].y &&
             rows[at].x == rows[first].x) {
        ++at;
      }
      parts.rows.push_back(point_of(rows.subspan(first, at - first)));
      if (parts.rows.back().samples > 1) ++record.repeated;
      if (parts.rows.back().spread > kContradicting) ++record.contradicting;
    }
    parts.sites.push_back({.series = static_cast<std::uint32_t>(parts.series.size()),
                           .rows = static_cast<std::uint32_t>(parts.rows.size() - first_row),
                           .first_row = first_row,
                           .dims = rows[begin].dims});
  }
  record.sites = static_cast<std::uint32_t>(parts.sites.size()) - record.first_site;
}

void KernelTableBuilder::lay_out(KernelTableParts& parts) {
  Strings strings;
  std::map<std::string, std::uint32_t> machine_index;
  for (const auto& machine : machines_) {
    machine_index[machine.first] = static_cast<std::uint32_t>(parts.machines.size());
    parts.machines.push_back(machine.second);
    parts.machines.back().name = strings.put(machine.first);
  }
  if (kernels_.empty()) kernels_.emplace_back();
  for (const std::string& kernel : kernels_) parts.kernels.push_back(strings.put(kernel));
  const std::span<const Row> rows = rows_;
  std::size_t at = 0;
  for (const auto& entry : index_) {
    const SeriesKey& key = entry.first;
    const std::uint32_t s = entry.second;
    const std::size_t begin = at;
    while (at < rows.size() && rows[at].series == s) ++at;
    if (at == begin) continue;
    SeriesRecord record;
    record.op = static_cast<std::uint32_t>(key.op);
    record.machine = machine_index.at(key.machine);
    record.framework = strings.put(key.framework);
    record.version = strings.put(key.version);
    record.format = strings.put(key.format);
    record.source = strings.put(keys_[s].source);
    record.first_site = static_cast<std::uint32_t>(parts.sites.size());
    record.impossible = left_[s].impossible;
    record.host_bound = left_[s].host_bound;
    record.floor_ns = floors_.contains(s) ? floors_.at(s) : floor_of(s);
    record.stretch = stretch_of(s, record.floor_ns);
    lay_out_sites(parts, record, rows.subspan(begin, at - begin));
    parts.series.push_back(record);
  }
  parts.strings = strings.take();
}

KernelTable KernelTableBuilder::build(const std::string& place) {
  leave_out_impossible();
  leave_out_host_bound();
  if (rows_.empty()) {
    throw Error(place, "has no row that can be used", "a table has rows",
                "`inferbench tables import --help` names the formats");
  }
  sort_rows();
  KernelTableParts parts;
  lay_out(parts);
  return KernelTable::from_image(kernel_table_image(parts), place);
}

}  // namespace inferbench
