#include "harness/kernel_tables/import.hpp"

#include <gtest/gtest.h>

#include "harness/base/error.hpp"
#include "harness/catalog/catalog.hpp"
#include "tests/unit/kernel_tables/synthetic_tables.hpp"

namespace inferbench {
namespace {

constexpr const char* kGemmHeader =
    "framework,version,device,op_name,kernel_source,gemm_dtype,m,n,k,latency\n";

KernelTable imported(const std::string& path, const ImportOptions& options = {}) {
  KernelTableBuilder builder;
  import_tables(path, options, builder);
  return builder.build("test");
}

std::string gemm_row(const std::string& device, const std::string& latency) {
  return "TRTLLM,1.0,\"" + device + "\",gemm,torch_flow,bfloat16,16,4096,1024," + latency + "\n";
}

std::string message_of(const std::string& path, const ImportOptions& options = {}) {
  try {
    imported(path, options);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(ImportTables, ReadsGemmsOfAiconfiguratorInMilliseconds) {
  const TableFolder folder("import_gemm");
  const KernelTable table = imported(
      folder.write("gemm_perf.csv", kGemmHeader + gemm_row("NVIDIA H100 80GB HBM3", "0.0125")));
  const SeriesRecord& series = table.series()[0];
  EXPECT_EQ(table.machine_name(series), "h100");
  EXPECT_EQ(table.text(series.framework), "trtllm");
  EXPECT_EQ(table.text(series.format), "bf16");
  const SiteRecord* const site = table.find(series, {4096, 1024});
  ASSERT_NE(site, nullptr);
  EXPECT_EQ(table.rows(*site)[0].x, 16);
  EXPECT_DOUBLE_EQ(table.rows(*site)[0].ns, 12'500);
}

// Elements of two bytes; the message of NCCL is what wire_bytes() counts.
TEST(ImportTables, ReadsMessagesInBytes) {
  const TableFolder folder("import_nccl");
  const KernelTable table = imported(folder.write(
      "nccl_perf.csv",
      "framework,version,device,op_name,kernel_source,nccl_dtype,num_gpus,message_size,latency\n"
      "TRTLLM,2.27.3,NVIDIA A100-SXM4-80GB,alltoall,NCCL,half,4,1024,0.011\n"));
  const SeriesRecord& series = table.series()[0];
  EXPECT_EQ(series.op, static_cast<std::uint32_t>(KernelOp::all_to_all));
  EXPECT_EQ(table.machine_name(series), "a100");
  EXPECT_EQ(table.text(series.framework), "nccl");
  EXPECT_EQ(table.rows()[0].x, 2048);
}

TEST(ImportTables, ReadsExpertsWithTheirRouting) {
  const TableFolder folder("import_moe");
  const KernelTable table = imported(folder.write(
      "moe_perf.csv",
      "framework,version,device,op_name,kernel_source,moe_dtype,num_tokens,hidden_size,inter_size,"
      "topk,num_experts,moe_tp_size,moe_ep_size,distribution,latency\n"
      "TRTLLM,1.0,NVIDIA H100 80GB HBM3,moe,cutlass,fp8,64,4096,1536,8,128,2,4,power_law_1.2,0.2\n"
      "TRTLLM,1.0,NVIDIA H100 80GB HBM3,moe,cutlass,fp8,64,4096,1536,8,128,2,4,balanced,0.1\n"));
  const SeriesRecord& series = table.series()[0];
  EXPECT_NE(table.find(series, {4096, 1536, 8, 128, 2, 4, 1, 120}), nullptr);
  EXPECT_NE(table.find(series, {4096, 1536, 8, 128, 2, 4, 1, 0}), nullptr);
}

TEST(ImportTables, NamesTheLineOfWhatItCannotUse) {
  const TableFolder folder("import_bad");
  const std::string h100 = "NVIDIA H100 80GB HBM3";
  const std::string zero =
      folder.write("a/gemm_perf.csv", kGemmHeader + gemm_row(h100, "0.01") + gemm_row(h100, "0"));
  EXPECT_NE(message_of(zero).find("gemm_perf.csv:3"), std::string::npos) << message_of(zero);
  const std::string text = folder.write("b/gemm_perf.csv", kGemmHeader + gemm_row(h100, "fast"));
  EXPECT_NE(message_of(text).find("\"latency\" is \"fast\""), std::string::npos)
      << message_of(text);
  const std::string axis =
      folder.write("c/gemm_perf.csv", "framework,version,device,m,n,latency\n");
  EXPECT_NE(message_of(axis).find("column \"kernel_source\" is missing"), std::string::npos);
  EXPECT_NE(message_of(folder.write("e/ar.json", R"({"nccl_version": 1, "args": [3]})"))
                .find("not laid out as expected"),
            std::string::npos);
  EXPECT_NE(message_of(folder.write("d/other.csv", "a,b\n1,2\n")).find("no known format"),
            std::string::npos);
}

TEST(ImportTables, RefusesATableOfAnotherGpu) {
  const TableFolder folder("import_gpu");
  const std::string path =
      folder.write("gemm_perf.csv", kGemmHeader + gemm_row("NVIDIA H100 80GB HBM3", "0.0125"));
  ImportOptions options;
  options.gpu = find_gpu("a100");
  EXPECT_NE(message_of(path, options).find("which is h100; --gpu asks for a100"), std::string::npos)
      << message_of(path, options);
}

// 8 heads of 4,096 / 32 = 128 wide of TP 4, 2 of keys and 2 of values: (8 + 2 * 2) * 128 columns.
TEST(ImportTables, ReadsVidursLayersAsTheirOps) {
  const TableFolder folder("import_vidur");
  std::string header, row;
  for (const char* op :
       {"emb", "input_layernorm", "attn_pre_proj", "attn_rope", "attn_post_proj",
        "post_attention_layernorm", "mlp_up_proj", "mlp_act", "mlp_down_proj", "add"}) {
    header += "time_stats." + std::string(op) + ".median,";
    row += "0.05,";
  }
  const KernelTable table = imported(folder.write(
      "h100/model_mlp.csv", header +
                                "n_head,n_kv_head,n_embd,n_expanded_embd,use_gated_mlp,num_tokens,"
                                "num_tensor_parallel_workers\n" +
                                row + "32,8,4096,14336,True,128,4\n"));
  const SeriesRecord& gemm = table.series()[0];
  EXPECT_EQ(table.machine_name(gemm), "h100");
  EXPECT_NE(table.find(gemm, {1536, 4096}), nullptr);
  EXPECT_NE(table.find(gemm, {7168, 4096}), nullptr);
  EXPECT_NE(table.find(gemm, {4096, 3584}), nullptr);
  EXPECT_NE(table.find(gemm, {4096, 1024}), nullptr);
}

TEST(ImportTables, ReadsNcclTests) {
  const TableFolder folder("import_nccl_tests");
  const KernelTable table = imported(folder.write("ar.json", R"({
    "version": 2, "args": ["./build/all_reduce_perf", "-J", "ar.json"], "nccl_version": 22703,
    "config": {"nthreads": 1, "ngpus": 8, "devices": [
      {"rank": 0, "hostname": "a", "device_info": "NVIDIA H100 80GB HBM3"}]},
    "results": [{"size": 1048576, "count": 262144, "type": "float",
                 "out_of_place": {"time": 31.5}, "in_place": {"time": 31.0}}]})"));
  const SeriesRecord& series = table.series()[0];
  EXPECT_EQ(table.text(series.version), "2.27.3");
  const SiteRecord* const site = table.find(series, {8, 1});
  ASSERT_NE(site, nullptr);
  EXPECT_DOUBLE_EQ(table.rows(*site)[0].ns, 31'500);
  EXPECT_EQ(table.rows(*site)[0].x, 1'048'576);
}

TEST(ImportTables, ReadsNvbenchByTheNamesOfOpsAndAxes) {
  const TableFolder folder("import_nvbench");
  const std::string state = R"({"name": "s", "axis_values": [
      {"name": "n", "value": "4096"}, {"name": "k", "value": "1024"},
      {"name": "tokens", "value": "16"}, {"name": "format", "value": "fp8"}],
    "summaries": [{"tag": "nv/cold/time/gpu/mean",
                   "data": [{"name": "value", "type": "float64", "value": "1.25e-05"}]}]})";
  const KernelTable table =
      imported(folder.write("nv.json", R"({"meta": {"version": {"nvbench": {}}},
        "devices": [{"id": 0, "name": "NVIDIA H100 80GB HBM3"}],
        "benchmarks": [{"name": "gemm", "states": [)" +
                                           state + "]}]}"));
  EXPECT_EQ(table.text(table.series()[0].format), "fp8");
  EXPECT_NEAR(table.rows()[0].ns, 12'500, 1e-6);
}

// A folder is read file by file; what is of no known format is told and passed over.
TEST(ImportTables, PassesOverWhatItDoesNotKnowInAFolder) {
  const TableFolder folder("import_folder");
  folder.write("x/gemm_perf.csv", kGemmHeader + gemm_row("NVIDIA H100 80GB HBM3", "0.0125"));
  folder.write("x/notes.json", "{}");
  KernelTableBuilder builder;
  const std::vector<ImportedFile> files = import_tables(folder.path(), {}, builder);
  ASSERT_EQ(files.size(), 2U);
  EXPECT_EQ(files[0].rows, 1U);
  EXPECT_FALSE(files[1].skipped.empty());
}

}  // namespace
}  // namespace inferbench
