#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "bench/cli/replay_options.hpp"
#include "bench/cli/replay_report.hpp"
#include "harness/measured/cpu_setup.hpp"

namespace inferbench {

// What a result and a report say of a model that was executed on this host, whole or in part.

bool on_wall_clock(const CpuSetup& setup);
std::string digest_text(std::uint64_t digest);          // 16 hexadecimal digits
std::string executed_precision(const CpuSetup& setup);  // "bf16 weights (random), bf16 KV"
// RunResult::configuration. `weight_bytes`: packed, of what was executed; `gpu`: that executed it,
// or "cpu".
nlohmann::ordered_json executed_configuration(const ReplayArguments& given, const CpuSetup& setup,
                                              const ReplayOutcome& outcome,
                                              std::size_t weight_bytes,
                                              const std::string& gpu = "cpu");

}  // namespace inferbench
