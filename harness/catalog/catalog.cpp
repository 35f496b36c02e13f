#include "harness/catalog/catalog.hpp"

#include <filesystem>
#include <nlohmann/json.hpp>

#include "harness/base/embedded_file.hpp"
#include "harness/base/error.hpp"
#include "harness/base/output_file.hpp"
#include "harness/catalog/gpu_file.hpp"
#include "harness/catalog/hf_config.hpp"
#include "harness/catalog/json_object.hpp"
#include "harness/catalog/model_file.hpp"

namespace inferbench {

const std::vector<EmbeddedFile>& catalog_files();  // generated: data/models.json, data/gpus.json

namespace {

std::string catalog_text(std::string_view name) {
  for (const EmbeddedFile& file : catalog_files()) {
    if (file.name == name) return std::string(file.text);
  }
  throw std::logic_error("no embedded file " + std::string(name));
}

// Lower case; spaces and underscores become dashes.
std::string plain(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == ' ' || c == '_') {
      out += '-';
    } else {
      out += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
  }
  return out;
}

template <class Spec>
const Spec* by_name(const std::vector<Spec>& all, const std::string& what) {
  const std::string wanted = plain(what);
  for (const Spec& spec : all) {
    if (plain(spec.name) == wanted || plain(spec.title) == wanted) return &spec;
    for (const std::string& alias : spec.aliases) {
      if (plain(alias) == wanted) return &spec;
    }
  }
  return nullptr;
}

// Catalog names first; then what looks like a path, or is one.
bool names_a_file(const std::string& what) {
  std::error_code ignored;
  return what.ends_with(".json") || what.find('/') != std::string::npos ||
         std::filesystem::exists(what, ignored);
}

template <class Spec>
std::vector<std::string> names_of(const std::vector<Spec>& all) {
  std::vector<std::string> names;
  for (const Spec& spec : all) {
    names.push_back(spec.name);
    names.insert(names.end(), spec.aliases.begin(), spec.aliases.end());
  }
  return names;
}

template <class Spec>
Spec only(std::vector<Spec> all, const std::string& path, const std::string& option) {
  if (all.size() != 1) {
    throw Error(path, "holds " + std::to_string(all.size()) + " entries",
                option + " takes a file with one");
  }
  return std::move(all.front());
}

std::string config_path(const std::string& what) {
  std::error_code ignored;
  if (!std::filesystem::is_directory(what, ignored)) return what;
  const std::filesystem::path config = std::filesystem::path(what) / "config.json";
  if (!std::filesystem::exists(config, ignored)) {
    throw Error(what, "has no config.json", "a model folder is a Hugging Face checkpoint",
                "name the file, or a model of `inferbench list models`");
  }
  return config.string();
}

ModelSpec read_model_file(const std::string& what) {
  const std::string path = config_path(what);
  const std::string text = read_file(path);
  if (is_hf_config(parse_json(text, path))) return read_hf_config(text, path);
  return only(read_models(text, path), path, "--model");
}

}  // namespace

const std::vector<ModelSpec>& models() {
  static const std::vector<ModelSpec> all =
      read_models(catalog_text("data/models.json"), "models.json");
  return all;
}

const std::vector<HardwareSpec>& gpus() {
  static const std::vector<HardwareSpec> all =
      read_gpus(catalog_text("data/gpus.json"), "gpus.json");
  return all;
}

ModelSpec find_model(const std::string& what, const std::string& place) {
  if (const ModelSpec* found = by_name(models(), what)) return *found;
  if (names_a_file(what)) return read_model_file(what);
  throw unknown_name(place, "model", what, names_of(models()), "inferbench list models");
}

HardwareSpec find_gpu(const std::string& what, const std::string& place) {
  if (const HardwareSpec* found = by_name(gpus(), what)) return *found;
  if (names_a_file(what)) return only(read_gpus(read_file(what), what), what, place);
  throw unknown_name(place, "GPU", what, names_of(gpus()), "inferbench list gpus");
}

}  // namespace inferbench
