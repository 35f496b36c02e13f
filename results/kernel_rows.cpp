#include "results/kernel_rows.hpp"

#include <array>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

#include "harness/base/error.hpp"
#include "results/json_numbers.hpp"

namespace inferbench {
namespace {

using nlohmann::ordered_json;

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
constexpr double kUnbounded = std::numeric_limits<double>::infinity();

ordered_json check_json(const RowCheck& check) {
  ordered_json out = {{"pass", check.pass}};
  put_number(out, "worst", check.worst, "");
  out["tolerance"] = check.tolerance;
  out["compared"] = json_integer(check.compared);
  out["wrong"] = json_integer(check.wrong);
  out["unwritten"] = json_integer(check.unwritten);
  return out;
}

ordered_json timing_json(const RowTiming& timing) {
  ordered_json out = {{"clock", timing.clock},
                      {"median_ns", timing.median_ns},
                      {"low_ns", timing.low_ns},
                      {"high_ns", timing.high_ns},
                      {"confidence", timing.confidence},
                      {"stop", timing.stop},
                      {"runs_per_sample", timing.runs_per_sample},
                      {"warm_up_runs", timing.warm_up_runs},
                      {"copies", timing.copies},
                      {"visits", timing.visits},
                      {"preempted_share", timing.preempted_share},
                      {"wall_ns", timing.wall_ns}};
  if (timing.device_ns.empty()) {
    out["cpu_ns"] = timing.cpu_ns;
  } else {
    out["device_ns"] = timing.device_ns;
  }
  return out;
}

// The clocks of a device by their keys, for writing and for reading.
constexpr std::pair<const char*, std::optional<double> RowDevice::*> kDeviceTimes[] = {
    {"event_ns", &RowDevice::event_ns},
    {"cupti_span_ns", &RowDevice::span_ns},
    {"cupti_busy_ns", &RowDevice::busy_ns},
    {"graph_ns", &RowDevice::graph_ns},
    {"traced_event_ns", &RowDevice::traced_event_ns},
    {"gap_ns", &RowDevice::gap_ns},
    {"tracing_tax", &RowDevice::tracing_tax},
    {"clock_hz", &RowDevice::clock_hz}};

ordered_json device_json(const RowDevice& device) {
  ordered_json out = {{"name", device.name}, {"timer", device.timer}};
  if (!device.fallback.empty()) out["fallback"] = device.fallback;
  for (const auto& [key, time] : kDeviceTimes) {
    if (device.*time) out[key] = *(device.*time);
  }
  out["launch_bound"] = device.launch_bound;
  out["invalid_records"] = json_integer(device.invalid_records);
  out["lost_records"] = json_integer(device.lost_records);
  out["event_samples_ns"] = device.event_samples_ns;
  out["kernels"] = ordered_json::array();
  for (const RowDevice::Kernel& kernel : device.kernels) {
    out["kernels"].push_back({{"name", kernel.name},
                              {"launches", kernel.launches},
                              {"median_ns", kernel.median_ns},
                              {"grid", kernel.grid},
                              {"block", kernel.block},
                              {"registers", kernel.registers},
                              {"shared_bytes", kernel.shared_bytes}});
  }
  return out;
}

// Few visits that disagree by much leave a ratio without a bound: 0 or infinity.
std::optional<double> bound(double value) {
  return value > 0 && std::isfinite(value) ? std::optional(value) : std::nullopt;
}

ordered_json ratio_json(const RowRatio& ratio) {
  const std::string pairs = std::to_string(ratio.pairs) + " pairs of samples do not bound it";
  ordered_json out = {{"to", ratio.to}, {"implementation", ratio.implementation}};
  put_number(out, "speedup", bound(ratio.speedup), pairs);
  put_number(out, "low", bound(ratio.low), pairs);
  put_number(out, "high", bound(ratio.high), pairs);
  out["pairs"] = json_integer(ratio.pairs);
  return out;
}

ordered_json ratios_json(const std::vector<RowRatio>& ratios) {
  ordered_json out = ordered_json::array();
  for (const RowRatio& ratio : ratios) out.push_back(ratio_json(ratio));
  return out;
}

template <class Map>
ordered_json map_json(const Map& map) {
  ordered_json out = ordered_json::object();
  for (const auto& [key, value] : map) out[key] = value;
  return out;
}

void put_identity(ordered_json& out, const KernelRow& row) {
  out["id"] = row_id(row);
  out["op"] = row.op;
  out["format"] = row.format;
  out["axes"] = map_json(row.axes);
  out["tags"] = map_json(row.tags);
  out["implementation"] = row.implementation;
  out["provider"] = row.provider;
  if (!row.version.empty()) out["version"] = row.version;
  out["threads"] = row.threads;
  out["cache"] = row.cache;
  out["fill"] = row.fill;
  out["seed"] = json_integer(row.seed);
  out["fidelity"] = row.fidelity;
}

void put_work(ordered_json& out, const KernelRow& row, const std::string& why) {
  put_number(out, "flops", row.flops, why);
  put_number(out, "read_bytes", row.read_bytes, why);
  put_number(out, "written_bytes", row.written_bytes, why);
  put_number(out, "intensity_flop_per_byte", row.intensity(), "no bytes are moved");
}

std::optional<double> number(const ordered_json& object, const char* key) {
  const auto found = object.find(key);
  return found == object.end() ? std::nullopt : std::optional(found->get<double>());
}

RowStatus status_from(const std::string& text) {
  for (const RowStatus status : {RowStatus::timed, RowStatus::failed, RowStatus::skipped}) {
    if (text == name(status)) return status;
  }
  ensure(false, "a row that passed the schema has a known status");
  return RowStatus::skipped;
}

RowCheck check_from(const ordered_json& json) {
  return {.pass = json.at("pass"),
          .worst = number(json, "worst").value_or(kUnknown),
          .tolerance = json.at("tolerance"),
          .compared = read_unsigned(json.at("compared")),
          .wrong = read_unsigned(json.at("wrong")),
          .unwritten = read_unsigned(json.at("unwritten"))};
}

RowTiming timing_from(const ordered_json& json) {
  RowTiming timing;
  timing.clock = json.at("clock");
  timing.median_ns = json.at("median_ns");
  timing.low_ns = json.at("low_ns");
  timing.high_ns = json.at("high_ns");
  timing.confidence = json.at("confidence");
  timing.stop = json.at("stop");
  timing.runs_per_sample = json.value("runs_per_sample", std::int64_t{1});
  timing.warm_up_runs = json.value("warm_up_runs", std::int64_t{0});
  timing.copies = json.value("copies", std::int64_t{1});
  timing.visits = json.value("visits", std::int64_t{1});
  timing.preempted_share = json.value("preempted_share", 0.0);
  timing.wall_ns = json.at("wall_ns").get<std::vector<double>>();
  timing.cpu_ns = json.value("cpu_ns", std::vector<double>());
  timing.device_ns = json.value("device_ns", std::vector<double>());
  return timing;
}

RowDevice device_from(const ordered_json& json) {
  RowDevice device;
  device.name = json.at("name");
  device.timer = json.at("timer");
  device.fallback = json.value("fallback", std::string());
  for (const auto& [key, time] : kDeviceTimes) device.*time = number(json, key);
  device.launch_bound = json.at("launch_bound");
  device.invalid_records = read_unsigned(json.at("invalid_records"));
  device.lost_records = read_unsigned(json.at("lost_records"));
  device.event_samples_ns = json.at("event_samples_ns").get<std::vector<double>>();
  for (const ordered_json& kernel : json.at("kernels")) {
    device.kernels.push_back({.name = kernel.at("name"),
                              .launches = kernel.at("launches"),
                              .median_ns = kernel.at("median_ns"),
                              .grid = kernel.at("grid").get<std::array<std::int32_t, 3>>(),
                              .block = kernel.at("block").get<std::array<std::int32_t, 3>>(),
                              .registers = kernel.at("registers"),
                              .shared_bytes = kernel.at("shared_bytes")});
  }
  return device;
}

}  // namespace

ordered_json kernel_row_json(const KernelRow& row) {
  ordered_json out;
  put_identity(out, row);
  out["status"] = name(row.status);
  if (!row.reason.empty()) out["reason"] = row.reason;
  const std::string why = row.reason.empty() ? "not known for this op" : row.reason;
  if (row.check) out["check"] = check_json(*row.check);
  put_work(out, row, why);
  if (row.timing) out["timing"] = timing_json(*row.timing);
  if (row.device) out["device"] = device_json(*row.device);
  put_number(out, "gflop_per_s", row.gflop_per_s(), why);
  put_number(out, "gb_per_s", row.gb_per_s(), why);
  if (row.roof) {
    out["roof"] = {{"probe", row.roof->probe},
                   {"unit", row.roof->unit},
                   {"rate", row.roof->rate},
                   {"share", row.roof->share}};
  }
  out["ratios"] = ratios_json(row.ratios);
  if (!row.metrics.empty()) out["metrics"] = map_json(row.metrics);
  out["suspect"] = row.suspect;
  return out;
}

KernelRow kernel_row_from(const ordered_json& json) {
  KernelRow row;
  row.op = json.at("op");
  row.format = json.at("format");
  for (const auto& [axis, size] : json.at("axes").items()) row.axes[axis] = size;
  for (const auto& [tag, value] : json.at("tags").items()) row.tags[tag] = value;
  row.implementation = json.at("implementation");
  row.provider = json.at("provider");
  row.version = json.value("version", std::string());
  row.threads = json.at("threads");
  row.cache = json.at("cache");
  row.fill = json.at("fill");
  row.seed = read_unsigned(json.at("seed"));
  row.fidelity = json.at("fidelity");
  row.status = status_from(json.at("status"));
  row.reason = json.value("reason", std::string());
  if (json.contains("check")) row.check = check_from(json.at("check"));
  row.flops = number(json, "flops");
  row.read_bytes = number(json, "read_bytes");
  row.written_bytes = number(json, "written_bytes");
  if (json.contains("timing")) row.timing = timing_from(json.at("timing"));
  if (json.contains("device")) row.device = device_from(json.at("device"));
  if (json.contains("roof")) {
    const ordered_json& roof = json.at("roof");
    row.roof = {.probe = roof.at("probe"),
                .unit = roof.at("unit"),
                .rate = roof.at("rate"),
                .share = roof.at("share")};
  }
  for (const ordered_json& ratio : json.at("ratios")) {
    row.ratios.push_back({.to = ratio.at("to"),
                          .implementation = ratio.at("implementation"),
                          .speedup = number(ratio, "speedup").value_or(kUnknown),
                          .low = number(ratio, "low").value_or(0),
                          .high = number(ratio, "high").value_or(kUnbounded),
                          .pairs = read_unsigned(ratio.at("pairs"))});
  }
  if (json.contains("metrics")) {
    for (const auto& [key, value] : json.at("metrics").items()) row.metrics[key] = value;
  }
  for (const ordered_json& text : json.at("suspect")) row.suspect.push_back(text);
  return row;
}

}  // namespace inferbench
