#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "harness/micro/points.hpp"
#include "harness/micro/row.hpp"
#include "harness/timing/sampler.hpp"

namespace inferbench {

// What a run finds in the caches.
enum class CachePolicy {
  hot,           // what the run before left: the same inputs again
  cold,          // inputs and outputs rotate over more than the last cache holds, or it is flushed
  weights_cold,  // the same, but the activations are read before each sample, as the layer before
                 // would have left them
};
std::string_view name(CachePolicy policy);

struct DeviceBench;

struct BindOptions {
  unsigned threads = 1;
  DeviceBench* device = nullptr;  // where cases run; null: on this CPU
  CachePolicy cache = CachePolicy::hot;
  double last_cache_bytes = 32 << 20;
  std::size_t oracle_elements = 512;  // compared with the oracle, at most
  bool check = true;
};

// How many copies of a case of so many bytes take turns so that none of it is still in the last
// cache at its next turn; 0: so many that flushing the cache is cheaper.
std::int64_t rotating_copies(CachePolicy policy, double case_bytes, double last_cache_bytes);

// Bytes of the last cache of this machine; 32 MiB where it is not told.
double last_cache_bytes();

// One implementation of a case, its inputs in place as often as the cache policy asks.
struct BoundVariant {
  const Implementation* implementation = nullptr;
  RowStatus status = RowStatus::timed;  // timed: it may be
  std::string reason;
  std::optional<RowCheck> check;
  std::vector<std::unique_ptr<BoundKernel>> copies;
};

// What to do on a device for one run: `prepare` (may be empty) and `launch` only queue it.
struct DeviceWork {
  const Implementation* implementation = nullptr;
  BoundKernel* kernel = nullptr;  // the first copy
  std::function<void()> prepare, launch;
};

// A case with its inputs drawn, its implementations bound and checked. Nothing is timed here.
class BoundCase {
 public:
  // `wanted` are the implementations to bind; those that do not support the case are skipped with
  // the reason. Throws Error for a case that its op cannot make.
  BoundCase(const KernelCase& kernel, const std::vector<const Implementation*>& wanted,
            const BindOptions& options);

  const std::vector<BoundVariant>& variants() const { return variants_; }
  const Work& work() const { return work_; }

  // What is to be timed, named after its implementation, in the order of variants().
  std::vector<Subject> subjects();

  // The same on the device that the options name, for other timers.
  std::vector<DeviceWork> device_work();

 private:
  void bind(const Problem& problem, const Oracle& oracle, BoundVariant& variant);
  void bind_copies(const Problem& problem, const Oracle& oracle, BoundVariant& variant);
  bool tells_activations(BoundKernel& kernel) const;
  Subject subject(BoundVariant& variant);
  Subject device_subject(BoundVariant& variant);
  DeviceWork device_work(BoundVariant& variant);

  BindOptions options_;
  Work work_;
  std::int64_t copies_ = 1;
  std::vector<BoundVariant> variants_;
};

}  // namespace inferbench
