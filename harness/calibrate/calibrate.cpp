#include "harness/calibrate/calibrate.hpp"

#include <algorithm>

#include "harness/base/error.hpp"
#include "harness/base/real.hpp"
#include "harness/calibrate/host_time.hpp"
#include "harness/calibrate/timed_steps.hpp"
#include "harness/measured/cpu_setup.hpp"
#include "harness/micro/bound_case.hpp"

namespace inferbench {
namespace {

constexpr std::int64_t kHostContext = 64;

SamplerOptions sampling_of_steps(const CalibrateRequest& request) {
  SamplerOptions options;
  options.fewest = 5;
  options.most = 200;
  options.visits = 3;
  options.seed = request.seed;
  options.interrupted = request.interrupted;
  return options;
}

class Calibration {
 public:
  Calibration(const CalibrateRequest& request, OpTable& table, Stopwatch& stopwatch)
      : request_(request), table_(table), stopwatch_(stopwatch) {
    const DecoderShape whole = decoder_shape(request.model);
    ops_ = decoder_ops(whole, request.weights, request.kv, request.parallel.gpus());
    limits_ = request.limits;
    limits_.context = std::min(limits_.context, whole.context);
    limits_.step_tokens = std::min(limits_.step_tokens, whole.context);
    ModelSpec rig = request.model;
    rig.layers = rig_layers(whole, decoder_format(request.weights), last_cache_bytes());
    CpuOptions options;
    options.weights = request.weights;
    options.kv = request.kv;
    options.threads = request.threads;
    options.parallel = request.parallel;
    ServingOptions serving;
    serving.max_batch = limits_.max_batch;
    options.kv_tokens = std::max(most_kv_tokens(), limits_.max_batch * kHostContext);
    setup_ = cpu_setup(rig, options, serving, request.seed);
  }

  std::size_t run() {
    const std::size_t before = table_.points();
    time_ops();
    if (wants(OpClass::host) && !interrupted()) time_host();
    return table_.points() - before;
  }

 private:
  bool wants(OpClass op_class) const { return request_.classes.contains(op_class); }
  bool interrupted() const { return request_.interrupted && request_.interrupted(); }

  std::int64_t most_kv_tokens() const {
    std::int64_t most = 0;
    for (const ProbeStep& step : probe_steps(limits_)) {
      most = std::max(most, DecoderRig::kv_tokens(step));
    }
    return most;
  }

  bool lacks(const ProbedOp& op, const ProbeStep& step) const {
    const OpClass of = find_table_op(op.site.op)->op_class;
    if (!wants(of) || (of == OpClass::attention && !step.attention)) return false;
    return !table_.has(op.site, op.x, op.y);
  }

  // Of the grid, the steps with something in them that neither the table has nor a step before.
  std::vector<ProbeStep> missing_steps() const {
    std::vector<ProbeStep> missing;
    OpTable planned;
    for (const ProbeStep& step : probe_steps(limits_)) {
      bool adds = false;
      for (const ProbedOp& op : probed_ops(ops_, step)) {
        if (!lacks(op, step) || planned.has(op.site, op.x, op.y)) continue;
        planned.put(op.site, {.x = op.x, .y = op.y});
        adds = true;
      }
      if (adds) missing.push_back(step);
    }
    return missing;
  }

  void time_ops() {
    const std::vector<ProbeStep> steps = missing_steps();
    if (steps.empty()) return;
    ThreadRanks ranks(setup_.ranks(), setup_.threads_of_each());
    DecoderRig rig(setup_.shape, ops_, *setup_.weights, setup_.kv, request_.seed, most_kv_tokens(),
                   ranks);
    const auto run = [&](const ProbeStep& step) { return rig.run(step); };
    for (const TimedOp& timed :
         time_steps(steps, ops_, run, request_.budget, stopwatch_, sampling_of_steps(request_))) {
      if (!wants(find_table_op(timed.op.site.op)->op_class)) continue;
      if (table_.has(timed.op.site, timed.op.x, timed.op.y)) continue;
      table_.put(timed.op.site, timed.point);
    }
  }

  void time_host() {
    std::vector<std::int64_t> batches;
    for (const std::int64_t batch : {1, 4, 16, 64}) {
      if (batch <= limits_.max_batch && !table_.has(ops_.host, real(batch), 0)) {
        batches.push_back(batch);
      }
    }
    if (batches.empty()) return;
    for (const OpPoint& point : host_times(setup_, batches, request_.interrupted)) {
      table_.put(ops_.host, point);
    }
  }

  const CalibrateRequest& request_;
  OpTable& table_;
  Stopwatch& stopwatch_;
  ProbeLimits limits_;
  DecoderOps ops_;
  CpuSetup setup_;
};

}  // namespace

std::size_t calibrate(const CalibrateRequest& request, OpTable& table, Stopwatch& stopwatch) {
  return Calibration(request, table, stopwatch).run();
}

}  // namespace inferbench
