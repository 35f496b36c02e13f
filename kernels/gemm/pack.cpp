#include <algorithm>
#include <cmath>
#include <cstring>

#include "kernels/cpu/convert.hpp"
#include "kernels/gemm/packed_gemm.hpp"

namespace inferbench {
namespace {

std::size_t size(std::int64_t x) {
  return static_cast<std::size_t>(x);
}

// Bytes that hold `unit` consecutive k of a column.
std::size_t unit_bytes(const GemmFormat& format, const TileSet& set) {
  switch (format.weights) {
    case GemmFormat::Weights::fp32:
      return 4 * size(set.unit);
    case GemmFormat::Weights::bf16:
    case GemmFormat::Weights::fp16:
      return 2 * size(set.unit);
    case GemmFormat::Weights::int8:
      return size(set.unit);
    case GemmFormat::Weights::int4:
      return size(set.unit) / 2;
    case GemmFormat::Weights::coded:
      return size(set.unit) * size(bits(format.code->element)) / 8;
    case GemmFormat::Weights::sparse24_fp32:
      return 4 * size(set.unit) / 2 + size(set.unit) / 8;
    case GemmFormat::Weights::sparse24_bf16:
      return 2 * size(set.unit) / 2 + size(set.unit) / 8;
  }
  return 0;
}

// Where the `unit` elements of column `row` (of the output) at k lie.
std::byte* place(PackedWeights& w, const TileSet& set, std::int64_t row, std::int64_t k) {
  return w.data.data() + size(row / set.width) * w.panel_bytes + size(k / set.unit) * w.k_bytes +
         size(row % set.width) * (w.k_bytes / size(set.width));
}

// Where the scale of group g of column `row` lies.
std::size_t scale_at(const PackedWeights& w, const TileSet& set, std::int64_t row, std::int64_t g) {
  return size((row / set.width * w.groups + g) * set.width + row % set.width);
}

void pack_elements(PackedWeights& w, const TileSet& set, std::int64_t first, std::int64_t rows,
                   const void* values, std::size_t element) {
  const auto* from = static_cast<const std::byte*>(values);
  for (std::int64_t row = 0; row < rows; ++row) {
    for (std::int64_t k = 0; k < w.k; k += set.unit) {
      const std::size_t together = size(std::min<std::int64_t>(set.unit, w.k - k));
      std::memcpy(place(w, set, first + row, k), from + size(row * w.k + k) * element,
                  together * element);
    }
  }
}

// `offset`: what is added to activations.
void pack_int8(PackedWeights& w, const TileSet& set, std::int64_t first, const QuantisedInt8& q,
               int offset) {
  pack_elements(w, set, first, q.rows, q.values.data(), 1);
  for (std::int64_t row = 0; row < q.rows; ++row) {
    std::int32_t sum = 0;
    for (std::int64_t k = 0; k < w.k; ++k) sum += q.values[size(row * w.k + k)];
    w.start[size(first + row)] = -offset * sum;
    w.column_scale[size(first + row)] = q.scale[size(row)];
  }
}

void pack_int4(PackedWeights& w, const TileSet& set, std::int64_t first, const QuantisedInt4& q) {
  for (std::int64_t row = 0; row < q.rows; ++row) {
    for (std::int64_t k = 0; k < w.k; ++k) {
      std::byte* word = place(w, set, first + row, k);
      const auto value = static_cast<unsigned>(q.values[size(row * w.k + k)]);
      word[k % 4] |= static_cast<std::byte>(k % 8 < 4 ? value : value << 4U);
    }
    for (std::int64_t g = 0; g < w.groups; ++g) {
      const std::size_t from = size(row * w.groups + g), to = scale_at(w, set, first + row, g);
      w.scales[to] = float_to_fp16(q.scale[from]);
      w.zeros[to] = static_cast<std::int8_t>(q.zero[from]);
    }
  }
}

// A scale as tiles read it.
void store_scale(std::byte* to, ScaleType type, float scale) {
  if (type == ScaleType::fp32) {
    const float value = scale * 256.0F;  // fp8 tiles decode to 2^-8 of the values
    std::memcpy(to, &value, sizeof(value));
  } else if (type == ScaleType::fp16) {
    const std::uint16_t value = float_to_fp16(scale);
    std::memcpy(to, &value, sizeof(value));
  } else if (type == ScaleType::e4m3) {
    *to = static_cast<std::byte>(float_to_e4m3(scale));
  } else {
    *to = static_cast<std::byte>(scale == 0 ? 0 : std::ilogb(scale) + 127);
  }
}

void pack_codes(PackedWeights& w, const TileSet& set, std::int64_t first,
                const QuantisedBlocks& q) {
  const int width = bits(q.format.element);
  if (width == 8) return pack_elements(w, set, first, q.rows, q.codes.data(), 1);
  for (std::int64_t row = 0; row < q.rows; ++row) {
    for (std::int64_t k = 0; k < w.k; ++k) {
      std::byte* word = place(w, set, first + row, k);
      const unsigned code = q.codes[size(row * w.k + k)];
      if (width == 4) {
        word[k % 4] |= static_cast<std::byte>(k % 8 < 4 ? code : code << 4U);
      } else {
        word[k % 16 / 4] |= static_cast<std::byte>(code << size(2 * (k % 4)));
      }
    }
  }
}

void pack_coded(PackedWeights& w, const TileSet& set, std::int64_t first,
                const QuantisedBlocks& q) {
  pack_codes(w, set, first, q);
  for (std::int64_t row = 0; row < q.rows; ++row) {
    // Decoded fp8, weights or scales, is 2^-8 of what it means.
    if (w.groups == 0) {
      w.column_scale[size(first + row)] = q.scale[size(q.scale_of(row, 0))] * 256.0F;
    } else if (w.column_scale.size() > 0) {
      w.column_scale[size(first + row)] = q.tensor_scale * 256.0F;
    }
    for (std::int64_t g = 0; g < w.groups; ++g) {
      store_scale(w.block_scales.data() + scale_at(w, set, first + row, g) * w.block_scale_bytes,
                  q.format.scale, q.scale[size(q.scale_of(row, g * w.group))]);
    }
  }
}

// The kept values of `unit` k lie column beside column, and after them the words of positions.
void pack_sparse(PackedWeights& w, const TileSet& set, std::int64_t first, const Sparse24& s,
                 bool bf16) {
  const std::size_t element = bf16 ? 2 : 4, width = size(set.width);
  const std::int64_t groups_of_unit = set.unit / 4;
  for (std::int64_t row = 0; row < s.rows; ++row) {
    const std::size_t column = size((first + row) % set.width);
    for (std::int64_t g = 0; g < s.groups(); ++g) {
      std::byte* unit = w.data.data() + size((first + row) / set.width) * w.panel_bytes +
                        size(g / groups_of_unit) * w.k_bytes;
      const std::size_t from = size(row * s.groups() + g), at = size(g % groups_of_unit);
      for (std::size_t i = 0; i < 2; ++i) {
        const float value = s.values[2 * from + i];
        const std::uint16_t narrow = float_to_bf16(value);
        std::byte* to = unit + ((2 * at + i) * width + column) * element;
        std::memcpy(to, bf16 ? static_cast<const void*>(&narrow) : &value, element);
      }
      std::byte* word = unit + size(set.unit) / 2 * width * element + 4 * column;
      word[at / 2] |= static_cast<std::byte>(s.index[from] << (4 * (at % 2)));
    }
  }
}

void make_block_scales(PackedWeights& w, const BlockFormat& f, std::size_t columns) {
  if (f.block_k == 0 || f.tensor_scale) w.column_scale = Buffer<float>(columns);
  if (f.block_k == 0) return;
  w.group = f.block_k, w.groups = (w.k + f.block_k - 1) / f.block_k;
  w.block_scale_bytes = size(bits(f.scale)) / 8;
  w.block_scales = Buffer<std::byte>(columns * size(w.groups) * w.block_scale_bytes);
}

}  // namespace

PackedWeights make_panels(const GemmFormat& format, std::int64_t n, std::int64_t k,
                          const TileSet& set) {
  PackedWeights w;
  w.n = n, w.k = k;
  w.padded_k = (k + set.unit - 1) / set.unit * set.unit;
  w.panels = (n + set.width - 1) / set.width;
  w.k_bytes = unit_bytes(format, set) * size(set.width);
  // A multiple of 4 KiB between panels would map the streams of one tile to the same cache sets.
  w.panel_bytes = size(w.padded_k / set.unit) * w.k_bytes;
  if (w.panel_bytes % 4096 == 0) w.panel_bytes += 5 * kCacheLine;
  w.data = Buffer<std::byte>(size(w.panels) * w.panel_bytes);
  const std::size_t columns = size(w.panels * set.width);
  if (format.weights == GemmFormat::Weights::int8) {
    w.column_scale = Buffer<float>(columns);
    w.start = Buffer<std::int32_t>(columns);
  }
  if (format.group > 0) {
    w.group = format.group, w.groups = (k + format.group - 1) / format.group;
    w.scales = Buffer<std::uint16_t>(columns * size(w.groups));
    w.zeros = Buffer<std::int8_t>(columns * size(w.groups));
  }
  if (format.code != nullptr) make_block_scales(w, *format.code, columns);
  return w;
}

void pack_rows(PackedWeights& packed, const TileSet& set, std::int64_t first,
               const GemmWeights& rows) {
  switch (rows.format->weights) {
    case GemmFormat::Weights::fp32:
      return pack_elements(packed, set, first, rows.rows, rows.values.data(), sizeof(float));
    case GemmFormat::Weights::bf16:
    case GemmFormat::Weights::fp16:
      return pack_elements(packed, set, first, rows.rows, rows.values16.data(),
                           sizeof(std::uint16_t));
    case GemmFormat::Weights::int8:
      return pack_int8(packed, set, first, rows.int8, rows.format->largest + 1);
    case GemmFormat::Weights::int4:
      return pack_int4(packed, set, first, rows.int4);
    case GemmFormat::Weights::coded:
      return pack_coded(packed, set, first, rows.coded);
    case GemmFormat::Weights::sparse24_fp32:
      return pack_sparse(packed, set, first, rows.sparse, false);
    case GemmFormat::Weights::sparse24_bf16:
      return pack_sparse(packed, set, first, rows.sparse, true);
  }
}

PackedWeights pack_weights(const GemmWeights& weights, const TileSet& set) {
  PackedWeights packed = make_panels(*weights.format, weights.rows, weights.k, set);
  pack_rows(packed, set, 0, weights);
  return packed;
}

void PackedRows::reshape(std::int64_t rows, std::int64_t padded_k, std::size_t element_bytes,
                         std::int64_t groups) {
  m = rows, element = element_bytes;
  stride = (size(padded_k) * element_bytes + kCacheLine - 1) / kCacheLine * kCacheLine;
  // Rows a multiple of 4 KiB apart fall into the same eight lines of the L1 cache.
  stride += kCacheLine;
  if (data.size() < size(rows) * stride) data = Buffer<std::byte>(size(rows) * stride);
  if (row_scale.size() < size(rows)) row_scale = Buffer<float>(size(rows));
  if (group_sums.size() < size(rows * groups)) group_sums = Buffer<float>(size(rows * groups));
}

}  // namespace inferbench
