#include "harness/measured/cpu_setup.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <limits>

#include "harness/base/error.hpp"
#include "harness/catalog/catalog.hpp"

namespace inferbench {
namespace {

struct Asked {
  std::string model = "tiny-dense-test";
  CpuOptions options;
  ServingOptions serving;
  Bytes available{8e9};

  CpuSetup setup() const { return cpu_setup(find_model(model), options, serving, 1, available); }
};

// The place and the problem of what is refused.
std::string refused(const std::function<void(Asked&)>& change) {
  Asked asked;
  change(asked);
  try {
    asked.setup();
  } catch (const Error& error) {
    return error.place() + ": " + error.problem();
  }
  return "accepted";
}

TEST(CpuSetup, RefusesWhatIsNotExecuted) {
  EXPECT_EQ(refused([](Asked&) {}), "accepted");
  EXPECT_EQ(refused([](Asked& a) { a.model = "bert-large"; }),
            "bert-large: has biases of the FFN or of the attention's output");
  EXPECT_EQ(refused([](Asked& a) { a.serving.block_tokens = Tokens(32); }), "--block-tokens: 32");
  EXPECT_EQ(refused([](Asked& a) { a.serving.scheduler = "static_padded"; }),
            "--scheduler: static_padded pads its batches");
  EXPECT_EQ(
      refused([](Asked& a) { a.serving.kv.options.preemption = KvOptions::Preemption::swap; }),
      "--preempt: moves keys and values to host memory");
  EXPECT_EQ(refused([](Asked& a) { a.serving.kv.cpu_tier = Bytes(1e9); }),
            "--kv-cpu-tier: moves keys and values to host memory");
  EXPECT_EQ(refused([](Asked& a) { a.options.threads = 1'000'000; }), "--threads: 1000000 threads");
  EXPECT_EQ(refused([](Asked& a) { a.options.kv_tokens = 15; }), "--kv-tokens: 15");
  EXPECT_EQ(refused([](Asked& a) { a.options.kv_tokens = std::int64_t{1} << 40; }),
            "--kv-tokens: 1099511627776");
  for (const auto& [option, set] : std::vector<std::pair<std::string, void (*)(Asked&)>>{
           {"--weights", [](Asked& a) { a.options.weights = "int8"; }},
           {"--kv", [](Asked& a) { a.options.kv = "fp8"; }},
           {"--kernels", [](Asked& a) { a.options.kernels = "quick"; }},
           {"--clock", [](Asked& a) { a.options.clock = "real"; }},
           {"--scheduler", [](Asked& a) { a.serving.scheduler = "inflight"; }}}) {
    EXPECT_EQ(refused(set).substr(0, option.size()), option);
  }
}

// Every model of the catalog is executed where memory suffices, but for those listed.
TEST(CpuSetup, AnswersForEveryModelOfTheCatalog) {
  std::vector<std::string> refused;
  for (const ModelSpec& model : models()) {
    Asked asked;
    asked.model = model.name;
    asked.options.weights = "w4a8-g128";
    asked.available = Bytes(0);  // not judged
    try {
      asked.setup();
    } catch (const Error& error) {
      EXPECT_EQ(error.place(), model.name);
      EXPECT_FALSE(error.rule().empty());
      EXPECT_FALSE(error.way_out().empty());
      refused.push_back(model.name + ": " + error.problem());
    }
  }
  EXPECT_EQ(refused, (std::vector<std::string>{
                         "gpt-oss-120b: has biases of the FFN or of the attention's output",
                         "bert-large: has biases of the FFN or of the attention's output",
                     }));
}

TEST(CpuSetup, RefusesDraftsThatCannotBe) {
  const auto speculate = [](const char* text) {
    return refused([&](Asked& a) { a.serving.speculation = parse_measured_speculation(text); });
  };
  EXPECT_EQ(speculate("gamma=3"), "accepted");
  EXPECT_EQ(speculate("draft=tiny-dense-test,gamma=3"), "accepted");
  EXPECT_EQ(speculate("draft=stories15m,gamma=3"),
            "--speculate: stories15m has a vocabulary of 32000 tokens, tiny-dense-test of 256");
  EXPECT_NE(speculate("mtp=1"), "accepted");
  EXPECT_THROW(parse_measured_speculation("gamma=3,accept=0.5"), Error);
}

TEST(CpuSetup, RefusesAModelTooLargeForTheHost) {
  const std::string text = refused([](Asked& a) {
    a.model = "llama-3-70b";
    a.available = Bytes(24e9);
  });
  EXPECT_EQ(text.substr(0, 32), "llama-3-70b: executing it takes ");
}

// tiny-dense-test: 128 tokens of context are 8 blocks; a block takes 2 * 2 layers * 2 heads * 16
// tokens * 16 elements * 2 bytes = 4,096 bytes.
TEST(CpuSetup, PoolHoldsABatchOfTheLongestSequencesOrAnEighthOfTheMemory) {
  Asked asked;
  asked.serving.max_batch = 10;
  EXPECT_EQ(asked.setup().limits.kv_blocks, 80);
  asked.options.kv_tokens = 100;
  EXPECT_EQ(asked.setup().limits.kv_blocks, 6);
  asked.options.parallel.cp = 2;  // 16 tokens of a block on each rank
  asked.options.threads = 0;
  EXPECT_EQ(asked.setup().limits.kv_blocks, 3);
  EXPECT_EQ(asked.setup().limits.block_tokens, Tokens(32));
  asked.options.parallel.cp = 1;
  asked.options.kv_tokens = 0;
  asked.serving.max_batch = std::numeric_limits<std::int64_t>::max();
  EXPECT_EQ(asked.setup().limits.kv_blocks, 8'000'000'000 / 8 / 4096);
}

}  // namespace
}  // namespace inferbench
