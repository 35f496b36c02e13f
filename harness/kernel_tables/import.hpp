#pragma once

#include <optional>
#include <string>
#include <vector>

#include "harness/catalog/hardware_spec.hpp"
#include "harness/kernel_tables/table_builder.hpp"

namespace inferbench {

struct ImportOptions {
  std::string format = "auto";  // one of import_formats()
  // Machine of the rows, where the file does not say, or the one asked for: a file of another one
  // is refused.
  std::optional<HardwareSpec> gpu;
};

struct ImportFormat {
  const char* name;
  const char* what;
};
// aiconfigurator, vidur, splitwise, calibrate, nccl-tests, nvbench
const std::vector<ImportFormat>& import_formats();

// What became of a file.
struct ImportedFile {
  std::string path, format;
  std::size_t rows = 0;
  std::string skipped;  // why, when it was
};

// Adds the rows of `path`, or of every *.csv, *.csv.gz and *.json under that folder, by name. Files
// of no known format are skipped with a reason when found in a folder, and an Error when named.
std::vector<ImportedFile> import_tables(const std::string& path, const ImportOptions& options,
                                        KernelTableBuilder& builder);

}  // namespace inferbench
