#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "harness/sweep/frontier.hpp"
#include "harness/sweep/sweep_point.hpp"

namespace inferbench {

// {"parallel": "TP2EP16PP2", "chunk_tokens": 896, "fits": true, "tokens_per_s_user": ...,
//  "tokens_per_s_gpu": ..., "ttft_s": ..., "tpot_s": ..., "stage_s": ..., "decodes_per_rank": ...,
//  "memory_needed_bytes": ..., "memory_available_bytes": ..., "weights_bytes": ..., "kv_bytes":
//  ...}
// and "load", "why_not" or "measured_share" where there is one. Numbers survive the way back bit
// for bit.
nlohmann::ordered_json point_json(const SweepPoint& point);

// Throws Error, naming `place`, when a key is missing or odd.
SweepPoint point_from_json(const nlohmann::ordered_json& json, const std::string& place);

// {"max_ttft_s": 2, "min_tokens_per_s_user": 15}; absent limits are left out.
nlohmann::ordered_json limits_json(const SweepLimits& limits);

// What the points add up to, by index into them: frontier, best point under the limits, and for
// both the configurations that are as good within 1 %.
nlohmann::ordered_json findings_json(std::span<const SweepPoint> points, const SweepLimits& limits);

}  // namespace inferbench
