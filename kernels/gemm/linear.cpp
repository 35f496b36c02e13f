#include "kernels/gemm/linear.hpp"

#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <utility>

#include "harness/base/error.hpp"
#include "kernels/gemm/rows.hpp"

namespace inferbench {
namespace {

using Activations = TileSet::Activations;

const TileSet& tiles_at(const GemmFormat& format, Isa level) {
  const TileSet* set = tiles_for(format, level);
  ensure(set != nullptr, "a level with tiles for the format");
  return *set;
}

std::size_t size(std::int64_t x) {
  return static_cast<std::size_t>(x);
}

}  // namespace

Isa best_level(const GemmFormat& format, Isa isa) {
  for (const Isa level :
       {Isa::avx512_bf16, Isa::avx512_vnni, Isa::avx512, Isa::avx2, Isa::portable}) {
    if (level <= isa && tiles_for(format, level) != nullptr) return level;
  }
  throw std::logic_error("a format without portable tiles");
}

// -128 times a column's sum, and every partial sum, fit 32 bit.
Support linear_support(const GemmFormat& format, std::int64_t k) {
  constexpr std::int64_t kMost = 65536;
  const bool whole = format.integer && format.weights == GemmFormat::Weights::int8;
  if (!whole || k <= kMost) return Support::yes();
  return Support::no("k is beyond " + std::to_string(kMost) + ": 32 bit sums could overflow");
}

PackedLinear::PackedLinear(const GemmFormat& format, std::int64_t n, std::int64_t k,
                           const WeightRows& weights, const LinearOptions& options)
    : format_(&gemm_format(format.name)),
      level_(best_level(format, options.isa)),
      set_(&tiles_at(format, level_)),
      row_kernels_(&row_kernels(level_)) {
  if (n < 1 || k < 1) {
    throw Error("linear", std::to_string(n) + " x " + std::to_string(k) + " weights",
                "both sizes must be at least 1");
  }
  if (const Support fits = linear_support(format, k); !fits.ok) {
    throw Error("gemm " + format.name, "k = " + std::to_string(k), fits.reason);
  }
  scales_ = layer_scales(*format_, n, k, weights, options.calibration);
  weights_ = make_panels(*format_, n, k, *set_);
  for (std::int64_t first = 0; first < n; first += kStripRows) {
    const std::int64_t rows = std::min(kStripRows, n - first);
    std::vector<float> strip(size(rows * k));
    for (std::int64_t r = 0; r < rows; ++r) {
      weights(first + r, std::span(strip).subspan(size(r * k), size(k)));
    }
    pack_rows(weights_, *set_, first, quantise_weights(*format_, scales_, std::move(strip), k));
  }
}

PackedLinear::PackedLinear(std::string_view format, std::int64_t n, std::int64_t k,
                           std::span<const float> weights, const LinearOptions& options)
    : PackedLinear(gemm_format(format), n, k, rows_of(weights, k), options) {}

PackedLinear::PackedLinear(const GemmWeights& weights, LayerScales scales, Isa level)
    : format_(weights.format),
      scales_(std::move(scales)),
      level_(level),
      set_(&tiles_at(*format_, level)),
      row_kernels_(&row_kernels(level)),
      weights_(pack_weights(weights, *set_)) {}

std::size_t PackedLinear::bytes() const {
  return weights_.data.size() + weights_.column_scale.size() * sizeof(float) +
         weights_.start.size() * sizeof(std::int32_t) +
         weights_.scales.size() * sizeof(std::uint16_t) + weights_.zeros.size() +
         weights_.block_scales.size();
}

void PackedLinear::run(std::span<const float> in, std::span<float> out, ThreadTeam& team,
                       LinearWorkspace& workspace) const {
  run_any(in, out, team, workspace);
}

void PackedLinear::run(std::span<const std::uint16_t> in, std::span<float> out, ThreadTeam& team,
                       LinearWorkspace& workspace) const {
  ensure(format_->activation_bytes() == 2, "16 bit activations for a format that takes them");
  run_any(in, out, team, workspace);
}

template <class T>
void PackedLinear::run_any(std::span<const T> in, std::span<float> out, ThreadTeam& team,
                           LinearWorkspace& workspace) const {
  const std::int64_t m = static_cast<std::int64_t>(in.size()) / k();
  ensure(m >= 1 && in.size() == size(m * k()) && out.size() == size(m * n()),
         "activations and outputs of whole rows");
  PackedRows& rows = workspace.rows;
  rows.reshape(m, weights_.padded_k, set_->activation_bytes(),
               format_->integer ? weights_.groups : 0);
  const std::size_t scratch = size(k()) * team.size();
  if (workspace.scratch.size() < scratch) workspace.scratch = Buffer<float>(scratch);
  if (workspace.narrowed.size() < scratch) workspace.narrowed = Buffer<std::uint16_t>(scratch);
  team.run([&](unsigned rank) {
    const Range mine = share(m, rank, team.size());
    for (std::int64_t r = mine.begin; r < mine.end; ++r) {
      std::memset(rows.row(r) + size(k()) * rows.element, 0,
                  size(weights_.padded_k - k()) * rows.element);
      prepare(in.data() + r * k(), r, rank, workspace);
    }
  });
  packed_gemm(*set_, weights_, rows, out, team);
}

void PackedLinear::prepare(const float* from, std::int64_t row, unsigned rank,
                           LinearWorkspace& workspace) const {
  if (format_->activation_bytes() == 4) {
    std::memcpy(workspace.rows.row(row), from, size(k()) * sizeof(float));
    return;
  }
  std::uint16_t* narrowed = workspace.narrowed.data() + static_cast<std::int64_t>(rank) * k();
  const bool fp16 = format_->weights == GemmFormat::Weights::fp16;
  (fp16 ? row_kernels_->narrow_fp16 : row_kernels_->narrow_bf16)(from, k(), narrowed);
  prepare(narrowed, row, rank, workspace);
}

void PackedLinear::prepare(const std::uint16_t* from, std::int64_t row, unsigned rank,
                           LinearWorkspace& workspace) const {
  std::byte* to = workspace.rows.row(row);
  if (format_->integer) {
    float* values = workspace.scratch.data() + static_cast<std::int64_t>(rank) * k();
    widen(from, values);
    quantise({values, size(k())}, row, workspace);
  } else if (set_->activations == Activations::bf16) {
    std::memcpy(to, from, size(k()) * sizeof(std::uint16_t));
  } else if (set_->activations == Activations::bf16_pairs) {
    pair_up(from, k(), reinterpret_cast<std::uint16_t*>(to));
  } else {
    auto* values = reinterpret_cast<float*>(to);
    widen(from, values);
    round_to_codes(*format_, scales_, {values, size(k())});
  }
}

void PackedLinear::widen(const std::uint16_t* from, float* to) const {
  const bool fp16 = format_->weights == GemmFormat::Weights::fp16;
  (fp16 ? row_kernels_->widen_fp16 : row_kernels_->widen_bf16)(from, k(), to);
}

void PackedLinear::quantise(std::span<float> values, std::int64_t row,
                            LinearWorkspace& workspace) const {
  std::byte* to = workspace.rows.row(row);
  if (format_->smooth) smooth_weights(values, scales_.smooth_inverse);
  workspace.rows.row_scale[size(row)] =
      row_kernels_->quantise(values.data(), k(), set_->activations, format_->largest, to);
  if (weights_.group > 0) {
    group_sums(reinterpret_cast<const std::int8_t*>(to), k(), static_cast<int>(weights_.group),
               workspace.rows.group_sums.data() + row * weights_.groups);
  }
}

}  // namespace inferbench
