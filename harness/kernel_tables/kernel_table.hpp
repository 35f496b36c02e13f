#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/kernel_tables/kernel_ops.hpp"

namespace inferbench {

// What a machine's data sheet (or its probes) allow at most. 0: not known.
struct MachineRecord {
  std::uint32_t name = 0, unused = 0;  // name: in the strings
  double memory_bytes_per_s = 0;
  double bf16_flops_per_s = 0, fp8_flops_per_s = 0, int8_ops_per_s = 0, fp32_flops_per_s = 0;
  double link_bytes_per_s = 0;  // one way, per rank, inside the fast domain
};

// What leave-one-out on a series found of one class of answers: measured / answered, as logarithms.
struct BandRecord {
  float low = 0, high = 0;    // 5th and 95th percentile
  std::uint32_t samples = 0;  // 0: nothing was learnt
};

// Classes of answers: how it was obtained, how far it is from the floor, how far its neighbours.
inline constexpr std::size_t kBandKinds = 3;  // interpolated, borrowed, held
inline constexpr std::size_t kBandSizes = 3;
inline constexpr std::size_t kBandDistances = 3;

// Rows of one op that are comparable: one machine, framework, version and format.
struct SeriesRecord {
  std::uint32_t op = 0, machine = 0;                                 // machine: index
  std::uint32_t framework = 0, version = 0, format = 0, source = 0;  // in the strings
  std::uint32_t first_site = 0, sites = 0;
  std::uint32_t impossible = 0,
                host_bound = 0;  // rows left out: faster than the roof, not kernel time
  std::uint32_t repeated = 0,
                contradicting = 0;  // points of several rows; of these, apart by > 10 %
  double floor_ns = 0;              // what the shortest of its kernels take
  double stretch = 1;  // median of (time - floor) / roof of those that take ten floors and more
  std::uint32_t learnt = 0;  // 1: rule and bands are set
  std::uint32_t rule = 0;    // of borrow_rules(op)
  BandRecord bands[kBandKinds][kBandSizes][kBandDistances];
  std::uint32_t unused = 0;
};

struct SiteRecord {
  std::uint32_t series = 0, rows = 0;
  std::uint64_t first_row = 0;
  KernelDims dims{};
};

struct RowRecord {
  double x = 0;      // info(op).x
  double ns = 0;     // median of its rows
  float y = 0;       // info(op).y
  float spread = 0;  // (largest - smallest) / median
  std::uint16_t samples = 1;
  std::uint16_t kernel = 0;  // in the kernels
  std::uint32_t unused = 0;
};

static_assert(sizeof(MachineRecord) == 56 && sizeof(SeriesRecord) == 400);
static_assert(sizeof(SiteRecord) == 48 && sizeof(RowRecord) == 32);

// A table of measured kernels, as it lies in its file: read-only, copies share it.
//
// The file ("*.kernels", little-endian, docs/tables.md) is a header, machines, kernels, series,
// sites, rows and strings. Series are ascending by (op, machine, framework, version, format) names,
// sites by dims, rows by (y, x); no two alike. open() maps it and reads nothing but checks: magic,
// version, sizes, that every index points inside, and the checksum.
class KernelTable {
 public:
  static KernelTable open(const std::string& path);
  // `image` as write_kernel_table() writes it; `place` names it in errors.
  static KernelTable from_image(std::vector<std::byte> image, const std::string& place);

  std::span<const MachineRecord> machines() const { return machines_; }
  std::span<const SeriesRecord> series() const { return series_; }
  std::span<const SiteRecord> sites(const SeriesRecord& series) const {
    return sites_.subspan(series.first_site, series.sites);
  }
  std::span<const RowRecord> rows(const SiteRecord& site) const {
    return rows_.subspan(site.first_row, site.rows);
  }
  std::span<const RowRecord> rows() const { return rows_; }
  std::string_view text(std::uint32_t offset) const { return strings_.data() + offset; }
  std::string_view machine_name(const SeriesRecord& series) const {
    return text(machines_[series.machine].name);
  }
  std::string_view kernel(const RowRecord& row) const { return text(kernels_[row.kernel]); }
  const std::string& place() const { return place_; }
  std::span<const std::byte> image() const { return image_; }

  // Null: not measured.
  const SiteRecord* find(const SeriesRecord& series, const KernelDims& dims) const;

 private:
  void parse();

  std::shared_ptr<const void> owner_;
  std::span<const std::byte> image_;
  std::string place_;
  std::span<const MachineRecord> machines_;
  std::span<const std::uint32_t> kernels_;
  std::span<const SeriesRecord> series_;
  std::span<const SiteRecord> sites_;
  std::span<const RowRecord> rows_;
  std::span<const char> strings_;
};

// Sections of a table before they are laid out. Strings are null-terminated, the first is empty.
struct KernelTableParts {
  std::vector<MachineRecord> machines;
  std::vector<std::uint32_t> kernels;
  std::vector<SeriesRecord> series;
  std::vector<SiteRecord> sites;
  std::vector<RowRecord> rows;
  std::vector<char> strings;
};
std::vector<std::byte> kernel_table_image(const KernelTableParts& parts);

// The same table with other series records: the same in number, what was learnt apart.
KernelTable with_series(const KernelTable& table, std::span<const SeriesRecord> series);

void write_kernel_table(const KernelTable& table, const std::string& path);

// Every "*.kernels" of a folder by name, or the one file. Throws Error when there is none.
std::vector<KernelTable> open_kernel_tables(const std::string& folder_or_file);

}  // namespace inferbench
