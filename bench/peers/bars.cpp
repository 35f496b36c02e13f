#include "bench/peers/bars.hpp"

namespace inferbench {
namespace {

using Axes = std::map<std::string, std::int64_t>;

Axes size(std::int64_t m, std::int64_t n, std::int64_t k) {
  return {{"m", m}, {"n", n}, {"k", k}};
}

Axes heads(Axes rest) {
  rest.merge(Axes{{"requests", 1}, {"q_heads", 32}, {"kv_heads", 8}, {"head_dim", 128}});
  return rest;
}

constexpr std::int64_t kFeatures = 4096, kDeep = 14336;  // the latter's weights lie in memory

std::vector<Contest> float_contests() {
  std::vector<Contest> list;
  for (const std::int64_t m : {128, 512}) {
    list.push_back({"gemm",
                    "fp32",
                    size(m, kFeatures, kFeatures),
                    "fma",
                    {{"openblas sgemm", 0.9, 1.0}, {"onednn f32"}, {"onnxruntime matmul"}}});
  }
  for (const char* format : {"fp32", "bf16"}) {
    for (const std::int64_t m : {4, 8, 16, 32}) {
      list.push_back({"gemm",
                      format,
                      size(m, kFeatures, kFeatures),
                      "fma",
                      {{"onnxruntime matmul", 1.0, m == 32 ? 1.25 : 1.5}}});
      if (list.back().format == "bf16") list.back().bars.push_back({"ggml bf16"});
    }
  }
  list.push_back(
      {"gemm", "bf16", size(512, kFeatures, kFeatures), "bf16", {{"ggml bf16", 1.2, 1.4}}});
  list.push_back(
      {"gemm",
       "fp32",
       size(1, kFeatures, kDeep),
       "read",
       {{"read", 0.8, 0.95}, {"onnxruntime matmul"}, {"openblas sgemm"}, {"onednn f32"}}});
  list.push_back(
      {"gemm", "bf16", size(1, kFeatures, kDeep), "read", {{"read", 0.8, 0.95}, {"ggml bf16"}}});
  list.push_back(
      {"gemm", "fp16", size(1, kFeatures, kDeep), "read", {{"read", 0.8, 0.95}, {"ggml f16"}}});
  return list;
}

std::vector<Contest> integer_contests() {
  return {
      {"gemm",
       "w8a8",
       size(512, kFeatures, kFeatures),
       "int8",
       {{"onnxruntime u8u8", 0.9, 1.1}, {"ggml q8_0"}}},
      {"gemm", "w8a8", size(8, kFeatures, kFeatures), "int8", {{"onnxruntime u8u8", 0.9, 1.1}}},
      {"gemm",
       "w8a8",
       size(1, kFeatures, kDeep),
       "read",
       {{"onnxruntime u8u8", 1.2, 1.5}, {"ggml q8_0"}}},
      {"gemm",
       "w8a7",
       size(512, kFeatures, kFeatures),
       "int8",
       {{"onednn u8s8", 0.8, 0.9}, {"onednn u8s8 plain", 0.8, 0.9}}},
      {"gemm", "w4a16-g128", size(1, kFeatures, kDeep), "read", {{"onnxruntime acc0", 2.3, 3.5}}},
      {"gemm",
       "w4a8-g128",
       size(1, kFeatures, kDeep),
       "read",
       {{"read", 0.55, 0.7}, {"onnxruntime acc4", 1.3, 1.6}, {"ggml q4_0"}, {"ggml q4_K"}}},
      {"gemm",
       "w4a8-g128",
       size(8, kFeatures, kFeatures),
       "int8",
       {{"onnxruntime acc4"}, {"ggml q4_K"}}},
      {"gemm",
       "w4a16-g128",
       size(512, kFeatures, kFeatures),
       "fma",
       {{"onnxruntime acc0", 0.9, 1.0}}},
      {"gemm",
       "w4a8-g128",
       size(512, kFeatures, kFeatures),
       "int8",
       {{"onnxruntime acc4", 1.1, 1.5}, {"ggml q4_0", 1.1, 1.6}, {"ggml q4_K", 1.1, 1.6}}},
  };
}

std::vector<Contest> attention_contests() {
  return {
      {"prefill_attention",
       "fp32",
       heads({{"context", 0}, {"tokens", 512}}),
       "fma",
       {{"onnxruntime gqa prefill", 0.9, 1.15}, {"ggml flash f32", 1.6, 2.0}}},
      {"prefill_attention",
       "fp32",
       heads({{"context", 0}, {"tokens", 2048}}),
       "fma",
       {{"fma", 0.6, 0.7}, {"onnxruntime gqa prefill", 0.9, 1.15}, {"ggml flash f32", 1.6, 2.0}}},
      {"paged_decode",
       "fp16",
       heads({{"context", 16383}}),
       "read",
       {{"read", 0.4, 0.6}, {"ggml decode f16", 3, 4}, {"onnxruntime gqa decode"}}},
  };
}

}  // namespace

std::string Contest::name() const {
  std::string text = op + " " + format;
  for (const auto& [axis, value] : axes) {
    if (op != "gemm" && (axis == "requests" || axis.ends_with("heads") || axis == "head_dim")) {
      continue;
    }
    text += " " + axis + "=" + std::to_string(value);
  }
  return text;
}

const std::vector<Contest>& contests() {
  static const std::vector<Contest> all = [] {
    std::vector<Contest> list = float_contests();
    for (const auto& more : {integer_contests(), attention_contests()}) {
      list.insert(list.end(), more.begin(), more.end());
    }
    return list;
  }();
  return all;
}

std::string_view name(BarVerdict verdict) {
  switch (verdict) {
    case BarVerdict::reached:
      return "reached";
    case BarVerdict::floor:
      return "floor";
    case BarVerdict::below:
      return "below";
    case BarVerdict::noisy:
      return "skipped: noisy";
    case BarVerdict::shown:
      return "-";
    case BarVerdict::skipped:
      return "skipped";
    case BarVerdict::wrong:
      return "wrong";
  }
  return "";
}

BarVerdict judge(const Bar& bar, double ratio, double probe_share) {
  if (bar.target == 0) return BarVerdict::shown;
  if (probe_share < kLeastProbeShare) return BarVerdict::noisy;
  if (ratio >= bar.target) return BarVerdict::reached;
  return ratio >= bar.floor ? BarVerdict::floor : BarVerdict::below;
}

}  // namespace inferbench
