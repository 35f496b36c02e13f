#pragma once

#include <memory>
#include <string>

#include "harness/execute/ranks/ranked_model.hpp"

namespace inferbench {

// Ranks that compute models together, as the one that drives them sees them. Several models may
// share them, in turns.
class RankGroup {
 public:
  virtual ~RankGroup() = default;

  virtual int size() const = 0;
  virtual ThreadTeam& team() = 0;  // of the rank that drives
  virtual std::string transport() const = 0;

  // Throws Error as DecoderWeights does. The model refers to this group.
  virtual std::unique_ptr<RankedModel> build(const ModelPlan& plan) = 0;

  // Moved between ranks so far by what they computed.
  virtual std::uint64_t wire_bytes() = 0;
};

}  // namespace inferbench
