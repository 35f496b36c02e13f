#include "bench/cli/doctor_findings.hpp"

#include <dlfcn.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "bench/cli/doctor_cuda.hpp"
#include "harness/base/text_table.hpp"
#include "harness/timing/nvtx.hpp"
#include "kernels/collectives/mpi_world.hpp"
#include "results/host_info.hpp"

namespace inferbench {
namespace {

class Findings {
 public:
  void present(const char* group, std::string name, std::string detail) {
    list_.push_back({group, std::move(name), true, std::move(detail), ""});
  }
  void missing(const char* group, std::string name, std::string detail, std::string way_out) {
    list_.push_back({group, std::move(name), false, std::move(detail), std::move(way_out)});
  }
  void add(const std::vector<Finding>& more) {
    list_.insert(list_.end(), more.begin(), more.end());
  }
  std::vector<Finding> take() { return std::move(list_); }

 private:
  std::vector<Finding> list_;
};

std::string caches_text(const HostInfo& host) {
  std::string text;
  for (const CacheInfo& cache : host.caches) {
    if (cache.type == "Instruction") continue;
    text += (text.empty() ? "" : ", ") + std::string("L") + std::to_string(cache.level) + " " +
            std::to_string(cache.bytes / 1024) + " KiB";
  }
  return text;
}

// What one look at the clock costs, and the smallest step it makes.
std::string clock_text() {
  using Clock = std::chrono::steady_clock;
  constexpr int kReads = 10'000;
  Clock::duration step = Clock::duration::max();
  const Clock::time_point begin = Clock::now();
  Clock::time_point last = begin;
  for (int i = 0; i < kReads; ++i) {
    const Clock::time_point now = Clock::now();
    if (now > last) step = std::min(step, now - last);
    last = now;
  }
  std::string source;
  std::ifstream in("/sys/devices/system/clocksource/clocksource0/current_clocksource");
  std::getline(in, source);
  return (source.empty() ? "steady clock" : "steady clock by " + source) + ", smallest step " +
         std::to_string(step.count()) + " ns, a read costs " +
         std::to_string((last - begin).count() / kReads) + " ns";
}

void find_machine(Findings& out) {
  const HostInfo host = read_host_info();
  out.present("machine", "CPU", host.cpu);
  out.present("machine", "cores",
              std::to_string(host.allowed_cpus) + " usable of " +
                  std::to_string(host.logical_cpus) +
                  (host.virtual_machine.value_or(false) ? ", virtual machine" : ""));
  if (const std::string caches = caches_text(host); !caches.empty()) {
    out.present("machine", "caches", caches);
  }
  out.present("machine", "memory", human_bytes(static_cast<double>(host.memory_bytes)));
  out.present("machine", "system", host.distribution + ", " + host.kernel);
  out.present("machine", "clock", clock_text());
  const double load = std::atof(host.load_average.c_str());
  const bool busy = load > 0.5 * std::max(1, host.allowed_cpus);
  if (busy) {
    out.missing("machine", "quiet", "load average " + host.load_average + ": timings will be noisy",
                "wait, or stop what else runs");
  } else {
    out.present("machine", "quiet", "load average " + host.load_average);
  }
}

std::vector<std::string> cpu_flags() {
  std::ifstream in("/proc/cpuinfo");
  for (std::string line; std::getline(in, line);) {
    if (!line.starts_with("flags")) continue;
    std::istringstream words(line.substr(line.find(':') + 1));
    std::vector<std::string> flags;
    for (std::string word; words >> word;) flags.push_back(word);
    return flags;
  }
  return {};
}

void find_instruction_sets(Findings& out) {
  const std::vector<std::string> flags = cpu_flags();
  struct Set {
    const char *flag, *use;
  };
  constexpr Set kSets[] = {{"avx2", "256-bit vectors"},
                           {"fma", "fused multiply-add"},
                           {"f16c", "fp16 conversion"},
                           {"avx512f", "512-bit vectors"},
                           {"avx512bw", "512-bit bytes and words"},
                           {"avx512_vnni", "int8 dot products"},
                           {"avx512_bf16", "bf16 dot products"},
                           {"amx_int8", "int8 tiles"},
                           {"amx_bf16", "bf16 tiles"}};
  for (const Set& set : kSets) {
    if (std::find(flags.begin(), flags.end(), set.flag) != flags.end()) {
      out.present("instruction sets", set.flag, set.use);
    } else {
      out.missing("instruction sets", set.flag, set.use, "");
    }
  }
}

struct Library {
  const char *group, *name, *file, *use, *way_out;
};

constexpr Library kLibraries[] = {
    {"libraries", "OpenBLAS", "libopenblas.so.0", "fp32 GEMM to compare with",
     "apt-get install libopenblas0"},
    {"libraries", "oneDNN", "libdnnl.so.2", "int8 GEMM to compare with",
     "apt-get install libdnnl2"},
    {"libraries", "Open MPI", "libmpi.so.40", "collectives over processes",
     "apt-get install openmpi-bin libopenmpi3"},
};

void find_libraries(Findings& out) {
  for (const Library& library : kLibraries) {
    // Stays loaded: the program is about to end, and unloading is where vendor libraries fail.
    if (dlopen(library.file, RTLD_LAZY | RTLD_LOCAL) != nullptr) {
      out.present(library.group, library.name, std::string(library.file) + ": " + library.use);
    } else {
      out.missing(library.group, library.name,
                  std::string(library.file) + " not found: no " + library.use, library.way_out);
    }
  }
}

// The module that calls MPI, which lies beside the program where it was built.
void find_mpi_module(Findings& out) {
  constexpr const char* kName = "MPI module";
  const std::string path = mpi_module_path();
  if (access(path.c_str(), F_OK) != 0) {
    out.missing(
        "libraries", kName,
        path + " not built, as where CMake finds no MPI: no " + "collectives over processes",
        "apt-get install libopenmpi-dev openmpi-bin, then build again");
  } else if (dlopen(path.c_str(), RTLD_LAZY | RTLD_LOCAL) == nullptr) {
    const char* why = dlerror();
    out.missing("libraries", kName, why != nullptr ? why : path + " cannot be loaded",
                "apt-get install openmpi-bin libopenmpi3");
  } else {
    out.present("libraries", kName, path + ": bench collectives --transport mpi");
  }
}

// The first executable of that name along PATH.
std::string find_program(const std::string& name) {
  const char* path = std::getenv("PATH");
  std::istringstream folders(path != nullptr ? path : "");
  for (std::string folder; std::getline(folders, folder, ':');) {
    std::string candidate = folder;
    candidate.append("/").append(name);
    if (access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  return "";
}

void find_tools(Findings& out) {
  struct Tool {
    const char *name, *use, *way_out;
  };
  constexpr Tool kTools[] = {
      {"mpirun", "runs over several processes and hosts", "apt-get install openmpi-bin"},
      {"nvcc", "building the CUDA half", "install the CUDA Toolkit 13"},
      {"valgrind", "instruction counts", "apt-get install valgrind"},
  };
  for (const Tool& tool : kTools) {
    if (const std::string path = find_program(tool.name); !path.empty()) {
      out.present("tools", tool.name, path + ": " + tool.use);
    } else {
      out.missing("tools", tool.name, std::string("not found: no ") + tool.use, tool.way_out);
    }
  }
}

// Part of this build or not: a header, with no library to look for.
void find_nvtx(Findings& out) {
  if (nvtx_built_in()) {
    out.present("tools", "NVTX", "built in: steps and kernels are ranges in NVIDIA's profilers");
  } else {
    out.missing("tools", "NVTX", "not built in: no ranges in NVIDIA's profilers",
                "install the CUDA Toolkit 13, then build again");
  }
}

}  // namespace

std::vector<Finding> doctor_findings() {
  Findings out;
  find_machine(out);
  find_instruction_sets(out);
  find_libraries(out);
  find_mpi_module(out);
  out.add(cuda_findings());
  find_tools(out);
  find_nvtx(out);
  return out.take();
}

}  // namespace inferbench
