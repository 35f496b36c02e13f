#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/catalog/hardware_spec.hpp"
#include "harness/kernel_tables/kernel_table.hpp"

namespace inferbench {

// A machine by name and rates.
struct MachineSheet {
  std::string name;
  MachineRecord rates;
};
MachineSheet machine_sheet(const HardwareSpec& gpu);

struct SeriesKey {
  KernelOp op = KernelOp::gemm;
  std::string machine, framework, version, format;
  std::string source;  // where the rows are from; not part of what makes a series

  auto tie() const { return std::tie(op, machine, framework, version, format); }
  bool operator<(const SeriesKey& o) const { return tie() < o.tie(); }
};

struct MeasuredRow {
  KernelDims dims{};
  double x = 0, y = 0, ns = 0;
};

// Gathers rows and makes a table of them. What it does to them:
//
//   several rows of one point   the median, with their spread and number; contradicting when their
//                               spread exceeds 10 %
//   faster than the roof        by more than 3 %: left out, counted
//   host-bound GEMMs            a kernel of a series whose shortest GEMMs take more than 25 us and
//                               four times what others of the machine do: its rows within 1.3 of
//                               that are launches and not kernels; left out, counted
//
// Throws Error where more than a tenth of a series is faster than the roof, or its shortest kernel
// takes 5 ms: units are mixed up then.
class KernelTableBuilder {
 public:
  // Index for add(). Of two machines of one name the first one's rates count.
  std::uint32_t series(const SeriesKey& key, const MachineSheet& machine);
  std::uint16_t kernel(std::string_view name);
  // Throws Error naming `place` for a time that is not positive and sizes below what the op allows.
  void add(std::uint32_t series, const MeasuredRow& row, std::uint16_t kernel,
           const std::string& place);
  // All rows of a table that is there; `keep` says which.
  void add(const KernelTable& table);
  template <class Keep>
  void add(const KernelTable& table, const Keep& keep);

  std::size_t rows() const { return rows_.size(); }
  KernelTable build(const std::string& place);

 private:
  struct Row {
    std::uint32_t series = 0;
    std::uint16_t kernel = 0, samples = 1;
    float y = 0, spread = 0;
    double x = 0, ns = 0;
    KernelDims dims{};
  };
  struct Left {  // out of a series, before and now
    std::uint32_t impossible = 0, host_bound = 0;
  };

  std::vector<std::uint32_t> series_of(const KernelTable& table);
  void add_kept(const KernelTable& table, const SiteRecord& site, const RowRecord& row,
                std::uint32_t series);
  void leave_out_impossible();
  void leave_out_host_bound();
  void sort_rows();
  static RowRecord point_of(std::span<const Row> same);
  static void lay_out_sites(KernelTableParts& parts, SeriesRecord& record,
                            std::span<const Row> rows);
  void lay_out(KernelTableParts& parts);
  double floor_of(std::uint32_t series) const;
  double stretch_of(std::uint32_t series, double floor) const;

  std::vector<SeriesKey> keys_;
  std::map<SeriesKey, std::uint32_t> index_;
  std::vector<Left> left_;
  std::map<std::uint32_t, double> floors_;  // of series whose own shortest rows are launches
  std::map<std::string, MachineRecord> machines_;
  std::vector<std::string> kernels_;
  std::vector<Row> rows_;
};

template <class Keep>
void KernelTableBuilder::add(const KernelTable& table, const Keep& keep) {
  const std::vector<std::uint32_t> series = series_of(table);
  for (std::size_t i = 0; i < series.size(); ++i) {
    for (const SiteRecord& site : table.sites(table.series()[i])) {
      for (const RowRecord& row : table.rows(site)) {
        if (keep(table.series()[i], site, row)) add_kept(table, site, row, series[i]);
      }
    }
  }
}

}  // namespace inferbench
