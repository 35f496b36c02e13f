#include <algorithm>
#include <nlohmann/json.hpp>

#include "harness/base/error.hpp"
#include "harness/base/output_file.hpp"
#include "harness/catalog/json_object.hpp"
#include "harness/tables/op_table.hpp"
#include "kernels/attention/kv_cache.hpp"
#include "kernels/gemm/format.hpp"

namespace inferbench {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

constexpr const char* kTableSchema = "inferbench.op-table/1";
constexpr const char* kMeasureAgain = "inferbench calibrate writes such files";
constexpr double kPerSecond = 1e9;

ordered_json point_json(const TableOp& op, const OpPoint& point) {
  ordered_json out;
  out[op.x] = static_cast<std::int64_t>(point.x);
  if (!op.y.empty()) out[op.y] = static_cast<std::int64_t>(point.y);
  out["ns"] = point.ns;
  out["low_ns"] = point.low_ns;
  out["high_ns"] = point.high_ns;
  out["samples"] = point.samples;
  return out;
}

ordered_json curve_json(const OpCurve& curve) {
  const TableOp* const op = find_table_op(curve.site.op);
  ensure(op != nullptr, "a table's ops are known");
  ordered_json out = {{"op", curve.site.op}, {"format", curve.site.format}};
  for (const std::string& dim : op->dims) out["dims"][dim] = curve.site.dims.at(dim);
  for (const OpPoint& point : curve.points) out["points"].push_back(point_json(*op, point));
  return out;
}

TableOrigin read_origin(const JsonObject& object) {
  TableOrigin origin{.cpu = object.text("cpu"),
                     .isa = object.text("isa"),
                     .threads = 1,
                     .ranks = 1,
                     .compiler = object.text("compiler"),
                     .commit = object.has("commit") ? object.text("commit") : "",
                     .measured_utc = object.text("measured_utc")};
  const auto count = [&](const char* key) {
    const std::int64_t value = object.integer(key);
    if (value < 1 || value > 4096) {
      object.refuse(key, "is " + std::to_string(value), "from 1 to 4096", kMeasureAgain);
    }
    return static_cast<unsigned>(value);
  };
  origin.threads = count("threads");
  origin.ranks = count("ranks");
  object.refuse_unknown();
  return origin;
}

MachineRates read_rates(const JsonObject& object) {
  MachineRates rates;
  rates.memory = object.number("memory_bytes_per_s") / kPerSecond;
  const JsonObject arithmetic = object.object("arithmetic_ops_per_s");
  for (const std::string& format : arithmetic.keys()) {
    rates.arithmetic[format] = arithmetic.number(format) / kPerSecond;
  }
  if (!rates.arithmetic.contains("fp32")) {
    arithmetic.refuse("fp32", "is missing", "the rate that attention is held against",
                      kMeasureAgain);
  }
  object.refuse_unknown();
  return rates;
}

double read_size(const JsonObject& object, const std::string& key, std::int64_t least) {
  const std::int64_t size = object.integer(key);
  if (size < least || size > 1'000'000'000) {
    object.refuse(key, "is " + std::to_string(size),
                  "a size from " + std::to_string(least) + " to 1,000,000,000", kMeasureAgain);
  }
  return static_cast<double>(size);
}

OpPoint read_point(const JsonObject& object, const TableOp& op) {
  OpPoint point;
  point.x = read_size(object, op.x, 1);
  if (!op.y.empty()) point.y = read_size(object, op.y, 0);
  point.ns = object.number("ns");
  point.low_ns = object.number("low_ns");
  point.high_ns = object.number("high_ns");
  point.samples = static_cast<std::uint64_t>(read_size(object, "samples", 1));
  if (point.low_ns > point.ns || point.ns > point.high_ns) {
    object.refuse("ns", "lies outside of low_ns to high_ns", "an interval holds its median",
                  kMeasureAgain);
  }
  object.refuse_unknown();
  return point;
}

std::vector<std::string> formats_of(const TableOp& op) {
  if (op.op_class == OpClass::attention) return kv_formats();
  if (op.op_class != OpClass::gemm && op.op_class != OpClass::moe) return {"fp32"};
  std::vector<std::string> names;
  for (const GemmFormat& format : gemm_formats()) names.push_back(format.name);
  return names;
}

bool may_be_zero(const std::string& dim) {
  return dim == "window" || dim == "bias" || dim == "head_norm" || dim == "gated";
}

OpSite read_site(const JsonObject& object) {
  OpSite site;
  site.op = object.text("op");
  const TableOp* const op = find_table_op(site.op);
  if (op == nullptr) {
    std::vector<std::string> names;
    for (const TableOp& known : table_ops()) names.push_back(known.name);
    throw unknown_name(object.place() + ": \"op\"", "op", site.op, names);
  }
  site.format = object.text("format");
  const std::vector<std::string> formats = formats_of(*op);
  if (std::find(formats.begin(), formats.end(), site.format) == formats.end()) {
    throw unknown_name(object.place() + ": \"format\"", "format", site.format, formats);
  }
  const JsonObject dims = object.object("dims");
  for (const std::string& dim : op->dims) {
    site.dims[dim] = static_cast<std::int64_t>(read_size(dims, dim, may_be_zero(dim) ? 0 : 1));
  }
  dims.refuse_unknown();
  return site;
}

void read_curve(const JsonObject& object, OpTable& table) {
  const OpSite site = read_site(object);
  const TableOp& op = *find_table_op(site.op);
  const json& points = object.array("points");
  if (points.empty()) {
    object.refuse("points", "is empty", "a curve has a point", kMeasureAgain);
  }
  if (table.find(site) != nullptr) {
    object.refuse("op", "stands there twice: " + text_of(site), "one curve per op, format and dims",
                  kMeasureAgain);
  }
  for (std::size_t i = 0; i < points.size(); ++i) {
    const JsonObject at(points[i], object.place() + ": /points/" + std::to_string(i));
    const OpPoint point = read_point(at, op);
    if (table.has(site, point.x, point.y)) {
      at.refuse(op.x, "stands there twice", "one point of each size", kMeasureAgain);
    }
    table.put(site, point);
  }
  object.refuse_unknown();
}

}  // namespace

