#include "kernels/machine/probes.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <fstream>
#include <utility>

#include "kernels/cpu/buffer.hpp"
#include "kernels/machine/arithmetic.hpp"
#include "kernels/machine/memory_traffic.hpp"

namespace inferbench {
namespace {

constexpr double kArithmeticRun = 2e8;         // operations of a run, a few milliseconds
constexpr std::size_t kMemoryRun = 64u << 20;  // bytes that a run of a cache probe moves
constexpr std::size_t kLeastMemorySet = 64u << 20;
constexpr std::size_t kSharedCacheSet = 4u << 20;

// Doubles in memory as kernels have it, huge pages included; all touched.
class Array {
 public:
  explicit Array(std::size_t bytes)
      : values_(bytes / sizeof(double) / kTrafficStep * kTrafficStep) {
    std::fill_n(values_.data(), values_.size(), 1.0);
  }
  double* data() { return values_.data(); }
  std::size_t size() const { return values_.size(); }

 private:
  Buffer<double> values_;
};

std::size_t cache_bytes(int name, std::size_t otherwise) {
  const long bytes = sysconf(name);
  return bytes > 0 ? static_cast<std::size_t>(bytes) : otherwise;
}

void keep(double value) {
  volatile double kept = value;
  (void)kept;
}

MachineProbe arithmetic_probe(const ArithmeticLoop& loop) {
  MachineProbe probe{.name = loop.name, .what = loop.what, .unit = loop.unit};
  if (const Support support = supports(loop.needs); !support.ok) {
    probe.reason = support.reason;
    return probe;
  }
  const auto iterations = static_cast<std::int64_t>(kArithmeticRun / loop.operations);
  probe.work = static_cast<double>(iterations) * loop.operations;
  probe.run = [run = loop.run, iterations] { keep(run(iterations)); };
  return probe;
}

// Four times the last cache, so that little of an array is found there on the next pass.
std::size_t memory_set() {
  const std::size_t bytes = std::max(kLeastMemorySet, 4 * shared_cache_bytes());
  return bytes / (kTrafficStep * sizeof(double)) * kTrafficStep * sizeof(double);
}

// Memory is made when a probe first asks for it, by the thread that runs it: it lies near that
// thread.
class MemoryArrays {
 public:
  explicit MemoryArrays(std::size_t bytes) : bytes_(bytes) {}

  Array& operator[](std::size_t which) const {
    auto& array = arrays_[which];
    if (!array) array = std::make_unique<Array>(bytes_);
    return *array;
  }

 private:
  std::size_t bytes_;
  mutable std::array<std::unique_ptr<Array>, 3> arrays_;
};
using SharedArrays = std::shared_ptr<std::unique_ptr<MemoryArrays>>;

MachineProbe memory_probe(const char* name, const char* what, double arrays_moved,
                          const SharedArrays& shared, void (*move)(const MemoryArrays&)) {
  const std::size_t bytes = memory_set();
  MachineProbe probe{.name = name, .what = what, .unit = "GB/s"};
  probe.work = arrays_moved * static_cast<double>(bytes);
  probe.run = [bytes, shared, move] {
    if (!*shared) *shared = std::make_unique<MemoryArrays>(bytes);
    move(**shared);
  };
  return probe;
}

MachineProbe read_probe(std::string name, std::string what, std::size_t set) {
  const std::size_t bytes = set / (kTrafficStep * sizeof(double)) * kTrafficStep * sizeof(double);
  const std::size_t passes = std::max<std::size_t>(1, kMemoryRun / bytes);
  MachineProbe probe{.name = std::move(name), .what = std::move(what), .unit = "GB/s"};
  probe.work = static_cast<double>(bytes * passes);
  probe.run = [bytes, passes, array = std::shared_ptr<Array>()]() mutable {
    if (!array) array = std::make_shared<Array>(bytes);
    double sum = 0;
    for (std::size_t pass = 0; pass < passes; ++pass) sum += read_sum(array->data(), array->size());
    keep(sum);
  };
  return probe;
}

template <double (*kRead)(const double*, std::size_t)>
void read_memory(const MemoryArrays& m) {
  keep(kRead(m[0].data(), m[0].size()));
}
void copy_memory(const MemoryArrays& m) {
  copy_streams(m[0].data(), m[1].data(), m[0].size());
  keep(m[0].data()[1]);
}
void triad_memory(const MemoryArrays& m) {
  triad_streams(m[0].data(), m[1].data(), m[2].data(), 3.0, m[0].size());
  keep(m[0].data()[1]);
}

}  // namespace

std::size_t shared_cache_bytes() {
  const std::size_t libc = cache_bytes(_SC_LEVEL3_CACHE_SIZE, 0);
  std::ifstream file("/sys/devices/system/cpu/cpu0/cache/index3/size");
  std::size_t size = 0;
  char unit = 0;
  if (!(file >> size >> unit) || size == 0 || (unit != 'K' && unit != 'M')) return libc;
  const std::size_t sysfs = size << (unit == 'K' ? 10U : 20U);
  return libc == 0 ? sysfs : std::min(libc, sysfs);
}

std::vector<MachineProbe> machine_probes() {
  std::vector<MachineProbe> probes;
  std::size_t loops = 0;
  const ArithmeticLoop* first = arithmetic_loops(loops);
  for (std::size_t i = 0; i < loops; ++i) probes.push_back(arithmetic_probe(first[i]));
  const std::size_t l1 = cache_bytes(_SC_LEVEL1_DCACHE_SIZE, 32u << 10);
  const std::size_t l2 = cache_bytes(_SC_LEVEL2_CACHE_SIZE, 512u << 10);
  probes.push_back(read_probe("read_l1", "reads of half of L1", l1 / 2));
  probes.push_back(read_probe("read_l2", "reads of half of L2", l2 / 2));
  probes.push_back(read_probe("read_l3", "reads of 4 MiB", kSharedCacheSet));
  const auto shared = std::make_shared<std::unique_ptr<MemoryArrays>>();
  const auto read = [&](const char* name, const char* what, void (*move)(const MemoryArrays&)) {
    probes.push_back(memory_probe(name, what, 1, shared, move));
  };
  read("read_memory", "reads of memory, 8 streams", read_memory<read_sum>);
  read("read_memory_1", "1 stream", read_memory<read_sum_1_stream>);
  read("read_memory_2", "2 streams", read_memory<read_sum_2_streams>);
  read("read_memory_4", "4 streams", read_memory<read_sum_4_streams>);
  probes.push_back(memory_probe("copy_memory", "a = b, 2n bytes", 2, shared, copy_memory));
  probes.push_back(memory_probe("triad_memory", "a = b + s c, 3n bytes", 3, shared, triad_memory));
  return probes;
}

}  // namespace inferbench
