#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
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
  std::uint16_t attention_rank = 0;
};

// Logits after every token of the pieces, which are one step.
inline std::vector<float> step(StepModel& model, const std::vector<Piece>& pieces,
                               std::span<const std::int64_t> rewriting = {}) {
  std::vector<std::int32_t> tokens, table;
  std::vector<std::int64_t> starts = {0}, context;
  std::vector<std::uint16_t> attention_ranks;
  std::size_t widest = 0;
  for (const Piece& piece : pieces) widest = std::max(widest, piece.blocks.size());
  for (const Piece& piece : pieces) {
    tokens.insert(tokens.end(), piece.tokens.begin(), piece.tokens.end());
    starts.push_back(static_cast<std::int64_t>(tokens.size()));
    context.push_back(piece.context);
    attention_ranks.push_back(piece.attention_rank);
    table.insert(table.end(), piece.blocks.begin(), piece.blocks.end());
    table.resize(context.size() * widest, 0);
  }
  std::vector<std::int64_t> rows(tokens.size());
  std::iota(rows.begin(), rows.end(), 0);
  const auto vocab = static_cast<std::size_t>(model.vocab());
  std::vector<float> logits(tokens.size() * vocab);
  model.forward({.tokens = tokens,
                 .sequences = {.starts = starts,
                               .context = context,
                               .block_table = table,
                               .max_blocks = static_cast<std::int64_t>(widest)},
                 .logit_rows = rows,
                 .rewriting = rewriting,
                 .attention_ranks = attention_ranks,
                 .block_tokens = model.block_tokens()},
                logits);
  return logits;
}

inline std::vector<std::int32_t> blocks_from(std::int32_t first, std::int32_t count) {
  std::vector<std::int32_t> blocks(static_cast<std::size_t>(count));
  std::iota(blocks.begin(), blocks.end(), first);
  return blocks;
}

inline constexpr std::int64_t kBlocks = 40;

inline bool same_bits(std::span<const float> a, std::span<const float> b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

inline void expect_near(std::span<const float> got, std::span<const float> want, float tolerance) {
  ASSERT_EQ(got.size(), want.size());
  float worst = 0;
  for (std::size_t i = 0; i < got.size(); ++i) worst = std::max(worst, std::abs(got[i] - want[i]));
  EXPECT_LE(worst, tolerance);
}

// A decoder with random weights, by default of tiny-dense-test.
struct Model {
  Model(const std::string& format, const std::string& kv, unsigned threads = 1,
        KernelSet kernels = KernelSet::invariant, const DecoderShape& shape = tiny_shape())
      : team(threads),
        weights(shape, decoder_format(format), kWeightSeed, team),
        decoder(weights, kv_store_type(kv), kBlocks, team, kernels) {}

  ThreadTeam team;
  DecoderWeights weights;
  Decoder decoder;
};

// The whole text in one step, alone, in the first blocks of a cache of its own.
inline std::vector<float> plain(StepModel& model, std::span<const std::int32_t> text) {
  const auto blocks = blocks_from(0, 8);
  return step(model, {{.tokens = text, .context = 0, .blocks = blocks}});
}
inline std::vector<float> plain(Model& model, std::span<const std::int32_t> text) {
  return plain(model.decoder, text);
}

// Five texts advance by chunks of random lengths, in random company, in scattered blocks; their
// logits are those of the plain run, bit for bit.
inline void expect_plain_in_random_company(const DecoderShape& shape, const std::string& weights,
                                           const std::string& kv, std::uint64_t seed) {
  Model alone(weights, kv, 1, KernelSet::invariant, shape);
  Model model(weights, kv, 2, KernelSet::invariant, shape);
  RandomStream random(seed, "composition");
  constexpr std::size_t kTexts = 5;
  std::vector<std::vector<std::int32_t>> texts(kTexts), blocks(kTexts);
  std::vector<std::vector<float>> want(kTexts);
  std::vector<std::int64_t> done(kTexts, 0);
  for (std::size_t t = 0; t < kTexts; ++t) {
    texts[t] = random_text(random.between(1, 90), 100 * seed + t);
    want[t] = plain(alone, texts[t]);
    for (std::int32_t i = 0; i < 6; ++i) {  // strided, from the end: no neighbours
      blocks[t].push_back(39 - static_cast<std::int32_t>(t) - 6 * i);
    }
  }
  for (bool open = true; open;) {
    std::vector<Piece> pieces;
    std::vector<std::pair<std::size_t, std::int64_t>> who;
    open = false;
    for (std::size_t t = 0; t < kTexts; ++t) {
      const std::int64_t left = static_cast<std::int64_t>(texts[t].size()) - done[t];
      open = open || left > 0;
      if (left == 0 || random.below(3) == 0) continue;
      const std::int64_t chunk =
          random.below(2) == 0 ? 1 : random.between(1, std::min<std::int64_t>(left, 40));
      pieces.push_back({.tokens = std::span(texts[t]).subspan(static_cast<std::size_t>(done[t]),
                                                              static_cast<std::size_t>(chunk)),
                        .context = done[t],
                        .blocks = blocks[t]});
      who.emplace_back(t, chunk);
    }
    if (pieces.empty()) continue;
    const auto out = step(model.decoder, pieces);
    std::size_t at = 0;
    for (const auto& [t, chunk] : who) {
      const auto count = static_cast<std::size_t>(chunk) * 256;
      ASSERT_TRUE(
          same_bits(std::span(out).subspan(at, count),
                    std::span(want[t]).subspan(static_cast<std::size_t>(done[t]) * 256, count)));
      at += count;
      done[t] += chunk;
    }
  }
}

}  // namespace inferbench
