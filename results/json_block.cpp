#include "results/json_block.hpp"

#include <nlohmann/json.hpp>

namespace inferbench {

JsonBlock::JsonBlock(nlohmann::ordered_json json)
    : json_(std::make_shared<const nlohmann::ordered_json>(std::move(json))) {}

const nlohmann::ordered_json& JsonBlock::json() const {
  static const nlohmann::ordered_json nothing;
  return json_ == nullptr ? nothing : *json_;
}

}  // namespace inferbench