std::string to_json_text(const OpTable& table) {
  const TableOrigin& o = table.origin;
  ordered_json out = {{"schema", kTableSchema},
                      {"machine",
                       {{"cpu", o.cpu},
                        {"isa", o.isa},
                        {"threads", o.threads},
                        {"ranks", o.ranks},
                        {"compiler", o.compiler},
                        {"measured_utc", o.measured_utc}}}};
  if (!o.commit.empty()) out["machine"]["commit"] = o.commit;
  ordered_json& rates = out["rates"];
  rates["memory_bytes_per_s"] = table.rates.memory * kPerSecond;
  for (const auto& [format, rate] : table.rates.arithmetic) {
    rates["arithmetic_ops_per_s"][format] = rate * kPerSecond;
  }
  out["curves"] = ordered_json::array();
  for (const OpCurve& curve : table.curves) out["curves"].push_back(curve_json(curve));
  return out.dump(1) + "\n";
}

OpTable parse_op_table(const std::string& text, const std::string& place) {
  const json parsed = parse_json(text, place);
  const JsonObject root(parsed, place);
  if (root.text("schema") != kTableSchema) {
    root.refuse("schema", "is " + root.text("schema"), std::string("expected ") + kTableSchema,
                kMeasureAgain);
  }
  OpTable table;
  table.origin = read_origin(root.object("machine"));
  table.rates = read_rates(root.object("rates"));
  const json& curves = root.array("curves");
  for (std::size_t i = 0; i < curves.size(); ++i) {
    read_curve(JsonObject(curves[i], place + ": /curves/" + std::to_string(i)), table);
  }
  root.refuse_unknown();
  return table;
}

OpTable read_op_table(const std::string& path) {
  return parse_op_table(read_file(path), path);
}

}  // namespace inferbench
