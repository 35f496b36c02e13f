#include <algorithm>
#include <cstring>

#include "kernels/cpu/convert.hpp"
#include "kernels/gemm/packed_gemm.hpp"

namespace inferbench {
namespace {

std::size_t size(std::int64_t x) {
  return static_cast<std::size_t>(x);
}

PackedWeights make_panels(const GemmProblem& p, const TileSet& set, std::size_t unit_bytes) {
  PackedWeights w;
  w.n = p.n, w.k = p.k;
  w.padded_k = (p.k + set.unit - 1) / set.unit * set.unit;
  w.panels = (p.n + set.width - 1) / set.width;
  w.k_bytes = unit_bytes * size(set.width);
  // A multiple of 4 KiB between panels would map the streams of one tile to the same cache sets.
  w.panel_bytes = size(w.padded_k / set.unit) * w.k_bytes;
  if (w.panel_bytes % 4096 == 0) w.panel_bytes += 5 * kCacheLine;
  w.data = Buffer<std::byte>(size(w.panels) * w.panel_bytes);
  return w;
}

// Where the `unit` elements of column `row` (of the output) at k lie.
std::byte* place(PackedWeights& w, const TileSet& set, std::int64_t row, std::int64_t k,
                 std::size_t unit_bytes) {
  return w.data.data() + size(row / set.width) * w.panel_bytes + size(k / set.unit) * w.k_bytes +
         size(row % set.width) * unit_bytes;
}

PackedWeights pack_elements(const GemmProblem& p, const TileSet& set, const void* weights,
                            std::size_t element) {
  const std::size_t unit_bytes = element * size(set.unit);
  PackedWeights w = make_panels(p, set, unit_bytes);
  const auto* from = static_cast<const std::byte*>(weights);
  for (std::int64_t row = 0; row < p.n; ++row) {
    for (std::int64_t k = 0; k < p.k; k += set.unit) {
      const std::size_t together = size(std::min<std::int64_t>(set.unit, p.k - k));
      std::memcpy(place(w, set, row, k, unit_bytes), from + size(row * p.k + k) * element,
                  together * element);
    }
  }
  return w;
}

PackedWeights pack_int8(const GemmProblem& p, const TileSet& set) {
  PackedWeights w = pack_elements(p, set, p.weights8.values.data(), 1);
  w.column_scale = Buffer<float>(size(w.panels * set.width));
  w.start = Buffer<std::int32_t>(size(w.panels * set.width));
  for (std::int64_t row = 0; row < p.n; ++row) {
    std::int32_t sum = 0;
    for (std::int64_t k = 0; k < p.k; ++k) sum += p.weights8.values[size(row * p.k + k)];
    w.start[size(row)] = -128 * sum;
    w.column_scale[size(row)] = p.weights8.scale[size(row)];
  }
  return w;
}

PackedWeights pack_int4(const GemmProblem& p, const TileSet& set) {
  PackedWeights w = make_panels(p, set, 4);
  w.group = p.weights4.group, w.groups = p.weights4.groups();
  w.scales = Buffer<std::uint16_t>(size(w.panels * w.groups * set.width));
  w.zeros = Buffer<std::int8_t>(size(w.panels * w.groups * set.width));
  for (std::int64_t row = 0; row < p.n; ++row) {
    for (std::int64_t k = 0; k < p.k; ++k) {
      std::byte* word = place(w, set, row, k, 4);
      const auto value = static_cast<unsigned>(p.weights4.values[size(row * p.k + k)]);
      word[k % 4] |= static_cast<std::byte>(k % 8 < 4 ? value : value << 4U);
    }
    for (std::int64_t g = 0; g < w.groups; ++g) {
      const std::size_t from = size(row * w.groups + g);
      const std::size_t to = size((row / set.width * w.groups + g) * set.width + row % set.width);
      w.scales[to] = float_to_fp16(p.weights4.scale[from]);
      w.zeros[to] = static_cast<std::int8_t>(p.weights4.zero[from]);
    }
  }
  return w;
}

}  // namespace

PackedWeights pack_weights(const GemmProblem& p, const TileSet& set) {
  switch (p.format.weights) {
    case GemmFormat::Weights::fp32:
      return pack_elements(p, set, p.weights.data(), sizeof(float));
    case GemmFormat::Weights::bf16:
    case GemmFormat::Weights::fp16:
      return pack_elements(p, set, p.weights16.data(), sizeof(std::uint16_t));
    case GemmFormat::Weights::int8:
      return pack_int8(p, set);
    case GemmFormat::Weights::int4:
      return pack_int4(p, set);
  }
  return {};
}

PackedRows::PackedRows(std::int64_t rows, std::int64_t padded_k, std::size_t element_bytes,
                       std::int64_t groups)
    : m(rows), element(element_bytes), row_scale(size(rows)), group_sums(size(rows * groups)) {
  stride = (size(padded_k) * element_bytes + kCacheLine - 1) / kCacheLine * kCacheLine;
  // Rows a multiple of 4 KiB apart fall into the same eight lines of the L1 cache.
  stride += kCacheLine;
  data = Buffer<std::byte>(size(rows) * stride);
}

}  // namespace inferbench
