#include "kernels/cuda/vendor_library.hpp"

#include <dlfcn.h>
#include <glob.h>
#include <sys/stat.h>

#include <cstdlib>
#include <sstream>
#include <string_view>

namespace inferbench {
namespace {

constexpr const char* kToolkit = "install the CUDA Toolkit 13";

constexpr VendorLibrary kVendorLibraries[] = {
    {"NVML", "libnvidia-ml.so.1", "INFERBENCH_NVML", "clocks, power and temperature of GPUs",
     "comes with NVIDIA's driver"},
    {"CUPTI", "libcupti.so.13", "INFERBENCH_CUPTI", "kernel times from the device", kToolkit},
    {"cuBLASLt", "libcublasLt.so.13", "INFERBENCH_CUBLASLT", "vendor GEMM", kToolkit},
    {"cuDNN", "libcudnn.so.9", "INFERBENCH_CUDNN", "vendor attention", "install cuDNN 9"},
    {"NCCL", "libnccl.so.2", "INFERBENCH_NCCL", "vendor collectives", "install NCCL 2"},
};

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

bool is_folder(const std::string& path) {
  struct stat found = {};
  return stat(path.c_str(), &found) == 0 && S_ISDIR(found.st_mode);
}

bool is_file(const std::string& path) {
  struct stat found = {};
  return stat(path.c_str(), &found) == 0 && S_ISREG(found.st_mode);
}

void add_folders(std::vector<std::string>& to, const std::string& list, const char* file) {
  std::istringstream folders(list);
  for (std::string folder; std::getline(folders, folder, ':');) {
    if (!folder.empty()) to.push_back(folder + "/" + file);
  }
}

void add_matches(std::vector<std::string>& to, const std::string& pattern) {
  glob_t found = {};
  if (glob(pattern.c_str(), 0, nullptr, &found) == 0) {
    for (std::size_t i = 0; i < found.gl_pathc; ++i) to.emplace_back(found.gl_pathv[i]);
  }
  globfree(&found);
}

}  // namespace

std::span<const VendorLibrary> vendor_libraries() {
  return kVendorLibraries;
}

const VendorLibrary& vendor_library(const char* name) {
  for (const VendorLibrary& library : kVendorLibraries) {
    if (std::string_view(library.name) == name) return library;
  }
  return kVendorLibraries[0];
}

std::vector<std::string> vendor_candidates(const VendorLibrary& library) {
  std::vector<std::string> candidates;
  if (const std::string named = environment(library.environment); !named.empty()) {
    if (!is_folder(named) && named.find(':') == std::string::npos) return {named};
    add_folders(candidates, named, library.file);
    return candidates;
  }
  const std::string file = std::string("/") + library.file;
  add_folders(candidates, environment("INFERBENCH_CUDA_LIBRARIES"), library.file);
  candidates.emplace_back(library.file);
  if (const std::string home = environment("CUDA_HOME"); !home.empty()) {
    candidates.push_back(home + "/lib64" + file);
  }
  for (const char* folder : {"/usr/local/cuda/lib64", "/usr/local/cuda/extras/CUPTI/lib64"}) {
    candidates.push_back(folder + file);
  }
  add_matches(candidates, "/usr/local/cuda-13*/lib64" + file);
  std::vector<std::string> pythons = {"/opt/*/.venv", "/usr/local", "/usr"};
  if (const std::string venv = environment("VIRTUAL_ENV"); !venv.empty()) {
    pythons.insert(pythons.begin(), venv);
  }
  for (const std::string& python : pythons) {
    for (const char* packages : {"site-packages", "dist-packages"}) {
      std::string pattern = python;
      pattern.append("/lib/python3*/").append(packages).append("/nvidia/*/lib").append(file);
      add_matches(candidates, pattern);
    }
  }
  return candidates;
}

LoadedLibrary load_vendor_library(const VendorLibrary& library) {
  std::string why;
  for (const std::string& path : vendor_candidates(library)) {
    const bool by_loader = path.find('/') == std::string::npos;
    if (!by_loader && !is_file(path)) continue;
    if (void* handle = dlopen(path.c_str(), RTLD_LAZY | RTLD_LOCAL)) return {handle, path, ""};
    const char* error = dlerror();
    // That the loader finds no such file is the usual case; a file that fails is news.
    if (!by_loader && error != nullptr) why = error;
  }
  if (why.empty()) why = std::string(library.file) + " not found";
  return {nullptr, "", why + "; " + library.environment + "=FILE names it"};
}

}  // namespace inferbench
