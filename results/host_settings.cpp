#include "results/host_settings.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <utility>

#include "results/command_line.hpp"
#include "results/sha256.hpp"

namespace inferbench {
namespace {

std::string file_text(const std::string& path) {
  std::ifstream in(path);
  std::string line;
  std::getline(in, line);
  while (!line.empty() && (line.back() == '\n' || line.back() == ' ')) line.pop_back();
  return line;
}

void put(HostTexts& into, const std::string& key, const std::string& value) {
  if (!value.empty()) into[key] = value;
}

// "always [madvise] never" -> "madvise"
std::string chosen(const std::string& list) {
  const std::size_t open = list.find('['), close = list.find(']');
  if (open == std::string::npos || close == std::string::npos || close < open) return list;
  return list.substr(open + 1, close - open - 1);
}

std::string on_off(const std::string& flag, bool inverted = false) {
  if (flag != "0" && flag != "1") return "";
  return (flag == "1") != inverted ? "on" : "off";
}

std::string turbo(const std::string& cpu) {
  const std::string boost = on_off(file_text(cpu + "/cpufreq/boost"));
  return boost.empty() ? on_off(file_text(cpu + "/intel_pstate/no_turbo"), true) : boost;
}

// The name of the last idle state: "C6".
std::string deepest_idle(const std::string& cpu0) {
  std::string deepest;
  for (int state = 0; state < 16; ++state) {
    const std::string folder = cpu0 + "/cpuidle/state" + std::to_string(state);
    const std::string name = file_text(folder + "/name");
    if (name.empty()) break;
    if (file_text(folder + "/disable") != "1") deepest = name;
  }
  return deepest;
}

// The extensions of which kernels here have variants.
std::string isa(const std::string& root) {
  static const std::set<std::string> told = {
      "avx",      "avx2",        "fma",         "f16c",         "avx512f",  "avx512bw",
      "avx512dq", "avx512vl",    "avx512_vnni", "avx_vnni",     "amx_tile", "amx_bf16",
      "amx_int8", "avx512_bf16", "avx512_fp16", "avx512_vbmi2", "asimd",    "asimddp",
      "sve",      "sve2",        "i8mm",        "bf16"};
  std::ifstream in(root + "/proc/cpuinfo");
  for (std::string line; std::getline(in, line);) {
    if (!line.starts_with("flags") && !line.starts_with("Features")) continue;
    std::istringstream words(line.substr(line.find(':') + 1));
    std::set<std::string> found;
    for (std::string word; words >> word;) {
      if (told.contains(word)) found.insert(word);
    }
    std::string text;
    for (const std::string& word : found) text += (text.empty() ? "" : " ") + word;
    return text;
  }
  return "";
}

void put_mitigations(const std::string& cpu, HostTexts& into) {
  std::error_code missing;
  for (const auto& entry : std::filesystem::directory_iterator(cpu + "/vulnerabilities", missing)) {
    const std::string text = file_text(entry.path().string());
    if (text != "Not affected") put(into, "mitigation_" + entry.path().filename().string(), text);
  }
}

// Kilobytes of one line of /proc/meminfo, in bytes.
std::string memory_line(const std::string& root, const std::string& key) {
  constexpr std::uint64_t kKilo = 1024;
  std::ifstream in(root + "/proc/meminfo");
  for (std::string line; std::getline(in, line);) {
    if (!line.starts_with(key + ":")) continue;
    return std::to_string(std::strtoull(line.c_str() + key.size() + 1, nullptr, 10) * kKilo);
  }
  return "";
}

std::string limit_text(int resource) {
  rlimit limit{};
  if (getrlimit(static_cast<__rlimit_resource_t>(resource), &limit) != 0) return "";
  return limit.rlim_cur == RLIM_INFINITY ? "unlimited" : std::to_string(limit.rlim_cur);
}

std::string clock_resolution() {
  timespec resolution{};
  if (clock_getres(CLOCK_MONOTONIC, &resolution) != 0) return "";
  return std::to_string(std::chrono::nanoseconds(std::chrono::seconds(resolution.tv_sec)).count() +
                        resolution.tv_nsec);
}

// Of "some avg10=1.23 avg60=...": the share of the last ten seconds, in percent.
std::string pressure(const std::string& line) {
  const std::size_t at = line.find("avg10=");
  if (at == std::string::npos) return "";
  const std::size_t begin = at + 6;
  return line.substr(begin, line.find(' ', begin) - begin);
}

// The eighth number of "cpu  user nice system idle iowait irq softirq steal ...".
std::string steal(const std::string& line) {
  constexpr int kSteal = 8;
  std::istringstream fields(line);
  std::string field;
  for (int i = 0; i <= kSteal; ++i) fields >> field;
  return fields ? field : "";
}

bool is_allowed(const std::string& name) {
  static const std::set<std::string> names = {"OMP_NUM_THREADS",
                                              "OMP_PROC_BIND",
                                              "OMP_PLACES",
                                              "OMP_SCHEDULE",
                                              "OMP_WAIT_POLICY",
                                              "OMP_DYNAMIC",
                                              "GOMP_CPU_AFFINITY",
                                              "GOMP_SPINCOUNT",
                                              "KMP_AFFINITY",
                                              "KMP_BLOCKTIME",
                                              "OPENBLAS_NUM_THREADS",
                                              "OPENBLAS_CORETYPE",
                                              "MKL_NUM_THREADS",
                                              "BLIS_NUM_THREADS",
                                              "MALLOC_ARENA_MAX",
                                              "MALLOC_TOP_PAD_",
                                              "GLIBC_TUNABLES",
                                              "LD_PRELOAD",
                                              "LD_BIND_NOW",
                                              "CUDA_VISIBLE_DEVICES",
                                              "CUDA_LAUNCH_BLOCKING",
                                              "CUDA_MODULE_LOADING",
                                              "CUDA_DEVICE_ORDER",
                                              "CUDA_DEVICE_MAX_CONNECTIONS",
                                              "NVIDIA_VISIBLE_DEVICES",
                                              "NVIDIA_TF32_OVERRIDE",
                                              "CUBLAS_WORKSPACE_CONFIG",
                                              "NCCL_ALGO",
                                              "NCCL_PROTO",
                                              "NCCL_BUFFSIZE",
                                              "NCCL_NTHREADS",
                                              "NCCL_MIN_NCHANNELS",
                                              "NCCL_MAX_NCHANNELS",
                                              "NCCL_P2P_DISABLE",
                                              "NCCL_P2P_LEVEL",
                                              "NCCL_SHM_DISABLE",
                                              "NCCL_NVLS_ENABLE",
                                              "NCCL_IB_DISABLE",
                                              "NCCL_NET_GDR_LEVEL"};
  return names.contains(name);
}

std::string harmless(const std::string& value) {
  const bool names_devices =
      value.find("GPU-") != std::string::npos || value.find("MIG-") != std::string::npos;
  if (names_devices) return "sha256:" + sha256_hex("inferbench device " + value).substr(0, 16);
  return without_paths(value);
}

}  // namespace

HostTexts read_host_settings(const std::string& root) {
  const std::string cpu = root + "/sys/devices/system/cpu", cpu0 = cpu + "/cpu0";
  const std::string kernel = root + "/proc/sys/kernel";
  HostTexts settings;
  put(settings, "cpu_base_khz", file_text(cpu0 + "/cpufreq/base_frequency"));
  put(settings, "cpu_max_khz", file_text(cpu0 + "/cpufreq/cpuinfo_max_freq"));
  put(settings, "cpufreq_driver", file_text(cpu0 + "/cpufreq/scaling_driver"));
  put(settings, "turbo", turbo(cpu));
  put(settings, "smt", on_off(file_text(cpu + "/smt/active")));
  put(settings, "deepest_idle_state", deepest_idle(cpu0));
  put(settings, "isa", isa(root));
  put_mitigations(cpu, settings);
  put(settings, "numa_nodes", file_text(root + "/sys/devices/system/node/online"));
  put(settings, "numa_balancing", file_text(kernel + "/numa_balancing"));
  put(settings, "transparent_hugepages",
      chosen(file_text(root + "/sys/kernel/mm/transparent_hugepage/enabled")));
  put(settings, "hypervisor", file_text(root + "/sys/hypervisor/type"));
  put(settings, "clocksource",
      file_text(root + "/sys/devices/system/clocksource/clocksource0/current_clocksource"));
  put(settings, "clock_resolution_ns", clock_resolution());
  put(settings, "perf_event_paranoid", file_text(kernel + "/perf_event_paranoid"));
  put(settings, "aslr", file_text(kernel + "/randomize_va_space"));
  put(settings, "swap_bytes", memory_line(root, "SwapTotal"));
  put(settings, "cpu_quota", file_text(root + "/sys/fs/cgroup/cpu.max"));
  put(settings, "limit_stack_bytes", limit_text(RLIMIT_STACK));
  put(settings, "limit_locked_bytes", limit_text(RLIMIT_MEMLOCK));
  put(settings, "limit_open_files", limit_text(RLIMIT_NOFILE));
  return settings;
}

HostTexts read_host_state(const std::string& root) {
  HostTexts state;
  put(state, "steal_ticks", steal(file_text(root + "/proc/stat")));
  put(state, "cpu_pressure_10s", pressure(file_text(root + "/proc/pressure/cpu")));
  const std::string total = memory_line(root, "SwapTotal"), free = memory_line(root, "SwapFree");
  if (!total.empty() && !free.empty()) {
    put(state, "swap_used_bytes", std::to_string(std::stoull(total) - std::stoull(free)));
  }
  put(state, "cpu_khz", file_text(root + "/sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq"));
  return state;
}

HostTexts allowed_variables(const char* const* environment) {
  HostTexts variables;
  for (; environment != nullptr && *environment != nullptr; ++environment) {
    const std::string entry = *environment;
    const std::size_t equals = entry.find('=');
    if (equals == std::string::npos || !is_allowed(entry.substr(0, equals))) continue;
    variables[entry.substr(0, equals)] = harmless(entry.substr(equals + 1));
  }
  return variables;
}

HostTexts read_host_variables() {
  return allowed_variables(environ);
}

}  // namespace inferbench
