#include "harness/catalog/gpu_file.hpp"

#include <nlohmann/json.hpp>

#include "harness/base/error.hpp"
#include "harness/catalog/json_object.hpp"
#include "harness/catalog/provenance.hpp"

namespace inferbench {
namespace {

void read_peaks(const JsonObject& object, HardwareSpec& gpu) {
  const JsonObject peaks = object.object("peak_dense_flops_per_s");
  for (const DType type : {DType::bf16, DType::fp8, DType::fp4, DType::int8}) {
    const std::string key(name(type));
    const auto rate = peaks.optional_number(key);
    if (rate) gpu.peaks[type] = FlopsPerSecond(*rate);
  }
  peaks.refuse_unknown();
  if (gpu.peaks.empty()) {
    object.refuse("peak_dense_flops_per_s", "is empty", "expected at least one of bf16, fp8, ...");
  }
}

void read_memory(const JsonObject& object, HardwareSpec& gpu) {
  gpu.memory = Bytes(object.number("memory_bytes"));
  // "80" for 80 GB is the slip to expect here.
  if (gpu.memory.count() < 1e8) {
    object.refuse("memory_bytes", "is below 100 MB", "the unit is bytes",
                  "write 80e9 for an 80 GB part");
  }
  if (const auto usable = object.optional_number("usable_memory_bytes")) {
    gpu.usable_memory = Bytes(*usable);
  }
  gpu.memory_bandwidth = BytesPerSecond(object.number("memory_bandwidth_bytes_per_s"));
  gpu.memory_type = object.text("memory_type", "unknown");
}

// A part without a link of its own reaches its neighbours over PCIe.
void read_links(const JsonObject& object, HardwareSpec& gpu) {
  gpu.pcie_generation = object.integer("pcie_generation", 0);
  gpu.pcie = BytesPerSecond(object.number("pcie_bytes_per_s"));
  gpu.link = object.text("link", "none");
  gpu.domain_size = object.integer("domain_gpus");
  if (gpu.domain_size < 1) {
    object.refuse("domain_gpus", "is " + std::to_string(gpu.domain_size), "expected >= 1");
  }
  gpu.full_mesh = object.boolean("full_mesh", false);
  const auto scale_up = object.optional_number("scale_up_bytes_per_s");
  if (!scale_up && gpu.has_fast_link()) {
    object.refuse("scale_up_bytes_per_s", "is missing", "the link " + gpu.link + " has a rate",
                  "give one direction, per GPU, or set \"link\": \"none\" for PCIe");
  }
  gpu.scale_up = scale_up ? BytesPerSecond(*scale_up) : gpu.pcie;
  gpu.scale_out = BytesPerSecond(object.number("scale_out_bytes_per_s"));
}

HardwareSpec read_gpu(const nlohmann::json& json, const std::string& place) {
  const JsonObject object(json, place);
  HardwareSpec gpu;
  gpu.name = object.text("name");
  object.has("schema");  // allowed, and checked by the caller
  gpu.aliases = object.texts("aliases");
  gpu.title = object.text("title", gpu.name);
  gpu.vendor = object.text("vendor", "unknown");
  gpu.architecture = object.text("architecture", "unknown");
  gpu.form_factor = object.text("form_factor", "unknown");
  gpu.source = object.text("source", place);
  gpu.confidence = object.text("confidence", "unknown");
  gpu.sources = read_sources(object);
  gpu.notes = object.texts("notes");
  gpu.disagreements = read_disagreements(object);
  read_peaks(object, gpu);
  if (const auto sparse = object.optional_number("peak_sparse_bf16_flops_per_s")) {
    gpu.sparse_bf16 = FlopsPerSecond(*sparse);
  }
  read_memory(object, gpu);
  read_links(object, gpu);
  gpu.power_watts = object.optional_number("power_watts").value_or(0.0);
  object.refuse_unknown();
  return gpu;
}

}  // namespace

std::vector<HardwareSpec> read_gpus(const std::string& text, const std::string& place) {
  const nlohmann::json json = parse_json(text, place);
  const JsonObject file(json, place);
  if (!file.has("gpus")) return {read_gpu(json, place)};
  const std::string schema = file.text("schema", "inferbench.gpus/1");
  if (schema != "inferbench.gpus/1") {
    file.refuse("schema", "is \"" + schema + "\"", "this program reads inferbench.gpus/1");
  }
  std::vector<HardwareSpec> all;
  for (const nlohmann::json& entry : file.array("gpus")) {
    all.push_back(read_gpu(entry, place + ": " + entry_name(entry, all.size())));
  }
  file.refuse_unknown();
  return all;
}

}  // namespace inferbench
