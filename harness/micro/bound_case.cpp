#include "harness/micro/bound_case.hpp"

#include <algorithm>
#include <cmath>

#include "harness/micro/device_bench.hpp"
#include "kernels/machine/probes.hpp"
#include "kernels/registry.hpp"

namespace inferbench {
namespace {

// Beyond so many copies, binding them takes longer than flushing the cache before each sample.
constexpr std::int64_t kMostCopies = 64;

RowCheck row_check(const Check& check) {
  return {.pass = check.pass,
          .worst = check.worst,
          .tolerance = check.tolerance,
          .compared = check.compared,
          .wrong = check.wrong,
          .unwritten = check.unwritten};
}

void keep(unsigned value) {
  volatile unsigned kept = value;
  (void)kept;
}

// Brings every line to the cache.
void touch(std::span<const std::byte> bytes) {
  constexpr std::size_t kLine = 64;
  unsigned sum = 0;
  for (std::size_t i = 0; i < bytes.size(); i += kLine) sum += static_cast<unsigned>(bytes[i]);
  keep(sum);
}

// Memory that takes the place of everything else in the last cache.
std::shared_ptr<const std::vector<std::byte>> flusher(double cache_bytes) {
  return std::make_shared<const std::vector<std::byte>>(static_cast<std::size_t>(2 * cache_bytes),
                                                        std::byte{1});
}

}  // namespace

std::string_view name(CachePolicy policy) {
  switch (policy) {
    case CachePolicy::cold:
      return "cold";
    case CachePolicy::weights_cold:
      return "weights-cold";
    case CachePolicy::hot:
      break;
  }
  return "hot";
}

std::int64_t rotating_copies(CachePolicy policy, double case_bytes, double last_cache_bytes) {
  if (policy == CachePolicy::hot || case_bytes >= 4 * last_cache_bytes) return 1;
  // What lies between two turns of a copy is twice the cache.
  const double copies = std::ceil(2 * last_cache_bytes / std::max(1.0, case_bytes)) + 1;
  return copies > static_cast<double>(kMostCopies) ? 0 : static_cast<std::int64_t>(copies);
}

double last_cache_bytes() {
  const std::size_t bytes = shared_cache_bytes();
  return bytes > 0 ? static_cast<double>(bytes) : 32.0 * 1024 * 1024;
}

BoundCase::BoundCase(const KernelCase& kernel, const std::vector<const Implementation*>& wanted,
                     const BindOptions& options)
    : options_(options) {
  const std::unique_ptr<Problem> problem = kernel_op(kernel.op).problem(kernel);
  if (options.device != nullptr) problem->round_for_device();
  work_ = problem->work();
  copies_ = rotating_copies(options.cache, work_.bytes().count(), options.last_cache_bytes);
  const Oracle oracle = options.check ? problem->oracle(options.oracle_elements) : Oracle{};
  for (const Implementation* implementation : wanted) {
    BoundVariant variant;
    variant.implementation = implementation;
    if (const Support support = supports(*implementation, kernel); !support.ok) {
      variant.status = RowStatus::skipped;
      variant.reason = support.reason;
    } else {
      bind(*problem, oracle, variant);
    }
    variants_.push_back(std::move(variant));
  }
}

void BoundCase::bind(const Problem& problem, const Oracle& oracle, BoundVariant& variant) {
  try {
    bind_copies(problem, oracle, variant);
  } catch (const CannotBind& reason) {
    variant.copies.clear();
    variant.status = RowStatus::skipped;
    variant.reason = reason.what();
  }
}

bool BoundCase::tells_activations(BoundKernel& kernel) const {
  return options_.device != nullptr ? kernel.read_activations() : !kernel.activations().empty();
}

void BoundCase::bind_copies(const Problem& problem, const Oracle& oracle, BoundVariant& variant) {
  variant.copies.push_back(variant.implementation->bind(problem, options_.threads));
  BoundKernel& first = *variant.copies.front();
  if (options_.check) {
    const Check checked = inferbench::check(first, oracle, variant.implementation->relative_error);
    variant.check = row_check(checked);
    if (!checked.pass) {
      variant.status = RowStatus::failed;
      variant.reason = checked.reason;
      return;
    }
  }
  if (options_.cache == CachePolicy::weights_cold && !tells_activations(first)) {
    variant.status = RowStatus::skipped;
    variant.reason = "does not tell activations from weights; --cache cold runs it";
    return;
  }
  while (static_cast<std::int64_t>(variant.copies.size()) < copies_) {
    variant.copies.push_back(variant.implementation->bind(problem, options_.threads));
  }
}

std::vector<Subject> BoundCase::subjects() {
  std::vector<Subject> subjects;
  for (BoundVariant& variant : variants_) {
    if (variant.status == RowStatus::timed) subjects.push_back(subject(variant));
  }
  return subjects;
}

std::vector<DeviceWork> BoundCase::device_work() {
  std::vector<DeviceWork> all;
  for (BoundVariant& variant : variants_) {
    if (variant.status == RowStatus::timed) all.push_back(device_work(variant));
  }
  return all;
}

// Copies take turns, or a read of other memory takes the place of everything in the cache: a read,
// because memory that was written would still have to leave it while the kernel runs.
DeviceWork BoundCase::device_work(BoundVariant& variant) {
  BoundKernel* first = variant.copies.front().get();
  DeviceWork work{variant.implementation, first, {}, [first] { first->launch(); }};
  if (options_.cache == CachePolicy::hot) return work;
  const bool weights_only = options_.cache == CachePolicy::weights_cold;
  if (copies_ == 0) {
    work.prepare = [device = options_.device, first, weights_only] {
      device->flush();
      if (weights_only) first->read_activations();
    };
    return work;
  }
  const auto turn = std::make_shared<std::size_t>(0);
  const auto& copies = variant.copies;
  work.prepare = [turn, &copies, weights_only] {
    *turn = (*turn + 1) % copies.size();
    if (weights_only) copies[*turn]->read_activations();
  };
  work.launch = [turn, &copies] { copies[*turn]->launch(); };
  return work;
}

Subject BoundCase::device_subject(BoundVariant& variant) {
  DeviceWork work = device_work(variant);
  Subject subject{.name = variant.implementation->name, .run = {}, .prepare = [] {}};
  DeviceTimer* const timer = options_.device->timer;
  if (options_.cache == CachePolicy::hot) {
    subject.run = [hot = std::make_shared<HotReplay>(*timer, *work.kernel)] { hot->sample(); };
    return subject;
  }
  subject.prepare = std::move(work.prepare);
  subject.run = [timer, launch = std::move(work.launch)] { timer->once(launch); };
  return subject;
}

Subject BoundCase::subject(BoundVariant& variant) {
  if (options_.device != nullptr) return device_subject(variant);
  Subject subject{.name = variant.implementation->name, .run = {}};
  BoundKernel* first = variant.copies.front().get();
  if (options_.cache == CachePolicy::hot) {
    subject.run = [first] { first->run(); };
    return subject;
  }
  const bool weights_only = options_.cache == CachePolicy::weights_cold;
  if (copies_ == 0) {
    subject.run = [first] { first->run(); };
    subject.prepare = [first, weights_only, rest = flusher(options_.last_cache_bytes)] {
      touch(*rest);
      if (weights_only) touch(first->activations());
    };
    return subject;
  }
  // Each run takes the next copy, also inside a sample.
  const auto turn = std::make_shared<std::size_t>(0);
  const auto& copies = variant.copies;
  if (weights_only) {
    subject.prepare = [turn, &copies] {
      *turn = (*turn + 1) % copies.size();
      touch(copies[*turn]->activations());
    };
    subject.run = [turn, &copies] { copies[*turn]->run(); };
  } else {
    subject.run = [turn, &copies] {
      *turn = (*turn + 1) % copies.size();
      copies[*turn]->run();
    };
  }
  return subject;
}

}  // namespace inferbench
