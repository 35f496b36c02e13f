#pragma once

#include <string>

#include "harness/kernel_tables/import.hpp"

namespace inferbench {

// One reader per format: adds the rows of one file, says how many. Each throws Error with the line
// of what it cannot use.
std::size_t import_aiconfigurator(const std::string& path, const ImportOptions& options,
                                  KernelTableBuilder& builder);
std::size_t import_vidur(const std::string& path, const ImportOptions& options,
                         KernelTableBuilder& builder);
std::size_t import_splitwise(const std::string& path, const ImportOptions& options,
                             KernelTableBuilder& builder);
std::size_t import_calibration(const std::string& path, const ImportOptions& options,
                               KernelTableBuilder& builder);
std::size_t import_nccl_tests(const std::string& path, const ImportOptions& options,
                              KernelTableBuilder& builder);
std::size_t import_nvbench(const std::string& path, const ImportOptions& options,
                           KernelTableBuilder& builder);

// Whether the table is one that import_aiconfigurator() knows, by its file name; its formats name
// the op by it ("gemm_perf.csv.gz").
bool is_aiconfigurator_table(const std::string& path);

// The GPU of a device name ("NVIDIA H100 80GB HBM3"). Throws Error when it is none of the catalog,
// or not `asked`.
HardwareSpec gpu_of_device(const std::string& device, const std::optional<HardwareSpec>& asked,
                           const std::string& place);
// The GPU asked for, else one whose name is a word of the path ("vidur/compute/h100/...").
HardwareSpec gpu_of_path(const std::string& path, const std::optional<HardwareSpec>& asked);

// What a format of aiconfigurator or a framework is called here: "bf16" for "bfloat16" and "half".
std::string canonical_format(std::string_view name);
std::string lower_case(std::string_view text);

}  // namespace inferbench
