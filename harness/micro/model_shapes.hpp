#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "harness/catalog/model_spec.hpp"

namespace inferbench {

// One place in a model where an op runs, as one of `tp` GPUs sees it.
struct LayerShape {
  std::string layer;  // "qkv", "down", "lm_head"
  std::map<std::string, std::int64_t> axes;
};

// The shapes that a model sharded over `tp` GPUs asks of an op; what depends on the batch (tokens,
// contexts) is not among the axes. Weights are split as Megatron does: columns of the first linear
// layer of a pair, rows of the second. Throws Error where heads or widths do not divide by tp, and
// for an op that has no place in this model (paged_decode in one with latent attention).
//
// Source: Shoeybi et al., "Megatron-LM", arXiv 1909.08053, section 3.
std::vector<LayerShape> model_shapes(std::string_view op, const ModelSpec& model, std::int64_t tp);

// The ops that model_shapes knows.
std::vector<std::string> ops_with_model_shapes();

}  // namespace inferbench
