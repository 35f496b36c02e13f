#include "harness/kernel_tables/kernel_table.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cstring>
#include <filesystem>

#include "harness/base/error.hpp"
#include "harness/base/output_file.hpp"

namespace inferbench {
namespace {

constexpr char kMagic[8] = {'i', 'b', 'k', 'e', 'r', 'n', 'e', 'l'};
constexpr std::uint32_t kByteOrder = 0x01020304;
constexpr std::uint32_t kFormatVersion = 1;
constexpr const char* kImportAgain = "write it again: `inferbench tables import`";

struct TableHeader {
  char magic[8] = {};
  std::uint32_t byte_order = 0, version = 0;
  std::uint64_t file_bytes = 0;
  std::uint32_t checksum = 0;  // CRC-32 of what follows the header
  std::uint32_t machines = 0, kernels = 0, series = 0, sites = 0, unused = 0;
  std::uint64_t rows = 0, string_bytes = 0;
};

std::size_t padded(std::size_t bytes) {
  return (bytes + 7) / 8 * 8;
}

std::uint32_t checksum_of(std::span<const std::byte> bytes) {
  uLong crc = crc32_z(0, nullptr, 0);
  crc = crc32_z(crc, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size());
  return static_cast<std::uint32_t>(crc);
}

template <class T>
void append(std::vector<std::byte>& image, const std::vector<T>& section) {
  const std::size_t at = image.size(), bytes = section.size() * sizeof(T);
  image.resize(at + padded(bytes));
  if (bytes > 0) std::memcpy(image.data() + at, section.data(), bytes);
}

template <class T>
std::span<const T> take(std::span<const std::byte>& rest, std::uint64_t count,
                        const std::string& place) {
  const std::uint64_t bytes = count * sizeof(T);
  if (count > rest.size() / sizeof(T) + 1 || padded(bytes) > rest.size()) {
    throw Error(place, "ends before what its header counts", "a whole table", kImportAgain);
  }
  const auto* first = reinterpret_cast<const T*>(rest.data());
  rest = rest.subspan(padded(bytes));
  return {first, count};
}

void check_header(const TableHeader& header, std::span<const std::byte> image,
                  const std::string& place) {
  if (std::memcmp(header.magic, kMagic, sizeof kMagic) != 0) {
    throw Error(place, "is no table of kernels", "a file that `inferbench tables import` wrote",
                "inferbench tables import " + place + " --out TABLE.kernels");
  }
  if (header.byte_order != kByteOrder || header.version != kFormatVersion) {
    throw Error(place, "is of format version " + std::to_string(header.version),
                "this program reads version " + std::to_string(kFormatVersion), kImportAgain);
  }
  if (header.file_bytes != image.size()) {
    throw Error(place,
                "is " + std::to_string(image.size()) + " bytes long, written with " +
                    std::to_string(header.file_bytes),
                "a whole table", kImportAgain);
  }
  if (header.checksum != checksum_of(image.subspan(sizeof header))) {
    throw Error(place, "does not have the checksum it was written with", "an unharmed table",
                kImportAgain);
  }
}

std::shared_ptr<const void> map_file(const std::string& path, std::size_t& bytes) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  struct stat status {};
  if (file < 0 || fstat(file, &status) != 0) {
    if (file >= 0) ::close(file);
    throw Error(path, "cannot be read", std::strerror(errno));
  }
  bytes = static_cast<std::size_t>(status.st_size);
  void* const at = bytes == 0 ? MAP_FAILED : mmap(nullptr, bytes, PROT_READ, MAP_PRIVATE, file, 0);
  ::close(file);
  if (at == MAP_FAILED) throw Error(path, "cannot be mapped", "a table of kernels", kImportAgain);
  return {at, [bytes](const void* mapped) { munmap(const_cast<void*>(mapped), bytes); }};
}

}  // namespace

KernelTable KernelTable::open(const std::string& path) {
  KernelTable table;
  table.place_ = path;
  std::size_t bytes = 0;
  table.owner_ = map_file(path, bytes);
  table.image_ = {static_cast<const std::byte*>(table.owner_.get()), bytes};
  table.parse();
  return table;
}

KernelTable KernelTable::from_image(std::vector<std::byte> image, const std::string& place) {
  KernelTable table;
  table.place_ = place;
  auto owned = std::make_shared<const std::vector<std::byte>>(std::move(image));
  table.image_ = *owned;
  table.owner_ = std::move(owned);
  table.parse();
  return table;
}

