#include "workloads/synthetic/presets.hpp"

namespace inferbench {

const std::vector<WorkloadPreset>& workload_presets() {
  // Sources: InferenceMAX v1 (SemiAnalysis, 2025-10): lengths uniform in [0.8 L, L], prompts = 10 x
  // concurrency. TensorRT-LLM performance overview: fixed lengths, 3,000 / 1,500 / 1,000 requests.
  // GuideLLM scenarios chat and rag: truncated normal. llama.cpp llama-bench (pp512, tg128) and
  // llama-batched-bench (npp 128, 256, 512 x ntg 128, 256; npl is the concurrency).
  static const std::vector<WorkloadPreset> list = {
      {"inferencemax-1k1k", "InferenceMAX chat: 1,024 in, 1,024 out, uniform in [0.8 L, L]",
       "at-once:isl=uniform(819,1024),osl=uniform(819,1024)", 10},
      {"inferencemax-1k8k", "InferenceMAX reasoning: 1,024 in, 8,192 out, uniform in [0.8 L, L]",
       "at-once:isl=uniform(819,1024),osl=uniform(6553,8192)", 10},
      {"inferencemax-8k1k",
       "InferenceMAX summarisation: 8,192 in, 1,024 out, uniform in [0.8 L, L]",
       "at-once:isl=uniform(6553,8192),osl=uniform(819,1024)", 10},
      {"32k1k", "long prompts: 32,768 in, 1,024 out, fixed",
       "at-once:isl=32768,osl=1024,requests=1000"},
      {"trtllm-1000-1000", "TensorRT-LLM overview: 1,000 in, 1,000 out, fixed",
       "at-once:isl=1000,osl=1000,requests=3000"},
      {"trtllm-1024-1024", "TensorRT-LLM overview: 1,024 in, 1,024 out, fixed",
       "at-once:isl=1024,osl=1024,requests=3000"},
      {"trtllm-1024-8192", "TensorRT-LLM overview: 1,024 in, 8,192 out, fixed",
       "at-once:isl=1024,osl=8192,requests=1500"},
      {"trtllm-1024-32768", "TensorRT-LLM overview: 1,024 in, 32,768 out, fixed",
       "at-once:isl=1024,osl=32768,requests=1000"},
      {"trtllm-8192-1024", "TensorRT-LLM overview: 8,192 in, 1,024 out, fixed",
       "at-once:isl=8192,osl=1024,requests=1500"},
      {"trtllm-32768-1024", "TensorRT-LLM overview: 32,768 in, 1,024 out, fixed",
       "at-once:isl=32768,osl=1024,requests=1000"},
      {"trtllm-128-128", "TensorRT-LLM quick overview: 128 in, 128 out, fixed",
       "at-once:isl=128,osl=128,requests=3000"},
      {"trtllm-128-2048", "TensorRT-LLM quick overview: 128 in, 2,048 out, fixed",
       "at-once:isl=128,osl=2048,requests=3000"},
      {"trtllm-128-4096", "TensorRT-LLM quick overview: 128 in, 4,096 out, fixed",
       "at-once:isl=128,osl=4096,requests=1500"},
      {"trtllm-500-2000", "TensorRT-LLM quick overview: 500 in, 2,000 out, fixed",
       "at-once:isl=500,osl=2000,requests=3000"},
      {"guidellm-chat", "GuideLLM chat: 512 +- 128 in, 256 +- 64 out, truncated normal",
       "at-once:isl=normal(512,128),osl=normal(256,64)"},
      {"guidellm-rag", "GuideLLM rag: 4,096 +- 512 in, 512 +- 128 out, truncated normal",
       "at-once:isl=normal(4096,512),osl=normal(512,128)"},
      {"llama-bench-pp512", "llama-bench pp512: 512 in, 1 out (prefill alone)",
       "at-once:isl=512,osl=1,requests=100"},
      {"llama-bench-tg128", "llama-bench tg128: 1 in, 128 out (decode alone)",
       "at-once:isl=1,osl=128,requests=100"},
      {"llama-batched-bench-128-128", "llama-batched-bench: 128 in, 128 out, fixed",
       "at-once:isl=128,osl=128,requests=32"},
      {"llama-batched-bench-128-256", "llama-batched-bench: 128 in, 256 out, fixed",
       "at-once:isl=128,osl=256,requests=32"},
      {"llama-batched-bench-256-128", "llama-batched-bench: 256 in, 128 out, fixed",
       "at-once:isl=256,osl=128,requests=32"},
      {"llama-batched-bench-256-256", "llama-batched-bench: 256 in, 256 out, fixed",
       "at-once:isl=256,osl=256,requests=32"},
      {"llama-batched-bench-512-128", "llama-batched-bench: 512 in, 128 out, fixed",
       "at-once:isl=512,osl=128,requests=32"},
      {"llama-batched-bench-512-256", "llama-batched-bench: 512 in, 256 out, fixed",
       "at-once:isl=512,osl=256,requests=32"},
  };
  return list;
}

}  // namespace inferbench
