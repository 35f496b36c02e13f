#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "harness/execute/checkpoint/safetensors.hpp"

namespace inferbench {

// The tensors of a model, in one safetensors file or in shards with an index, as Hugging Face
// repositories hold them.
class Checkpoint {
 public:
  // `path`: a .safetensors file, an index (model.safetensors.index.json), or a folder with one of
  // them. Throws Error as SafetensorsFile does; for a folder without them, an index without
  // "weight_map", a shard that is missing or not beside its index, and tensors that are not where
  // the index has them, or in two shards.
  explicit Checkpoint(const std::string& path);

  const std::string& path() const { return path_; }
  const StoredTensor* find(const std::string& name) const;  // nullptr: not there
  std::string place(const std::string& name) const;         // "FILE: \"NAME\"", for errors
  std::vector<std::string> names() const;                   // ascending

 private:
  struct Entry {
    const StoredTensor* tensor;
    const SafetensorsFile* file;
  };

  void open(const std::string& file);
  void open_index(const std::string& index);

  std::string path_;
  std::vector<std::unique_ptr<SafetensorsFile>> files_;
  std::map<std::string, Entry> tensors_;
};

}  // namespace inferbench
