#pragma once

#include "bench/cli/bench_machine.hpp"

namespace inferbench {

// `inferbench bench machine --device cuda`: the GPU's roofs. Throws Error for options of the CPU's
// probes, and where no kernel can run on a GPU.
ExitCode run_bench_gpu(const BenchMachineArguments& given);

}  // namespace inferbench
