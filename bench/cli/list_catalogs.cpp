#include "bench/cli/list_catalogs.hpp"

#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "harness/base/text_table.hpp"
#include "harness/catalog/catalog_json.hpp"

namespace inferbench {
namespace {

using Json = nlohmann::ordered_json;

// One decimal where there is one: "989.4", "2,250".
std::string trimmed(double value) {
  return fixed(value, std::abs(value - std::round(value)) < 0.05 ? 0 : 1);
}

std::string tera(const HardwareSpec& gpu, DType type) {
  const auto found = gpu.peaks.find(type);
  return found == gpu.peaks.end() ? "-" : trimmed(found->second.count() / 1e12);
}

std::string giga(double value) {
  return trimmed(value / 1e9);
}

// "70.55B", "134.5M", "106.8K"
std::string human_count(double count) {
  if (count >= 1e12) return significant(count / 1e12, 4) + "T";
  if (count >= 1e9) return significant(count / 1e9, 4) + "B";
  if (count >= 1e6) return significant(count / 1e6, 4) + "M";
  return significant(count / 1e3, 4) + "K";
}

std::string attention_kind(const ModelSpec& model) {
  std::string kind = "GQA-" + std::to_string(model.kv_heads);
  if (model.mla) kind = "MLA";
  if (!model.mla && model.kv_heads == model.heads) kind = "MHA";
  if (!model.mla && model.kv_heads == 1 && model.heads > 1) kind = "MQA";
  if (model.sliding_window > 0) {
    kind += ", window " + std::to_string(model.sliding_window);
    if (model.sliding_window_period > 1) {
      kind += " (full every " + std::to_string(model.sliding_window_period) + ")";
    }
  }
  return kind;
}

std::string experts_kind(const ModelSpec& model) {
  if (!model.moe) return "-";
  std::string kind = std::to_string(model.moe->top_k) + " of " + std::to_string(model.moe->experts);
  if (model.moe->shared > 0) kind += " + " + std::to_string(model.moe->shared);
  return kind;
}

std::string joined_or_dash(const std::vector<std::string>& texts) {
  return texts.empty() ? "-" : joined(texts);
}

const std::set<std::string>& keys_without_source() {
  static const std::set<std::string> keys = {"name",  "aliases",       "title",
                                             "kind",  "source",        "sources",
                                             "notes", "disagreements", "confidence"};
  return keys;
}

std::string plain(const Json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

// The numbers of one entry, nested objects spelled "moe.experts".
void add_rows(TextTable& table, const Json& object, const std::string& prefix, const Json& entry) {
  for (const auto& item : object.items()) {
    if (prefix.empty() && keys_without_source().contains(item.key())) continue;
    const std::string key = prefix + item.key();
    if (item.value().is_object()) {
      add_rows(table, item.value(), key + ".", entry);
      continue;
    }
    std::string source = entry["source"].get<std::string>();
    if (entry.contains("sources") && entry["sources"].contains(key)) {
      source = entry["sources"][key].get<std::string>();
    }
    table.add({key, plain(item.value()), source});
  }
}

std::string entry_sources(const Json& entry) {
  std::string text = plain(entry["name"]) + ": " + plain(entry["title"]) + "\n";
  if (entry.contains("confidence")) text += "confidence: " + plain(entry["confidence"]) + "\n";
  if (entry.contains("kind")) text += "kind: " + plain(entry["kind"]) + "\n";
  TextTable table({"key", "value", "source"});
  add_rows(table, entry, "", entry);
  text += table.str();
  for (const Json& note : entry["notes"]) text += "  note: " + plain(note) + "\n";
  for (const Json& row : entry["disagreements"]) {
    text += "  disagrees: " + plain(row["field"]) + " is " + plain(row["catalog_value"]) +
            " here, " + plain(row["document_value"]) + " in " + plain(row["document"]) + ": " +
            plain(row["reason"]) + "\n";
  }
  return text + "\n";
}

}  // namespace

std::string model_table(const std::vector<ModelSpec>& models) {
  TextTable table({"model", "parameters", "active", "layers", "hidden", "heads", "attention",
                   "experts", "KV B/token", "context", "native", "shape", "also"});
  for (const ModelSpec& model : models) {
    table.add({model.name, human_count(total_parameters(model)),
               human_count(active_parameters(model)), std::to_string(model.layers),
               std::to_string(model.hidden), std::to_string(model.heads), attention_kind(model),
               experts_kind(model),
               with_commas(std::llround(kv_bytes_per_token(model, DType::bf16))),
               with_commas(model.context), std::string(name(model.native)), model.kind,
               joined_or_dash(model.aliases)});
  }
  return table.str() +
         "\nKV B/token: bf16, all layers, windows not considered. shape: public, assumed (not "
         "published) or synthetic.\n";
}

std::string gpu_table(const std::vector<HardwareSpec>& gpus) {
  TextTable table({"gpu", "bf16", "fp8", "fp4", "int8", "GB", "GB/s", "link", "domain", "up GB/s",
                   "out GB/s", "W", "confidence", "also"});
  for (const HardwareSpec& gpu : gpus) {
    table.add({gpu.name, tera(gpu, DType::bf16), tera(gpu, DType::fp8), tera(gpu, DType::fp4),
               tera(gpu, DType::int8), giga(gpu.memory.count()), giga(gpu.memory_bandwidth.count()),
               gpu.has_fast_link() ? gpu.link : "PCIe", std::to_string(gpu.domain_size),
               giga(gpu.scale_up.count()), giga(gpu.scale_out.count()), trimmed(gpu.power_watts),
               gpu.confidence, joined_or_dash(gpu.aliases)});
  }
  return table.str() +
         "\nDense tera-operations per second, marketed memory, link rates per GPU and one way: up "
         "inside the\nlink domain, out between domains. --sources prints where each number is "
         "from.\n";
}

std::string model_sources(const std::vector<ModelSpec>& models) {
  std::string text;
  for (const ModelSpec& model : models) text += entry_sources(catalog_json(model));
  return text;
}

std::string gpu_sources(const std::vector<HardwareSpec>& gpus) {
  std::string text;
  for (const HardwareSpec& gpu : gpus) text += entry_sources(catalog_json(gpu));
  return text;
}

}  // namespace inferbench
