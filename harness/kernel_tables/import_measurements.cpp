// What measuring programs write: our own calibrate, nccl-tests and nvbench.
#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <set>

#include "harness/base/error.hpp"
#include "harness/base/output_file.hpp"
#include "harness/catalog/json_object.hpp"
#include "harness/kernel_tables/import_formats.hpp"
#include "harness/tables/op_table.hpp"

namespace inferbench {
namespace {

using nlohmann::json;

constexpr double kPerSecond = 1e9, kMicro = 1e3;
constexpr const char* kPage = "docs/tables.md";

std::int32_t dim_of(const OpSite& site, const char* name, std::int32_t fallback = 0) {
  const auto found = site.dims.find(name);
  return found == site.dims.end() ? fallback : static_cast<std::int32_t>(found->second);
}

// Ours under the names of kernel_op_infos(); a chunk of a prompt is not a batch of prompts.
std::optional<KernelOp> op_of_site(const OpSite& site) {
  if (site.op == "prefill_attention") return KernelOp::chunk_attention;
  if (site.op == "add_shared") return KernelOp::add;
  return parse_kernel_op(site.op);
}

KernelDims dims_of_site(KernelOp op, const OpSite& site) {
  if (op == KernelOp::moe) {
    return {dim_of(site, "hidden"),   dim_of(site, "ffn"),
            dim_of(site, "top_k"),    dim_of(site, "experts"),
            dim_of(site, "ranks", 1), 1,
            dim_of(site, "gated"),    0};
  }
  if (op == KernelOp::all_reduce) return {dim_of(site, "ranks"), 1};
  KernelDims dims{};
  const KernelOpInfo& of = info(op);
  for (std::size_t i = 0; i < of.dims.size(); ++i) {
    dims[i] = dim_of(site, std::string(of.dims[i]).c_str());
  }
  return dims;
}

double rate_of_format(const MachineRates& rates, const char* format) {
  const auto found = rates.arithmetic.find(format);
  return found == rates.arithmetic.end() ? 0 : found->second * kPerSecond;
}

MachineSheet sheet_of_table(const OpTable& table) {
  MachineSheet sheet{.name = table.origin.cpu + ", " + std::to_string(table.origin.threads) +
                             (table.origin.threads == 1 ? " thread" : " threads"),
                     .rates = {}};
  if (table.origin.ranks > 1) sheet.name += ", " + std::to_string(table.origin.ranks) + " ranks";
  sheet.rates.memory_bytes_per_s = table.rates.memory * kPerSecond;
  sheet.rates.bf16_flops_per_s = rate_of_format(table.rates, "bf16");
  sheet.rates.int8_ops_per_s =
      std::max(rate_of_format(table.rates, "w8a8"), rate_of_format(table.rates, "w4a8-g128"));
  sheet.rates.fp32_flops_per_s = rate_of_format(table.rates, "fp32");
  // Caches outrun the memory that was probed: these times are not held against a roof.
  sheet.rates.memory_bytes_per_s = 0;
  return sheet;
}

}  // namespace

std::size_t import_calibration(const std::string& path, const ImportOptions& options,
                               KernelTableBuilder& builder) {
  const OpTable table = read_op_table(path);
  if (options.gpu) {
    throw Error(path, "holds times of " + table.origin.cpu, "--gpu asks for " + options.gpu->name,
                "leave --gpu away");
  }
  const MachineSheet machine = sheet_of_table(table);
  const std::uint16_t kernel = builder.kernel("inferbench calibrate");
  std::size_t added = 0;
  for (const OpCurve& curve : table.curves) {
    const auto op = op_of_site(curve.site);
    if (!op) continue;  // gather_logits: exists between threads of one process alone
    const std::uint32_t series =
        builder.series({*op, machine.name, "inferbench", table.origin.commit, curve.site.format,
                        "calibrate: " + path},
                       machine);
    const double scale = *op == KernelOp::all_reduce ? 4.0 * dim_of(curve.site, "width") : 1;
    for (const OpPoint& point : curve.points) {
      builder.add(series, {dims_of_site(*op, curve.site), point.x * scale, point.y, point.ns},
                  kernel, path);
      ++added;
    }
  }
  return added;
}

namespace {

KernelOp op_of_nccl_test(const JsonObject& root) {
  const json& args = root.array("args");
  const std::string program = args.empty() ? "" : args.front().get<std::string>();
  const std::string file = program.substr(program.rfind('/') + 1);
  const std::vector<std::pair<std::string, KernelOp>> known = {
      {"all_reduce_perf", KernelOp::all_reduce},
      {"all_gather_perf", KernelOp::all_gather},
      {"reduce_scatter_perf", KernelOp::reduce_scatter},
      {"alltoall_perf", KernelOp::all_to_all},
      {"sendrecv_perf", KernelOp::send_receive}};
  std::vector<std::string> names;
  for (const auto& [name, op] : known) {
    if (name == file) return op;
    names.push_back(name);
  }
  throw unknown_name(root.place() + ": args", "program of nccl-tests", file, names);
}

struct NcclRanks {
  HardwareSpec gpu;
  KernelDims dims{};
};

NcclRanks ranks_of_test(const JsonObject& config, const ImportOptions& options) {
  const json& devices = config.array("devices");
  std::set<std::string> hosts, names;
  for (const json& device : devices) {
    hosts.insert(device.value("hostname", ""));
    names.insert(device.value("device_info", ""));
  }
  if (names.size() != 1) {
    config.refuse("devices", "are of " + std::to_string(names.size()) + " kinds",
                  "ranks of one kind of GPU");
  }
  // Built without MPI it names the first device of nthreads * ngpus.
  const std::int64_t local = config.integer("nthreads") * config.integer("ngpus");
  const auto ranks = std::max<std::int64_t>(local, static_cast<std::int64_t>(devices.size()));
  return {gpu_of_device(*names.begin(), options.gpu, config.place()),
          {static_cast<std::int32_t>(ranks), static_cast<std::int32_t>(hosts.size())}};
}

std::string nccl_version(std::int64_t code) {
  constexpr std::int64_t kMajor = 10'000, kMinor = 100;
  return std::to_string(code / kMajor) + "." + std::to_string(code % kMajor / kMinor) + "." +
         std::to_string(code % kMinor);
}

}  // namespace

namespace {

// A key of another type than the program writes is bad input as well.
template <class Read>
std::size_t laid_out_as_expected(const std::string& path, const Read& read) {
  try {
    return read();
  } catch (const json::exception& error) {
    throw Error(path, std::string("is not laid out as expected: ") + error.what(),
                "a file as its program writes it", kPage);
  }
}

std::size_t read_nccl_tests(const std::string& path, const ImportOptions& options,
                            KernelTableBuilder& builder) {
  const json parsed = parse_json(read_file(path), path);
  const JsonObject root(parsed, path, kPage);
  const KernelOp op = op_of_nccl_test(root);
  const NcclRanks ranks = ranks_of_test(root.object("config"), options);
  const MachineSheet machine = machine_sheet(ranks.gpu);
  const std::uint16_t kernel = builder.kernel("NCCL, nccl-tests");
  const json& results = root.array("results");
  std::size_t added = 0;
  for (std::size_t i = 0; i < results.size(); ++i) {
    const JsonObject row(results[i], path + ": results/" + std::to_string(i), kPage);
    if (row.integer("size") == 0 || !row.has("out_of_place")) continue;
    const SeriesKey key{op,
                        machine.name,
                        "nccl",
                        nccl_version(root.integer("nccl_version")),
                        canonical_format(row.text("type")),
                        "nccl-tests: " + path};
    const double us = row.object("out_of_place").number("time");
    builder.add(builder.series(key, machine),
                {ranks.dims, static_cast<double>(row.integer("size")), 0, us * kMicro}, kernel,
                row.place());
    ++added;
  }
  return added;
}

constexpr const char* kMeanTag = "nv/cold/time/gpu/mean";

// nvbench writes numbers of summaries as strings.
std::optional<double> mean_seconds(const json& state) {
  for (const json& summary : state.value("summaries", json::array())) {
    if (summary.value("tag", "") != kMeanTag) continue;
    for (const json& datum : summary.value("data", json::array())) {
      if (datum.value("name", "") == "value") {
        return std::strtod(datum.value("value", "").c_str(), nullptr);
      }
    }
  }
  return std::nullopt;
}

std::map<std::string, std::string> axis_values(const json& state) {
  std::map<std::string, std::string> values;
  for (const json& axis : state.value("axis_values", json::array())) {
    values[axis.value("name", "")] = axis.value("value", "");
  }
  return values;
}

double axis_number(const std::map<std::string, std::string>& axes, std::string_view name,
                   const std::string& place) {
  const auto found = axes.find(std::string(name));
  if (found != axes.end()) return std::strtod(found->second.c_str(), nullptr);
  throw Error(place, "has no axis \"" + std::string(name) + "\"",
              "a benchmark named after an op has its dimensions as axes", kPage);
}

MeasuredRow nvbench_row(const KernelOpInfo& op, const json& state, double seconds,
                        const std::string& place) {
  const auto axes = axis_values(state);
  MeasuredRow row;
  for (std::size_t i = 0; i < op.dims.size(); ++i) {
    row.dims[i] = static_cast<std::int32_t>(axis_number(axes, op.dims[i], place));
  }
  row.x = axis_number(axes, op.x, place);
  row.y = op.y.empty() ? 0 : axis_number(axes, op.y, place);
  row.ns = seconds * kPerSecond;
  return row;
}

}  // namespace

namespace {

std::size_t read_nvbench(const std::string& path, const ImportOptions& options,
                         KernelTableBuilder& builder) {
  const json parsed = parse_json(read_file(path), path);
  const JsonObject root(parsed, path, kPage);
  const json& devices = root.array("devices");
  if (devices.size() != 1) root.refuse("devices", "are not one", "times of one GPU");
  const MachineSheet machine =
      machine_sheet(gpu_of_device(devices[0].value("name", ""), options.gpu, path));
  const std::uint16_t kernel = builder.kernel("nvbench");
  std::size_t added = 0;
  for (const json& benchmark : root.array("benchmarks")) {
    const auto op = parse_kernel_op(benchmark.value("name", ""));
    if (!op) continue;
    for (const json& state : benchmark.value("states", json::array())) {
      const auto seconds = mean_seconds(state);
      if (state.value("is_skipped", false) || !seconds) continue;
      const std::string place =
          path + ": " + benchmark.value("name", "") + " " + state.value("name", "");
      const auto axes = axis_values(state);
      const auto format = axes.find("format");
      const SeriesKey key{*op,
                          machine.name,
                          "nvbench",
                          "",
                          canonical_format(format == axes.end() ? "bf16" : format->second),
                          "nvbench: " + path};
      builder.add(builder.series(key, machine), nvbench_row(info(*op), state, *seconds, place),
                  kernel, place);
      ++added;
    }
  }
  if (added > 0) return added;
  throw Error(path, "has no benchmark named after an op", "such as \"gemm\" with axes n, k, tokens",
              kPage);
}

}  // namespace

std::size_t import_nccl_tests(const std::string& path, const ImportOptions& options,
                              KernelTableBuilder& builder) {
  return laid_out_as_expected(path, [&] { return read_nccl_tests(path, options, builder); });
}

std::size_t import_nvbench(const std::string& path, const ImportOptions& options,
                           KernelTableBuilder& builder) {
  return laid_out_as_expected(path, [&] { return read_nvbench(path, options, builder); });
}

}  // namespace inferbench
