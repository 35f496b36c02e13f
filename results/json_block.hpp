#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>

namespace inferbench {

// A part of a result file whose keys its maker chooses: a configuration, the points of a sweep.
// Immutable and cheap to copy. Keeps the slow nlohmann/json.hpp out of headers: include that in the
// .cpp that builds or reads one.
class JsonBlock {
 public:
  JsonBlock() = default;                   // nothing: the key is left out of the file
  JsonBlock(nlohmann::ordered_json json);  // NOLINT(google-explicit-constructor): reads as the JSON

  bool empty() const { return json_ == nullptr; }
  const nlohmann::ordered_json& json() const;  // null when empty

 private:
  std::shared_ptr<const nlohmann::ordered_json> json_;
};

}  // namespace inferbench
