#include "bench/cli/doctor_cuda.hpp"

#include <string>

#include "harness/base/text_table.hpp"
#include "kernels/cuda/load_module.hpp"
#include "kernels/cuda/module.h"
#include "kernels/cuda/vendor_library.hpp"

namespace inferbench {
namespace {

constexpr const char* kGroup = "cuda";
constexpr int kLeastSm = 80;

std::string cuda_version(int version) {
  return "CUDA " + std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

Finding present(std::string name, std::string detail) {
  return {kGroup, std::move(name), true, std::move(detail), ""};
}

Finding missing(std::string name, std::string detail, std::string way_out) {
  return {kGroup, std::move(name), false, std::move(detail), std::move(way_out)};
}

Finding module_finding() {
  const CudaModule& module = cuda_module();
  if (!module) {
    return missing("CUDA module", module.reason + ": no measured CUDA runs",
                   "install the CUDA Toolkit 13, then build again");
  }
  return present("CUDA module",
                 module.path + ": " + std::to_string(module.table->kernel_count) + " kernels");
}

Finding driver_finding(const InferbenchCudaProbe& probe) {
  if (probe.driver_version == 0 || probe.driver_version / 1000 < probe.runtime_version / 1000) {
    return missing("driver", std::string(probe.reason) + ": no measured CUDA runs",
                   "install NVIDIA's driver for CUDA 13");
  }
  return present("driver", "for " + cuda_version(probe.driver_version) + ", the module has " +
                               cuda_version(probe.runtime_version) + " inside");
}

Finding device_finding(const InferbenchCudaTable& table, int ordinal) {
  const std::string name = "GPU " + std::to_string(ordinal);
  InferbenchCudaDevice device = {};
  if (table.device(ordinal, &device) != 0) {
    return missing(name, table.message(), "look at nvidia-smi");
  }
  const std::string text = std::string(device.name) + ", sm_" + std::to_string(device.sm) + ", " +
                           std::to_string(device.multiprocessors) + " multiprocessors, " +
                           human_bytes(static_cast<double>(device.memory_bytes)) + ", L2 " +
                           human_bytes(static_cast<double>(device.l2_bytes));
  if (device.sm < kLeastSm) {
    return missing(name, text + ": kernels need sm_80", "use an A100 or newer");
  }
  return present(name, text);
}

// Whether this process could trace kernels: another profiler would stand in the way.
Finding tracing_finding(const InferbenchCudaTable& table) {
  if (table.trace_claim() == 0) {
    return present("tracing", "CUPTI gives kernel times to this process");
  }
  return missing("tracing", std::string(table.message()) + ": times are those of events",
                 "run without another profiler, on a machine with CUPTI of CUDA 13");
}

}  // namespace

std::vector<Finding> cuda_findings() {
  std::vector<Finding> findings = {module_finding()};
  if (const CudaModule& module = cuda_module()) {
    InferbenchCudaProbe probe = {};
    module.table->probe(&probe);
    findings.push_back(driver_finding(probe));
    if (probe.devices > 0) findings.push_back(tracing_finding(*module.table));
    for (int ordinal = 0; ordinal < probe.devices; ++ordinal) {
      findings.push_back(device_finding(*module.table, ordinal));
    }
    if (probe.devices == 0) {
      findings.push_back(missing("GPU", std::string(probe.reason) + ": no measured CUDA runs",
                                 "run on a machine with an NVIDIA GPU, sm_80 or newer"));
    }
  }
  for (const VendorLibrary& library : vendor_libraries()) {
    const LoadedLibrary loaded = load_vendor_library(library);
    if (loaded.handle != nullptr) {
      findings.push_back(present(library.name, loaded.path + ": " + library.use));
    } else {
      findings.push_back(
          missing(library.name, loaded.reason + ": no " + library.use, library.way_out));
    }
  }
  return findings;
}

}  // namespace inferbench
