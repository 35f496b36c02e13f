#pragma once

#include <cstdint>
#include <numeric>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "harness/base/random.hpp"
#include "harness/catalog/catalog.hpp"
#include "harness/execute/transformer/decoder.hpp"

namespace inferbench {

inline constexpr std::uint64_t kWeightSeed = 7;

inline DecoderShape tiny_shape() {
  return decoder_shape(find_model("tiny-dense-test"));
}

inline std::vector<std::int32_t> random_text(std::int64_t tokens, std::uint64_t seed) {
  RandomStream random(seed, "text");
  std::vector<std::int32_t> text;
  for (std::int64_t i = 0; i < tokens; ++i) {
    text.push_back(static_cast<std::int32_t>(random.below(256)));
  }
  return text;
}

// A chunk of a sequence as a step computes it.
struct Piece {
  std::span<const std::int32_t> tokens;
  std::int64_t context = 0;
  std::span<const std::int32_t> blocks;
};

// Logits after every token of the pieces, which are one step.
inline std::vector<float> step(Decoder& decoder, const std::vector<Piece>& pieces,
                               std::span<const std::int64_t> rewriting = {}) {
  std::vector<std::int32_t> tokens, table;
  std::vector<std::int64_t> starts = {0}, context;
  std::size_t widest = 0;
  for (const Piece& piece : pieces) widest = std::max(widest, piece.blocks.size());
  for (const Piece& piece : pieces) {
    tokens.insert(tokens.end(), piece.tokens.begin(), piece.tokens.end());
    starts.push_back(static_cast<std::int64_t>(tokens.size()));
    context.push_back(piece.context);
    table.insert(table.end(), piece.blocks.begin(), piece.blocks.end());
    table.resize(context.size() * widest, 0);
  }
  std::vector<std::int64_t> rows(tokens.size());
  std::iota(rows.begin(), rows.end(), 0);
  const auto vocab = static_cast<std::size_t>(decoder.shape().vocab);
  std::vector<float> logits(tokens.size() * vocab);
  decoder.forward({.tokens = tokens,
                   .sequences = {.starts = starts,
                                 .context = context,
                                 .block_table = table,
                                 .max_blocks = static_cast<std::int64_t>(widest)},
                   .logit_rows = rows,
                   .rewriting = rewriting},
                  logits);
  return logits;
}

inline std::vector<std::int32_t> blocks_from(std::int32_t first, std::int32_t count) {
  std::vector<std::int32_t> blocks(static_cast<std::size_t>(count));
  std::iota(blocks.begin(), blocks.end(), first);
  return blocks;
}

}  // namespace inferbench
