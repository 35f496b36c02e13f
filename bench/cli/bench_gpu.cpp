#include "bench/cli/bench_gpu.hpp"

#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "bench/cli/sweep_interrupt.hpp"
#include "harness/base/output_file.hpp"
#include "harness/base/text_table.hpp"
#include "harness/micro/cuda_anchors.hpp"
#include "kernels/cuda/bind/session.hpp"

namespace inferbench {
namespace {

void refuse_cpu_options(const BenchMachineArguments& given) {
  const char* option = !given.threads.empty() ? "--threads" : !given.only.empty() ? "--only" : "";
  if (option[0] == '\0') return;
  throw Error(option, "goes with the CPU's probes, not with --device cuda", "",
              "leave one of the two out");
}

TextTable anchor_table(const std::vector<CudaAnchor>& anchors) {
  TextTable table({"probe", "value", "95 % interval", "unit", "samples", "what"});
  for (const CudaAnchor& anchor : anchors) {
    table.add({anchor.name, significant(anchor.value()),
               significant(anchor.low()) + " to " + significant(anchor.high()), anchor.unit,
               std::to_string(anchor.samples_ns.size()), anchor.what});
  }
  return table;
}

nlohmann::ordered_json anchors_json(const std::vector<CudaAnchor>& anchors) {
  const InferbenchCudaDevice& device = CudaSession::open().device();
  nlohmann::ordered_json json = {
      {"schema", "inferbench.machine"}, {"version", "1.1.0"}, {"method", "measured-device"}};
  json["gpu"] = {{"name", device.name},
                 {"sm", device.sm},
                 {"multiprocessors", device.multiprocessors},
                 {"clock_hz", 1e3 * device.clock_khz},
                 {"memory_clock_hz", 1e3 * device.memory_clock_khz},
                 {"memory_bus_bits", device.memory_bus_bits},
                 {"memory_bytes", device.memory_bytes},
                 {"l2_bytes", device.l2_bytes}};
  json["probes"] = nlohmann::ordered_json::array();
  for (const CudaAnchor& anchor : anchors) {
    json["probes"].push_back({{"name", anchor.name},
                              {"unit", anchor.unit},
                              {"what", anchor.what},
                              {"rate", anchor.value()},
                              {"rate_low", anchor.low()},
                              {"rate_high", anchor.high()},
                              {"work", anchor.work},
                              {"device_ns", anchor.samples_ns}});
  }
  return json;
}

}  // namespace

ExitCode run_bench_gpu(const BenchMachineArguments& given) {
  refuse_cpu_options(given);
  const InterruptGuard guard;  // from before there is a file to be left behind
  std::unique_ptr<OutputFile> file;
  if (!given.json.empty()) file = std::make_unique<OutputFile>(given.json);
  CudaBench cuda(false);
  const std::vector<CudaAnchor> anchors = cuda_anchors(cuda, InterruptGuard::requested);
  if (file) {
    file->write(anchors_json(anchors).dump(1) + "\n");
    file->commit();
  }
  const TextTable table = anchor_table(anchors);
  if (!file || !file->is_stdout()) {
    std::cout << (given.csv ? table.csv() : cuda.bench().name + "\n\n" + table.str());
  }
  return InterruptGuard::requested() ? kInterruptedExit : ExitCode::done;
}

}  // namespace inferbench
