#pragma once

#include <string>
#include <vector>

#include "harness/base/units.hpp"

namespace inferbench {

struct MemoryPart;

// Weights kept in host memory and streamed over the host link at every step, layer by layer. The
// share is of every layer's weights alike; embedding and LM head stay on the GPU, and so does room
// for two layers' streamed weights: the one in use and the next one arriving.
//
// Source: ZeRO-Inference, in Aminabadi et al., "DeepSpeed Inference", arXiv 2207.00032, section 6;
// Sheng et al., "FlexGen", arXiv 2303.06865, section 4, for a share of each layer.
struct WeightOffload {
  double share = 0;    // 0 to 1; 0: nothing is offloaded
  double overlap = 1;  // share of the shorter of computing and streaming that hides

  bool active() const { return share > 0; }
};

// "all", "0.6", "0.6,overlap=0.5". Throws Error{place}.
WeightOffload parse_weight_offload(const std::string& text, const std::string& place);
std::string label(const WeightOffload& offload);

// Weights among `parts` that are streamed: the share of all but the embedding.
Bytes streamed_weights(const std::vector<MemoryPart>& parts, const WeightOffload& offload);

// Takes them off the GPU and adds the buffer of two of `layers` layers.
void move_to_host(std::vector<MemoryPart>& parts, const WeightOffload& offload, double layers);

}  // namespace inferbench
