#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/replay/fleet_options.hpp"

namespace inferbench {

// An event as typed:
//
//   fail replica=3 at=60s             recover replica=3 at=120s start=30s
//   drain replica=3 at=60s            scale_up at=60s replicas=2 start=90s
//
// with pool=decode for the decode pool of a disaggregated fleet (default: prefill, or the only
// one). Throws Error{place} for an unknown event or key, with the nearest ones, for what is missing
// and for negative times.
FleetEvent parse_fleet_event(std::string_view text, const std::string& place);

// The same from a JSON file: [{"event": "fail", "replica": 3, "at": "60s"}, ...].
std::vector<FleetEvent> read_fleet_events(const std::string& path);

// "min=1,max=8,up=20,down=2,interval=10s,cooldown=60s,start=30s"; up and down are open requests per
// replica. All but min (1), cooldown (interval), down (0: never) and start (0) must be given.
AutoscalerOptions parse_autoscaler(std::string_view text, const std::string& place);

// Throws Error for an event of a replica, or of a decode pool (of `decode` replicas; 0: none), that
// is not there.
void check_events(std::span<const FleetEvent> events, std::size_t replicas, std::size_t decode);

}  // namespace inferbench
