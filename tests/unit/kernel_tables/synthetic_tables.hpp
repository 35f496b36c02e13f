#pragma once

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>

#include "harness/kernel_tables/table_builder.hpp"

namespace inferbench {

// A machine of round numbers: 1 TFLOP/s and 1 TB/s, 0.1 TB/s between ranks.
inline MachineSheet round_machine(const std::string& name = "round") {
  MachineSheet sheet{.name = name, .rates = {}};
  sheet.rates.memory_bytes_per_s = 1e12;
  sheet.rates.bf16_flops_per_s = 1e12;
  sheet.rates.fp8_flops_per_s = 2e12;
  sheet.rates.link_bytes_per_s = 1e11;
  return sheet;
}

inline SeriesKey gemm_series(const std::string& machine = "round",
                             const std::string& framework = "engine",
                             const std::string& format = "bf16") {
  return {KernelOp::gemm, machine, framework, "1.0", format, "synthetic"};
}

// 10 us of launch and twice the roof: 2 * 2mnk ns of a machine of 1 TFLOP/s, where n and k are
// large against m.
inline double synthetic_gemm_ns(double m, double n, double k) {
  return 10'000 + 2 * std::max(2 * m * n * k, 2 * (m * k + n * k + m * n)) / 1e3;
}

inline void add_gemms(KernelTableBuilder& builder, std::uint32_t series,
                      const std::vector<std::int32_t>& sizes, const std::vector<double>& tokens) {
  const std::uint16_t kernel = builder.kernel("synthetic");
  for (const std::int32_t n : sizes) {
    for (const std::int32_t k : sizes) {
      for (const double m : tokens) {
        builder.add(series, {{n, k}, m, 0, synthetic_gemm_ns(m, n, k)}, kernel, "synthetic");
      }
    }
  }
}

// A folder of its own that is gone afterwards.
class TableFolder {
 public:
  explicit TableFolder(const std::string& name)
      : path_(std::filesystem::temp_directory_path() / (name + "." + std::to_string(::getpid()))) {
    std::filesystem::create_directories(path_);
  }
  ~TableFolder() { std::filesystem::remove_all(path_); }
  TableFolder(const TableFolder&) = delete;
  TableFolder& operator=(const TableFolder&) = delete;

  std::string file(const std::string& name) const { return (path_ / name).string(); }
  std::string write(const std::string& name, const std::string& text) const {
    std::filesystem::create_directories((path_ / name).parent_path());
    std::ofstream(path_ / name) << text;
    return file(name);
  }
  std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

}  // namespace inferbench
