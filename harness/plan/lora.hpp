#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/ids.hpp"
#include "harness/base/units.hpp"
#include "harness/catalog/model_spec.hpp"

namespace inferbench {

// Many low-rank adapters of one base model, served together: each request uses one of them, and a
// step runs the requests of all adapters in one batch. All adapters are resident on the GPU, in 16
// bit.
//
// Source: Chen et al., "Punica: Multi-Tenant LoRA Serving", arXiv 2310.18547 (gathered shrink and
// expand kernels, uniform and Zipf popularity); Sheng et al., "S-LoRA", arXiv 2311.03285.
struct LoraAdapters {
  std::int64_t rank = 16;
  std::int64_t adapters = 1;
  bool qkv = true, out = true;  // attention projections
  bool up = true, down = true;  // of dense FFNs; gate counts as up
  double exponent = 0;          // adapter popularity falls as 1 / place^exponent; 0: uniform
  std::uint64_t seed = 0;       // which request uses which adapter
};

// "rank=16,adapters=64", and any of targets=qkv+out+up+down, popularity=uniform|zipf:1.5, seed=7.
// Without targets: all projections of a dense model, those of attention where FFNs are experts.
// Throws Error{place}, also for targets that the model does not have and for MLA.
LoraAdapters parse_lora(const std::string& text, const ModelSpec& model, const std::string& place);
std::string label(const LoraAdapters& lora);  // reads back

// One adapted projection of one layer on one TP rank, as vLLM shards it: column-parallel
// projections keep A whole and split B, row-parallel ones split A and keep B whole, so that no
// exchange is added.
struct LoraProjection {
  std::string_view name;  // "qkv", "out", "up", "down"
  double products = 1;    // matrices behind one input: 3 for qkv, 2 for gate and up
  double in = 0;          // columns of A
  double out = 0;         // rows of B, of all products together

  // A and B of one adapter: rank x (products x in + out).
  double elements(double rank) const { return rank * (products * in + out); }
};
std::vector<LoraProjection> lora_projections(const LoraAdapters& lora, const ModelSpec& model,
                                             std::int64_t tp);

// All adapters on one GPU that holds `layers` layers.
Bytes lora_bytes(const LoraAdapters& lora, const ModelSpec& model, std::int64_t tp, double layers);

// Which adapter a request uses: a function of (seed, request id) alone, so that it does not depend
// on batching.
class AdapterChoice {
 public:
  explicit AdapterChoice(const LoraAdapters& lora);

  std::uint32_t of(RequestId request) const;
  std::size_t adapters() const { return adapters_; }
  // Mean number of distinct adapters among `requests` requests.
  double expected_distinct(double requests) const;

 private:
  std::size_t adapters_ = 1;
  std::uint64_t seed_ = 0;
  std::vector<double> cumulative_;  // of popularity; empty: uniform
};

}  // namespace inferbench
