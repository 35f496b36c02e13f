#include "harness/micro/suites.hpp"

#include <algorithm>
#include <sstream>

#include "harness/base/error.hpp"
#include "kernels/registry.hpp"

namespace inferbench {
namespace {

// One line of a suite: an op in some formats, with axes as -a takes them, separated by spaces.
// Formats that the registry does not have are left out, as are ops.
struct Entry {
  const char *suite, *group, *op, *formats, *axes;
};

// Small enough to check and time within a minute on two cores.
constexpr Entry kEntries[] = {
    {"smoke", "decode gemm", "gemm", "fp32,bf16,w8a8,w4a16-g128,w4a8-g128", "m=1,16 n=2048 k=2048"},
    {"smoke", "prefill gemm", "gemm", "fp32,bf16,w8a8,w4a8-g128", "m=128 n=1024 k=1024"},
    {"smoke", "prefill attention", "prefill_attention", "fp32,bf16",
     "tokens=256 q_heads=8 kv_heads=2"},
    {"smoke", "decode attention", "paged_decode", "fp16,int8", "context=1024,4096"},
    {"smoke", "decode attention", "mla_decode", "bf16", ""},
    {"smoke", "rows", "rmsnorm", "bf16", "rows=64"},
    {"smoke", "rows", "add_rmsnorm", "bf16", "rows=64"},
    {"smoke", "rows", "silu_mul", "bf16", "rows=64"},
    {"smoke", "rows", "rope", "bf16", "rows=64"},
    {"smoke", "rows", "softmax", "fp32", "rows=64"},
    {"smoke", "rows", "argmax", "fp32", "rows=4 columns=128256"},
    {"smoke", "rows", "layernorm", "bf16", "rows=64"},
    {"smoke", "rows", "add", "bf16", "rows=64"},
    {"smoke", "rows", "mul", "bf16", "rows=64"},
    {"smoke", "rows", "silu", "bf16", "rows=64"},
    {"smoke", "quantisation", "quant_int8", "bf16", "rows=64"},
    {"smoke", "quantisation", "quant_fp8", "bf16", "rows=64"},
    {"smoke", "quantisation", "rmsnorm_quant_int8", "bf16", "rows=64"},
    {"smoke", "quantisation", "rmsnorm_quant_fp8", "bf16", "rows=64"},
    {"smoke", "quantisation", "add_rmsnorm_quant_int8", "bf16", "rows=64"},
    {"smoke", "quantisation", "add_rmsnorm_quant_fp8", "bf16", "rows=64"},
    {"smoke", "sampling", "sample", "fp32", "requests=2 vocab=32000"},
    {"smoke", "sampling", "sample_top_k", "fp32", "requests=2 vocab=32000"},
    {"smoke", "sampling", "sample_top_p", "fp32", "requests=2 vocab=32000"},
    {"smoke", "experts", "moe_route", "sigmoid_grouped", "tokens=64"},
    {"smoke", "experts", "moe_permute", "fp32", "tokens=64"},
    {"smoke", "experts", "moe_gemm", "bf16", "tokens=16 n=512 k=512"},
    {"smoke", "experts", "moe_combine", "fp32", "tokens=64"},
    {"smoke", "experts", "moe_layer", "bf16", "tokens=16 hidden=512 inter=256"},
    {"smoke", "adapters", "lora", "bf16", "rows=8 adapters=4 in=1024 out=1024"},

    // What a serving step of an 8B model is made of, at sizes that a CPU can bear.
    {"llm-core", "linear layers", "gemm", "fp32,bf16,w8a8,w4a16-g128,w4a8-g128",
     "m=1,8,32,128 model=llama-3-8b"},
    {"llm-core", "linear layers", "gemm", "bf16,w8a8,w4a8-g128",
     "m=1,16,64 model=llama-3-70b tp=8"},
    {"llm-core", "odd tiles", "gemm", "fp32,bf16", "m=65,129 n=4096 k=4096"},
    {"llm-core", "prompts", "prefill_attention", "fp32,bf16", "tokens=512,1024,2048"},
    {"llm-core", "chunks", "prefill_attention", "bf16", "tokens=512 context=2048,8192"},
    {"llm-core", "decodes", "paged_decode", "fp32,bf16,fp16,int8,fp8_e4m3",
     "requests=1,8 context=1024,4096,16384"},
    {"llm-core", "decodes", "paged_decode", "bf16", "requests=8 context=4096 ragged=1"},
    {"llm-core", "decodes", "mla_decode", "bf16", "context=1024,4096 model=deepseek-v3 tp=1,8"},
    {"llm-core", "experts", "moe_route", "softmax_top_k", "tokens=64,2048 model=mixtral-8x7b"},
    {"llm-core", "experts", "moe_route", "sigmoid_grouped", "tokens=64,2048 model=deepseek-v3"},
    {"llm-core", "experts", "moe_permute", "fp32", "tokens=64,512 ep=8 model=deepseek-v3"},
    {"llm-core", "experts", "moe_combine", "fp32", "tokens=64,512 ep=8 model=deepseek-v3"},
    {"llm-core", "experts", "moe_gemm", "bf16,w4a16-g128", "tokens=64,256 ep=64 model=deepseek-v3"},
    {"llm-core", "experts", "moe_layer", "bf16", "tokens=8,64 ep=8 model=mixtral-8x7b"},
    {"llm-core", "experts", "moe_layer", "bf16", "tokens=64 ep=64 model=deepseek-v3"},
    {"llm-core", "adapters", "lora", "bf16", "rows=1,32 model=llama-3-8b"},
    {"llm-core", "rows", "rmsnorm", "bf16", "rows=1,16,256,2048 model=llama-3-8b"},
    {"llm-core", "rows", "add_rmsnorm", "bf16", "rows=1,16,256,2048 model=llama-3-8b"},
    {"llm-core", "rows", "silu_mul", "bf16", "rows=1,16,256,2048 model=llama-3-8b"},
    {"llm-core", "rows", "rope", "bf16", "rows=1,16,256,2048 model=llama-3-8b"},
    {"llm-core", "sampling", "softmax", "fp32", "rows=1,16,64 model=llama-3-8b"},
    {"llm-core", "sampling", "argmax", "fp32", "rows=1,16,64 model=llama-3-8b"},
    {"llm-core", "sampling", "sample", "fp32", "requests=1,32 model=llama-3-8b"},
    {"llm-core", "sampling", "sample_top_k", "fp32", "requests=1,32 model=llama-3-8b"},
    {"llm-core", "sampling", "sample_top_p", "fp32", "requests=1,32 model=llama-3-8b"},

    // Every shape of the table; what this machine cannot hold or bear is skipped with its reason.
    {"full", "linear layers", "gemm", "fp32,bf16,w8a8,w4a16-g128,w4a8-g128",
     "m=1,2,4,8,16,32,64,96,128,192,256,512,1024,2048,4096,8192,16384 model=llama-3-8b tp=1,2,4,8"},
    {"full", "linear layers", "gemm", "bf16,w8a8,w4a8-g128",
     "m=1,2,4,8,16,32,64,96,128,192,256,512,1024,2048,4096,8192,16384 model=llama-3-70b "
     "tp=1,2,4,8"},
    {"full", "linear layers", "gemm", "bf16,w8a8", "m=1,16,64,256,1024,4096 model=mixtral-8x7b"},
    {"full", "linear layers", "gemm", "bf16,w8a8", "m=1,16,64,256,1024,4096 model=deepseek-v3"},
    {"full", "odd tiles", "gemm", "fp32,bf16,w8a8", "m=65,129,4097 n=4096 k=4096"},
    {"full", "prompts", "prefill_attention", "bf16,fp8_e4m3",
     "requests=1 tokens=512,1024,2048,4096,8192,16384,32768"},
    {"full", "prompts", "prefill_attention", "bf16", "requests=8 tokens=2048,4096"},
    {"full", "chunks", "prefill_attention", "bf16", "tokens=512,2048 context=8192,32768"},
    {"full", "decodes", "paged_decode", "bf16,fp8_e4m3",
     "requests=1,8,16,32,64,128,256 context=1024,4096,8192,32768,131072 ragged=0,1"},
    {"full", "decodes", "mla_decode", "bf16,fp8_e4m3",
     "requests=1,8,64 context=1024,4096,32768 q=1,2 model=deepseek-v3 tp=1,8"},
    {"full", "experts", "moe_route", "softmax_top_k",
     "tokens=1,8,32,64,128,256,512,2048,8192 model=mixtral-8x7b"},
    {"full", "experts", "moe_route", "sigmoid_grouped",
     "tokens=1,8,32,64,128,256,512,2048,8192 model=deepseek-v3"},
    {"full", "experts", "moe_permute", "fp32",
     "tokens=64,512,8192 skew_permille=0,1200 ep=1,8,64 model=deepseek-v3"},
    {"full", "experts", "moe_combine", "fp32",
     "tokens=64,512,8192 skew_permille=0,1200 ep=1,8,64 model=deepseek-v3"},
    {"full", "experts", "moe_gemm", "bf16,w4a16-g128",
     "tokens=1,8,32,64,128,256,512,2048,8192 skew_permille=0,1200 ep=1,8 model=mixtral-8x7b"},
    {"full", "experts", "moe_gemm", "bf16,w4a16-g128",
     "tokens=1,8,32,64,128,256,512,2048,8192 skew_permille=0,1200 ep=8,64 model=deepseek-v3"},
    {"full", "experts", "moe_layer", "bf16",
     "tokens=1,8,32,64,128,256,512,2048,8192 skew_permille=0,1000,1200 ep=1,8 model=mixtral-8x7b"},
    {"full", "experts", "moe_layer", "bf16",
     "tokens=1,8,32,64,128,256,512,2048,8192 skew_permille=0,1000,1200 ep=8,16,32,64 "
     "model=deepseek-v3"},
    {"full", "adapters", "lora", "bf16",
     "rows=1,8,32,128 adapters=1,8 rank=8,16,64 model=llama-3-8b"},
    {"full", "adapters", "lora", "bf16", "rows=1,32 model=llama-3-70b tp=8"},
    {"full", "rows", "rmsnorm", "fp32,bf16", "rows=1,16,256,2048,8192 columns=4096,7168,8192"},
    {"full", "rows", "add_rmsnorm", "fp32,bf16", "rows=1,16,256,2048,8192 columns=4096,7168,8192"},
    {"full", "rows", "layernorm", "fp32,bf16", "rows=1,16,256,2048,8192 columns=4096,7168,8192"},
    {"full", "rows", "silu_mul", "fp32,bf16", "rows=1,16,256,2048,8192 columns=14336,28672"},
    {"full", "rows", "rope", "fp32,bf16", "rows=1,16,256,2048,8192 columns=1024,4096,8192"},
    {"full", "sampling", "softmax", "fp32", "rows=1,16,64,256 columns=32000,128256"},
    {"full", "sampling", "argmax", "fp32", "rows=1,16,64,256 columns=32000,128256"},
    {"full", "sampling", "sample", "fp32", "requests=1,16,64,256 vocab=32000,128256"},
    {"full", "sampling", "sample_top_k", "fp32", "requests=1,16,64,256 vocab=32000,128256"},
    {"full", "sampling", "sample_top_p", "fp32", "requests=1,16,64,256 vocab=32000,128256"},

    // Sizes at which libraries publish figures, so that theirs and a run's can be held together;
    // the figures themselves are theirs, and not kept here.
    {"anchor", "fp32 gemm", "gemm", "fp32", "m=8,32,128,512 n=4096 k=4096"},
    {"anchor", "fp32 gemm", "gemm", "fp32", "m=512 n=4096 k=14336"},
    {"anchor", "fp32 gemv", "gemm", "fp32,bf16,fp16", "m=1 n=4096 k=14336"},
    {"anchor", "bf16 gemm", "gemm", "bf16", "m=8,32,512 n=4096 k=4096"},
    {"anchor", "int8 gemm", "gemm", "w8a8", "m=8,32,512 n=4096 k=4096"},
    {"anchor", "int8 gemv", "gemm", "w8a8", "m=1 n=4096 k=14336"},
    {"anchor", "int4 gemv", "gemm", "w4a16-g128,w4a8-g128", "m=1 n=4096 k=4096,14336"},
    {"anchor", "int4 gemm", "gemm", "w4a16-g128,w4a8-g128", "m=8,512 n=4096 k=4096"},
    {"anchor", "prefill", "prefill_attention", "fp32", "tokens=512,1024,2048"},
    {"anchor", "decode", "paged_decode", "fp32,fp16", "context=1024,4096,16384"},
};

const Op* find_op(std::string_view name) {
  for (const Op& op : kernel_ops()) {
    if (op.name == name) return &op;
  }
  return nullptr;
}

std::vector<std::string> words(const std::string& text, char separator) {
  std::vector<std::string> list;
  std::istringstream in(text);
  for (std::string word; std::getline(in, word, separator);) {
    if (!word.empty()) list.push_back(word);
  }
  return list;
}

BenchRequest request_of(const Entry& entry, const Op& op, const std::vector<std::string>& providers,
                        std::uint64_t seed) {
  BenchRequest request;
  request.ops = {op.name};
  for (const std::string& axis : words(entry.axes, ' ')) request.axes.push_back(parse_axis(axis));
  for (const std::string& format : words(entry.formats, ',')) {
    if (std::find(op.formats.begin(), op.formats.end(), format) != op.formats.end()) {
      request.formats.push_back(format);
    }
  }
  request.providers = providers;
  if (providers.empty()) request.providers = {"best", "vendor"};
  request.tags = {{"suite", entry.suite}, {"group", entry.group}};
  request.seed = seed;
  return request;
}

}  // namespace

const std::vector<Suite>& suites() {
  static const std::vector<Suite> list = {
      {"smoke", "every kind of kernel at small sizes, within a minute", "30s"},
      {"llm-core", "the steps of an 8B model, and of a 70B model on one GPU of eight", "5m"},
      {"full", "every shape of the table; what does not fit is skipped with its reason", "60m"},
      {"anchor", "the sizes at which libraries publish figures of their own", "2m"},
  };
  return list;
}

std::vector<BenchCase> suite_cases(std::string_view name, const std::vector<std::string>& only_ops,
                                   const std::vector<std::string>& providers, std::uint64_t seed) {
  std::vector<std::string> names;
  for (const Suite& suite : suites()) names.push_back(suite.name);
  if (std::find(names.begin(), names.end(), name) == names.end()) {
    throw unknown_name("--suite", "suite", name, names, "inferbench bench --list");
  }
  for (const std::string& op : only_ops) kernel_op(op);
  std::vector<BenchCase> cases;
  for (const Entry& entry : kEntries) {
    const Op* op = find_op(entry.op);
    if (name != entry.suite || op == nullptr) continue;
    if (!only_ops.empty() &&
        std::find(only_ops.begin(), only_ops.end(), op->name) == only_ops.end()) {
      continue;
    }
    const BenchRequest request = request_of(entry, *op, providers, seed);
    if (request.formats.empty()) continue;
    for (BenchCase& c : expand(request)) cases.push_back(std::move(c));
  }
  if (cases.empty()) {
    throw Error("--suite " + std::string(name), "has no cases of the ops given",
                "ops that the suite measures",
                "inferbench bench --suite " + std::string(name) + " --dry-run lists its cases");
  }
  return without_duplicates(std::move(cases));
}

}  // namespace inferbench
