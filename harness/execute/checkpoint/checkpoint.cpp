#include "harness/execute/checkpoint/checkpoint.hpp"

#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "harness/base/error.hpp"
#include "harness/base/output_file.hpp"
#include "harness/catalog/json_object.hpp"

namespace inferbench {
namespace {

constexpr const char* kOneFile = "model.safetensors";
constexpr const char* kIndex = "model.safetensors.index.json";

// What of a path there is to open.
std::string file_of(const std::string& path) {
  std::error_code ignored;
  if (!std::filesystem::is_directory(path, ignored)) return path;
  for (const char* name : {kIndex, kOneFile}) {
    const std::filesystem::path file = std::filesystem::path(path) / name;
    if (std::filesystem::exists(file, ignored)) return file.string();
  }
  throw Error(path, "has neither " + std::string(kOneFile) + " nor " + kIndex,
              "a folder of weights has one of them", "name the file itself");
}

}  // namespace

Checkpoint::Checkpoint(const std::string& path) : path_(path) {
  const std::string file = file_of(path);
  if (file.ends_with(".json")) {
    open_index(file);
  } else {
    open(file);
  }
}

void Checkpoint::open(const std::string& file) {
  files_.push_back(std::make_unique<SafetensorsFile>(file));
  const SafetensorsFile& opened = *files_.back();
  for (const StoredTensor& tensor : opened.tensors()) {
    const auto [other, added] = tensors_.insert({tensor.name, {&tensor, &opened}});
    if (added) continue;
    throw Error(file + ": \"" + tensor.name + "\"", "is in " + other->second.file->path() + " too",
                "a tensor is in one shard");
  }
}

void Checkpoint::open_index(const std::string& index) {
  const nlohmann::json json = parse_json(read_file(index), index);
  const JsonObject map = JsonObject(json, index).object("weight_map");
  std::map<std::string, std::string> where;
  std::set<std::string> shards;
  for (const std::string& name : map.keys()) {
    const std::string shard = map.text(name);
    if (std::filesystem::path(shard).filename().string() != shard) {
      map.refuse(name, "is in \"" + shard + "\"", "shards lie beside their index");
    }
    where[name] = shard;
    shards.insert(shard);
  }
  const std::filesystem::path folder = std::filesystem::path(index).parent_path();
  for (const std::string& shard : shards) {
    const std::string file = (folder / shard).string();
    std::error_code ignored;
    if (!std::filesystem::exists(file, ignored)) {
      throw Error(file, "is missing", index + " has tensors in it",
                  "fetch all shards of the model");
    }
    open(file);
  }
  for (const auto& [name, shard] : where) {
    const auto found = tensors_.find(name);
    if (found != tensors_.end() &&
        std::filesystem::path(found->second.file->path()).filename() == shard) {
      continue;
    }
    map.refuse(name, "is not in " + shard, "the index names the shard of every tensor",
               "fetch index and shards of one revision");
  }
}

const StoredTensor* Checkpoint::find(const std::string& name) const {
  const auto found = tensors_.find(name);
  return found == tensors_.end() ? nullptr : found->second.tensor;
}

std::string Checkpoint::place(const std::string& name) const {
  const auto found = tensors_.find(name);
  const std::string& file = found == tensors_.end() ? path_ : found->second.file->path();
  return file + ": \"" + name + "\"";
}

std::vector<std::string> Checkpoint::names() const {
  std::vector<std::string> names;
  for (const auto& [name, entry] : tensors_) names.push_back(name);
  return names;
}

}  // namespace inferbench
