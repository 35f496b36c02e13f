#include "harness/execute/cuda/cuda_decoder.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "harness/base/error.hpp"
#include "harness/execute/cuda/step_upload.hpp"
#include "harness/execute/transformer/to_size.hpp"
#include "kernels/cuda/calls.h"
#include "kernels/cuda/load_module.hpp"
#include "kernels/cuda/step/step_calls.hpp"

namespace inferbench {
namespace {

using Steady = std::chrono::steady_clock;

constexpr std::int64_t kFewTokens = 64;  // rows that the GEMM of few tokens takes in one pass
constexpr std::int64_t kWidthStep = 64, kLongestStep = 1024;  // what steps are alike by
constexpr std::int64_t kDrafts = 8;  // new tokens of a request that the decode attention takes

const InferbenchCudaKernel& kernel(const char* name) {
  const InferbenchCudaKernel* const found = find_cuda_kernel(name);
  if (found == nullptr) throw Failure(std::string("the CUDA module has no kernel ") + name);
  return *found;
}

template <class Call>
void launch(const InferbenchCudaKernel& kernel, const Call& call) {
  ensure(kernel.call_bytes == sizeof(Call), "program and module agree on a kernel's operands");
  if (const char* reason = kernel.refuses(&call)) {
    throw Failure(std::string(kernel.name) + " cannot compute this step: " + reason);
  }
  cuda_check(kernel.launch(&call), kernel.name);
}

std::int64_t up_to(std::int64_t value, std::int64_t step) {
  return (value + step - 1) / step * step;
}

// Every request has one new token, whose logits are wanted.
bool is_decodes(const TokenBatch& batch) {
  const std::int64_t tokens = batch.sequences.tokens();
  return tokens == batch.sequences.sequences() &&
         tokens == static_cast<std::int64_t>(batch.logit_rows.size());
}

std::unique_ptr<const WeightSource> random_weights(const ModelPlan& plan) {
  return std::make_unique<RandomWeights>(plan.shape, plan.seed);
}

}  // namespace

std::string cuda_decoder_refusal(const ModelPlan& plan) {
  const DecoderShape& s = plan.shape;
  if (plan.parallel.gpus() > 1) return "more than one GPU";
  if (s.mla) return "latent attention";
  if (s.experts) return "experts";
  if (!s.gated) return "FFNs of two matrices";
  if (s.qk_norm) return "norms of heads";
  if (s.window > 0) return "sliding windows";
  if (s.head_dim != 64 && s.head_dim != 128) {
    return "heads of " + std::to_string(s.head_dim);
  }
  if (s.hidden % 64 != 0 || s.ffn % 64 != 0) return "widths that are no multiple of 64";
  if (plan.format->name != "bf16") return "weights in " + plan.format->name;
  if (plan.kv != KvType::bf16) return "keys and values in another format than bf16";
  return "";
}

struct CudaDecoder::Kernels {
  const InferbenchCudaKernel &norm = kernel("add_norm"), &rotate = kernel("rotate_and_cache"),
                             &activate = kernel("activate"), &few = kernel("skinny_bf16"),
                             &many = kernel("wide_bf16"), &decode = kernel("paged_decode"),
                             &prefill = kernel("prefill_attention"),
                             &prefill_wide = kernel("wide_prefill");
};

struct CudaDecoder::Buffers {
  struct Cache {
    DeviceMemory keys, values;
  };
  StepUpload step;
  DeviceMemory residual, normed, qkv, q, heads, projected, gate_up, gated, logits, workspace;
  DeviceMemory angles;
  std::int64_t positions = 0;  // that angles has
  RotationTable table;
  std::vector<Cache> caches;
};

CudaDecoder::CudaDecoder(const ModelPlan& plan) : plan_(plan), session_(CudaSession::open()) {
  if (const std::string what = cuda_decoder_refusal(plan); !what.empty()) {
    throw Error("--system cuda", what + " are not executed on the GPU yet",
                "dense decoders in bf16 with heads of 64 or 128 are, on one GPU",
                "another model or format, or --system cpu");
  }
  kernels_ = std::make_unique<Kernels>();
  buffers_ = std::make_unique<Buffers>();
  buffers_->table = RotationTable(plan.shape.rotary);
  const std::unique_ptr<const WeightSource> random =
      plan.trained == nullptr ? random_weights(plan) : nullptr;
  weights_ = std::make_unique<CudaWeights>(plan.trained == nullptr ? *random : *plan.trained);
  const std::size_t cache =
      to_size(plan.kv_blocks * kKvBlock * plan.shape.kv_width()) * sizeof(std::uint16_t);
  for (std::int64_t l = 0; l < plan.shape.layers; ++l) {
    buffers_->caches.push_back(
        {.keys = DeviceMemory::zeros(cache), .values = DeviceMemory::zeros(cache)});
  }
}

CudaDecoder::~CudaDecoder() = default;

void CudaDecoder::grow(DeviceMemory& memory, std::size_t bytes) {
  if (memory.bytes() >= bytes) return;
  ++generation_;
  memory = DeviceMemory();
  memory = DeviceMemory(bytes);
}

void CudaDecoder::reserve(std::int64_t tokens, std::int64_t logit_rows) {
  const DecoderShape& s = plan_.shape;
  Buffers& b = *buffers_;
  const auto floats = [](std::int64_t count) { return to_size(count) * sizeof(float); };
  grow(b.residual, floats(tokens * s.hidden));
  grow(b.normed, floats(tokens * s.hidden) / 2);
  grow(b.qkv, floats(tokens * s.qkv_width()));
  grow(b.q, floats(tokens * s.q_width()) / 2);
  grow(b.heads, floats(tokens * s.q_width()));
  grow(b.projected, floats(tokens * s.hidden));
  grow(b.gate_up, floats(tokens * 2 * s.ffn));
  grow(b.gated, floats(tokens * std::max(s.ffn, s.q_width())) / 2);
  grow(b.logits, floats(logit_rows * s.vocab));
}

// Positions' angles, grown by doubling; and the batch.
void CudaDecoder::upload(const TokenBatch& batch) {
  Buffers& b = *buffers_;
  width_ = up_to(batch.sequences.max_blocks, kWidthStep);
  if (b.step.fill(batch, width_)) ++generation_;
  if (b.step.positions() <= b.positions) return;
  b.positions = std::max<std::int64_t>(1024, b.positions);
  while (b.positions < b.step.positions()) b.positions *= 2;
  std::vector<float> angles;
  for (std::int64_t p = 0; p < b.positions; ++p) {
    const std::span<const float> row = b.table.at(p);
    angles.insert(angles.end(), row.begin(), row.end());
  }
  b.angles = DeviceMemory::of(angles);
  ++generation_;
}

void CudaDecoder::gemm(const DeviceMemory& weights, std::int64_t rows, std::int64_t n,
                       std::int64_t k, const DeviceMemory& in, const DeviceMemory& out) {
  InferbenchCudaGemm call = {};
  call.m = rows;
  call.n = n;
  call.k = k;
  call.format = INFERBENCH_CUDA_BF16;
  call.in = in.data();
  call.weights = weights.data();
  call.out = out.as<float>();
  const bool many = rows > kFewTokens && kernels_->many.refuses(&call) == nullptr;
  const InferbenchCudaKernel& kernel = many ? kernels_->many : kernels_->few;
  grow(buffers_->workspace, kernel.workspace_bytes(&call));
  call.workspace = buffers_->workspace.data();
  launch(kernel, call);
}

// Embeds, or adds what was projected; and norms. `gather`: only the rows whose logits are wanted.
void CudaDecoder::norm(std::int64_t rows, const DeviceMemory& weight, bool embed, bool gather) {
  Buffers& b = *buffers_;
  cuda_step::NormCall call;
  call.rows = rows;
  call.width = plan_.shape.hidden;
  if (embed) {
    call.tokens = b.step.tokens();
    call.table = weights_->table.as<std::uint16_t>();
  } else {
    call.added = b.projected.as<float>();
  }
  if (gather) call.which = b.step.logit_rows();
  call.weight = weight.as<float>();
  call.epsilon = static_cast<float>(plan_.shape.norm_epsilon);
  call.residual = b.residual.as<float>();
  call.normed = b.normed.as<std::uint16_t>();
  launch(kernels_->norm, call);
}

// Neighbours with as many new tokens each are one launch.
void CudaDecoder::attention(const TokenBatch& batch, std::int64_t layer) {
  const DecoderShape& s = plan_.shape;
  const AttentionBatch& sequences = batch.sequences;
  Buffers& b = *buffers_;
  for (std::int64_t first = 0; first < sequences.sequences();) {
    const std::int64_t tokens = sequences.new_tokens(first);
    std::int64_t end = first, longest = 0;
    while (end < sequences.sequences() && sequences.new_tokens(end) == tokens) {
      longest = std::max(longest, sequences.cached(end) + tokens);
      ++end;
    }
    InferbenchCudaAttention call = {};
    call.requests = end - first;
    call.tokens = tokens;
    call.q_heads = s.heads;
    call.kv_heads = s.kv_heads;
    call.head_dim = s.head_dim;
    call.max_blocks = width_;
    call.longest = tokens == 1 ? up_to(longest, kLongestStep) : longest;
    call.scale =
        s.score_scale() != 0 ? s.score_scale() : 1.0F / std::sqrt(static_cast<float>(s.head_dim));
    call.q = b.q.as<std::uint16_t>() + sequences.start(first) * s.q_width();
    call.keys = b.caches[to_size(layer)].keys.data();
    call.values = b.caches[to_size(layer)].values.data();
    call.block_table = b.step.block_table() + first * width_;
    call.context = b.step.context() + first;
    call.out = b.heads.as<float>() + sequences.start(first) * s.q_width();
    call.multiprocessors = session_.device().multiprocessors;
    const InferbenchCudaKernel& prompts = kernels_->prefill_wide.refuses(&call) == nullptr
                                              ? kernels_->prefill_wide
                                              : kernels_->prefill;
    const InferbenchCudaKernel& kernel = tokens <= kDrafts ? kernels_->decode : prompts;
    grow(b.workspace, kernel.workspace_bytes(&call));
    call.workspace = b.workspace.data();
    launch(kernel, call);
    first = end;
  }
}

void CudaDecoder::layer(const TokenBatch& batch, std::int64_t index) {
  const DecoderShape& s = plan_.shape;
  const CudaWeights::Layer& w = weights_->layers[to_size(index)];
  Buffers& b = *buffers_;
  const std::int64_t tokens = batch.sequences.tokens();
  gemm(w.qkv, tokens, s.qkv_width(), s.hidden, b.normed, b.qkv);
  cuda_step::RotateCall rotate;
  rotate.tokens = tokens;
  rotate.heads = s.heads;
  rotate.kv_heads = s.kv_heads;
  rotate.head_dim = s.head_dim;
  rotate.qkv = b.qkv.as<float>();
  rotate.bias = w.qkv_bias.as<float>();
  rotate.position = b.step.position();
  rotate.angles = b.angles.as<float>();
  rotate.slot = b.step.slot();
  rotate.q = b.q.as<std::uint16_t>();
  rotate.keys = b.caches[to_size(index)].keys.as<std::uint16_t>();
  rotate.values = b.caches[to_size(index)].values.as<std::uint16_t>();
  launch(kernels_->rotate, rotate);
  attention(batch, index);
  const auto activate = [&](const DeviceMemory& in, std::int64_t width, bool gated) {
    launch(kernels_->activate, cuda_step::ActivateCall{.rows = tokens,
                                                       .width = width,
                                                       .gated = gated ? 1 : 0,
                                                       .in = in.as<float>(),
                                                       .out = b.gated.as<std::uint16_t>()});
  };
  activate(b.heads, s.q_width(), false);
  gemm(w.attention_out, tokens, s.hidden, s.q_width(), b.gated, b.projected);
  norm(tokens, w.ffn_norm, false, false);
  gemm(w.gate_up, tokens, 2 * s.ffn, s.hidden, b.normed, b.gate_up);
  activate(b.gate_up, s.ffn, true);
  gemm(w.down, tokens, s.hidden, s.ffn, b.gated, b.projected);
}

void CudaDecoder::launches(const TokenBatch& batch) {
  const DecoderShape& s = plan_.shape;
  const std::int64_t tokens = batch.sequences.tokens();
  norm(tokens, weights_->layers.front().attention_norm, true, false);
  for (std::int64_t l = 0; l < s.layers; ++l) {
    layer(batch, l);
    if (l + 1 < s.layers)
      norm(tokens, weights_->layers[to_size(l + 1)].attention_norm, false, false);
  }
  if (batch.logit_rows.empty()) return;
  const auto rows = static_cast<std::int64_t>(batch.logit_rows.size());
  norm(rows, weights_->final_norm, false, true);
  gemm(weights_->lm_head(), rows, s.vocab, s.hidden, buffers_->normed, buffers_->logits);
}

void CudaDecoder::forward(const TokenBatch& batch, std::span<float> logits) {
  const DecoderShape& s = plan_.shape;
  const std::int64_t tokens = batch.sequences.tokens();
  const auto rows = static_cast<std::int64_t>(batch.logit_rows.size());
  ensure(tokens >= 1 && batch.tokens.size() == to_size(tokens), "a step has the tokens it says");
  ensure(logits.size() == to_size(rows * s.vocab), "logits for each row asked for");
  check_batch(batch.sequences, plan_.kv_blocks);
  const Steady::time_point begin = Steady::now();
  reserve(tokens, rows);
  upload(batch);
  const Steady::time_point launched = Steady::now();
  if (is_decodes(batch)) {
    const std::int64_t longest =
        *std::max_element(batch.sequences.context.begin(), batch.sequences.context.end());
    graphs_.run({tokens, width_, up_to(longest + 1, kLongestStep)}, generation_,
                [&] { launches(batch); });
  } else {
    launches(batch);
  }
  if (rows > 0) {
    buffers_->logits.read(std::as_writable_bytes(logits));
  } else {
    cuda_check(session_.table().synchronise(), "a step");
  }
  const Steady::time_point end = Steady::now();
  times_.other += std::chrono::duration_cast<Duration>(launched - begin);
  times_.gemm += std::chrono::duration_cast<Duration>(end - launched);
}

}  // namespace inferbench