void KernelTable::parse() {
  TableHeader header;
  if (image_.size() < sizeof header) {
    throw Error(place_, "is too short for a table of kernels", "", kImportAgain);
  }
  std::memcpy(&header, image_.data(), sizeof header);
  check_header(header, image_, place_);
  std::span<const std::byte> rest = image_.subspan(sizeof header);
  machines_ = take<MachineRecord>(rest, header.machines, place_);
  kernels_ = take<std::uint32_t>(rest, header.kernels, place_);
  series_ = take<SeriesRecord>(rest, header.series, place_);
  sites_ = take<SiteRecord>(rest, header.sites, place_);
  rows_ = take<RowRecord>(rest, header.rows, place_);
  strings_ = take<char>(rest, header.string_bytes, place_);
  bool sound = !strings_.empty() && strings_.back() == '\0';
  const auto text_inside = [&](std::uint32_t at) { return at < strings_.size(); };
  for (const MachineRecord& m : machines_) sound &= text_inside(m.name);
  for (const std::uint32_t kernel : kernels_) sound &= text_inside(kernel);
  for (const SeriesRecord& s : series_) {
    sound &= s.op < kKernelOps && s.machine < machines_.size() && text_inside(s.framework) &&
             text_inside(s.version) && text_inside(s.format) && text_inside(s.source) &&
             s.first_site <= sites_.size() && s.sites <= sites_.size() - s.first_site;
  }
  for (const SiteRecord& s : sites_) {
    sound &= s.series < series_.size() && s.rows > 0 && s.first_row <= rows_.size() &&
             s.rows <= rows_.size() - s.first_row;
  }
  for (const RowRecord& row : rows_) sound &= row.kernel < kernels_.size() && row.ns > 0;
  if (!sound) throw Error(place_, "points outside of itself", "a sound table", kImportAgain);
}

const SiteRecord* KernelTable::find(const SeriesRecord& series, const KernelDims& dims) const {
  const std::span<const SiteRecord> all = sites(series);
  const auto at = std::lower_bound(
      all.begin(), all.end(), dims,
      [](const SiteRecord& site, const KernelDims& wanted) { return site.dims < wanted; });
  return at != all.end() && at->dims == dims ? &*at : nullptr;
}

std::vector<std::byte> kernel_table_image(const KernelTableParts& parts) {
  TableHeader header;
  std::memcpy(header.magic, kMagic, sizeof kMagic);
  header.byte_order = kByteOrder;
  header.version = kFormatVersion;
  header.machines = static_cast<std::uint32_t>(parts.machines.size());
  header.kernels = static_cast<std::uint32_t>(parts.kernels.size());
  header.series = static_cast<std::uint32_t>(parts.series.size());
  header.sites = static_cast<std::uint32_t>(parts.sites.size());
  header.rows = parts.rows.size();
  header.string_bytes = parts.strings.size();
  std::vector<std::byte> image(sizeof header);
  append(image, parts.machines);
  append(image, parts.kernels);
  append(image, parts.series);
  append(image, parts.sites);
  append(image, parts.rows);
  append(image, parts.strings);
  header.file_bytes = image.size();
  header.checksum = checksum_of(std::span(image).subspan(sizeof header));
  std::memcpy(image.data(), &header, sizeof header);
  return image;
}

KernelTable with_series(const KernelTable& table, std::span<const SeriesRecord> series) {
  ensure(series.size() == table.series().size(), "a table keeps its series");
  const auto bytes = table.image();
  std::vector<std::byte> image(bytes.begin(), bytes.end());
  const auto at = reinterpret_cast<const std::byte*>(table.series().data()) - bytes.data();
  std::memcpy(image.data() + at, series.data(), series.size_bytes());
  TableHeader header;
  std::memcpy(&header, image.data(), sizeof header);
  header.checksum = checksum_of(std::span(image).subspan(sizeof header));
  std::memcpy(image.data(), &header, sizeof header);
  return KernelTable::from_image(std::move(image), table.place());
}

void write_kernel_table(const KernelTable& table, const std::string& path) {
  OutputFile file(path);
  const auto image = table.image();
  file.write({reinterpret_cast<const char*>(image.data()), image.size()});
  file.commit();
}

std::vector<KernelTable> open_kernel_tables(const std::string& folder_or_file) {
  namespace fs = std::filesystem;
  if (!fs::is_directory(folder_or_file)) return {KernelTable::open(folder_or_file)};
  std::vector<std::string> files;
  for (const auto& entry : fs::directory_iterator(folder_or_file)) {
    if (entry.path().extension() == ".kernels") files.push_back(entry.path().string());
  }
  if (files.empty()) {
    throw Error(folder_or_file, "holds no table of kernels", "a folder with files \"*.kernels\"",
                "inferbench tables import SOURCE --out " + folder_or_file + "/NAME.kernels");
  }
  std::sort(files.begin(), files.end());
  std::vector<KernelTable> tables;
  tables.reserve(files.size());
  for (const std::string& file : files) tables.push_back(KernelTable::open(file));
  return tables;
}

}  // namespace inferbench
