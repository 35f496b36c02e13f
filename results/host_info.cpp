#include "results/host_info.hpp"

#include <sched.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>
#include <thread>
#include <utility>

#include "results/sha256.hpp"

#if __has_include(<gnu/libc-version.h>)
#include <gnu/libc-version.h>
#endif

namespace inferbench {
namespace {

std::string trimmed(std::string text) {
  const auto space = [](char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; };
  while (!text.empty() && space(text.back())) text.pop_back();
  std::size_t begin = 0;
  while (begin < text.size() && space(text[begin])) ++begin;
  return text.substr(begin);
}

std::string first_line(const std::string& path) {
  std::ifstream in(path);
  std::string line;
  std::getline(in, line);
  return trimmed(line);
}

std::uint64_t leading_number(const std::string& text) {
  return std::strtoull(text.c_str(), nullptr, 10);
}

// One "key : value" block of /proc/cpuinfo per logical CPU.
void read_cpuinfo(const std::string& root, HostInfo& host) {
  std::ifstream in(root + "/proc/cpuinfo");
  std::set<std::pair<std::string, std::string>> cores;
  std::set<std::string> sockets;
  std::string socket = "0";
  for (std::string line; std::getline(in, line);) {
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos) continue;
    const std::string key = trimmed(line.substr(0, colon));
    const std::string value = trimmed(line.substr(colon + 1));
    if (key == "processor") ++host.logical_cpus;
    if (key == "model name") host.cpu = value;
    if (key == "microcode") host.microcode = value;
    if (key == "physical id") sockets.insert(socket = value);
    if (key == "core id") cores.insert({socket, value});
    if (key == "flags") {
      host.virtual_machine = (" " + value + " ").find(" hypervisor ") != std::string::npos;
    }
  }
  host.sockets = static_cast<int>(sockets.size());
  host.physical_cores = static_cast<int>(cores.size());
}

void read_caches(const std::string& root, HostInfo& host) {
  for (int index = 0; index < 16; ++index) {
    const std::string folder =
        root + "/sys/devices/system/cpu/cpu0/cache/index" + std::to_string(index);
    const std::string level = first_line(folder + "/level");
    if (level.empty()) break;
    const std::string size = first_line(folder + "/size");  // "32K", "1024K", "8M"
    const std::uint64_t unit = size.ends_with('K') ? 1024 : size.ends_with('M') ? 1024 * 1024 : 1;
    host.caches.push_back({.level = std::atoi(level.c_str()),
                           .type = first_line(folder + "/type"),
                           .bytes = leading_number(size) * unit});
  }
}

std::string read_distribution(const std::string& root) {
  std::ifstream in(root + "/etc/os-release");
  for (std::string line; std::getline(in, line);) {
    if (!line.starts_with("PRETTY_NAME=")) continue;
    std::string value = trimmed(line.substr(12));
    if (value.size() >= 2 && value.front() == '"') value = value.substr(1, value.size() - 2);
    return value;
  }
  return "";
}

std::uint64_t read_memory(const std::string& root) {
  std::ifstream in(root + "/proc/meminfo");
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("MemTotal:")) return leading_number(trimmed(line.substr(9))) * 1024;
  }
  return 0;
}

std::string read_load_average(const std::string& root) {
  std::istringstream fields(first_line(root + "/proc/loadavg"));
  std::string one, five, fifteen;
  fields >> one >> five >> fifteen;
  return fifteen.empty() ? "" : one + " " + five + " " + fifteen;
}

// CPUs after affinity and, under cgroup v2, the quota ("200000 100000" is two).
int read_allowed_cpus(const std::string& root) {
  int allowed = static_cast<int>(std::thread::hardware_concurrency());
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) allowed = CPU_COUNT(&set);
  std::istringstream quota(first_line(root + "/sys/fs/cgroup/cpu.max"));
  double used = 0, period = 0;
  if (quota >> used >> period && used > 0 && period > 0) {
    allowed = std::min(allowed, std::max(1, static_cast<int>(used / period)));
  }
  return allowed;
}

std::string glibc_version() {
#ifdef __GLIBC__
  return gnu_get_libc_version();
#else
  return "";
#endif
}

std::string host_name_hash() {
  char name[256] = {};
  if (gethostname(name, sizeof name - 1) != 0) return "";
  return sha256_hex(std::string("inferbench host ") + name).substr(0, 16);
}

}  // namespace

HostInfo read_host_info(const std::string& root) {
  HostInfo host;
  read_cpuinfo(root, host);
  read_caches(root, host);
  host.governor = first_line(root + "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor");
  host.distribution = read_distribution(root);
  host.memory_bytes = read_memory(root);
  host.load_average = read_load_average(root);
  host.allowed_cpus = read_allowed_cpus(root);
  host.glibc = glibc_version();
  host.name_hash = host_name_hash();
  utsname system{};
  if (uname(&system) == 0) {
    host.kernel = std::string(system.sysname) + " " + system.release;
    host.architecture = system.machine;
  }
  host.settings = read_host_settings(root);
  host.variables = read_host_variables();
  host.state = read_host_state(root);
  return host;
}

}  // namespace inferbench
