#include "harness/cost/step_cost_model.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

#include "harness/base/random.hpp"
#include "tests/unit/cost/steps.hpp"

namespace inferbench {
namespace {

// A decode multiplies every active weight once: 2 FLOPs each. The embedding table is looked up,
// norms are not GEMMs.
TEST(StepCostModel, OneDecodeCostsTwoFlopsPerActiveParameter) {
  for (const char* name : {"llama-3-8b", "llama-3-70b", "mixtral-8x7b", "qwen3-235b-a22b",
                           "gpt-oss-120b", "deepseek-v3"}) {
    const Deployment d = deployed(name, "h200", "tp1", "bf16");
    const StepExplanation e = StepCostModel(d, profile()).explain(plan({decode(1)}));
    const ModelSpec& m = d.model;
    const double table = static_cast<double>(m.vocab * m.hidden);
    const double multiplied = active_parameters(m) - (m.tie_embeddings ? 0.0 : table);
    EXPECT_NEAR(flops_of(e) / (2.0 * multiplied), 1.0, 0.005) << name;
  }
}

// Llama 3 8B in bf16 on one H100: 15.0 GB of weights at 85 % of 3.35 TB/s are 5.27 ms, and some
// hundred launch floors come on top. vLLM and TensorRT-LLM measure 6.5 to 7.5 ms.
TEST(StepCostModel, SingleStreamDecodeOfEightBillionTakesAboutSevenMilliseconds) {
  const StepCostModel model(deployed("llama-3-8b", "h100", "tp1", "bf16"), profile());
  const double ms = seconds(model.step(plan({decode(512)})).elapsed).count() * 1e3;
  EXPECT_GT(ms, 6.0);
  EXPECT_LT(ms, 7.8);
}

// Two all-reduces a layer; each rank sends 2 (t-1)/t * tokens * hidden * 2 bytes for each. 80
// layers of 8,192, TP 4, 64 tokens: 160 * 1.5 * 64 * 8192 * 2 bytes.
TEST(StepCostModel, TensorParallelismAddsTwoAllReducesPerLayer) {
  const StepCostModel model(deployed("llama-3-70b", "h100", "tp4", "bf16"), ring_profile());
  const StepExplanation e = model.explain(plan(std::vector<BatchItem>(64, decode(1000))));
  const OpExplanation& attention = op_of(e, "attention_all_reduce");
  const OpExplanation& ffn = op_of(e, "ffn_all_reduce");
  EXPECT_EQ(attention.count + ffn.count, 160);
  EXPECT_DOUBLE_EQ((attention.wire + ffn.wire).count(), 160 * 1.5 * 64 * 8192 * 2);
}

TEST(StepCostModel, TensorParallelismLowersComputeAndCrossingDomainsCosts) {
  const BatchPlan batch = plan({prefill(2048)});
  Duration last = Duration::max();
  for (const char* parallel : {"tp1", "tp2", "tp4", "tp8"}) {
    const StepTiming t =
        StepCostModel(deployed("llama-3-70b", "h100", parallel, "bf16"), profile()).step(batch);
    EXPECT_LT(t.parts.gemm, last) << parallel;
    EXPECT_EQ(t.parts.scale_out, Duration(0)) << parallel;
    last = t.parts.gemm;
  }
  const StepTiming wide =
      StepCostModel(deployed("llama-3-70b", "h100", "tp16", "bf16"), profile()).step(batch);
  EXPECT_GT(wide.parts.scale_out, Duration(0));
}

// Sums over ops, layers, stages and overlap: the explanation is the step.
TEST(StepCostModel, TheExplanationAddsUpToTheStep) {
  struct Case {
    const char* model;
    const char* gpu;
    const char* parallel;
  };
  for (const Case& c :
       {Case{"llama-3-70b", "h100", "tp4pp2"}, Case{"deepseek-v3", "h200", "tp2ep8"},
        Case{"gpt-oss-120b", "h100", "ep4"}, Case{"mixtral-8x7b", "h100", "tp8"},
        Case{"gpt-moe-1.8t", "gb200-nvl72", "tp2ep16pp2"}}) {
    for (const char* name : {"default", "p1"}) {
      const Deployment d = deployed(c.model, c.gpu, c.parallel);
      if (name == std::string("p1") && d.model.mla) continue;
      const StepCostModel model(d, find_cost_profile(name));
      const BatchPlan batch = plan({decode(900), decode(4000), prefill(300, 700)});
      const StepExplanation e = model.explain(batch);
      double sum = 0, shares = 0;
      for (const OpExplanation& op : e.ops) sum += op.time.count(), shares += op.share;
      const StepTiming t = model.step(batch);
      EXPECT_NEAR(sum, seconds(t.stage + t.hidden).count(), 2e-8) << c.model << " " << name;
      EXPECT_NEAR(shares, 1.0, 1e-9);
      EXPECT_EQ(e.timing.stage, t.stage);
      EXPECT_GE(t.elapsed, t.stage);
      EXPECT_GE(t.hidden, Duration(-10));
    }
  }
}

// Work never gets cheaper by adding to it, but for the graph launch that larger steps do without.
TEST(StepCostModel, AddingWorkNeverMakesAStepShorter) {
  RandomStream random(17, "monotone");
  for (const char* name : {"llama-3-8b", "mixtral-8x7b", "deepseek-v3", "gpt-oss-120b"}) {
    const bool moe = find_model(name).moe.has_value();
    const StepCostModel model(deployed(name, "h200", moe ? "ep4" : "tp2"), profile());
    BatchPlan batch;
    Duration last{};
    for (int i = 0; i < 60; ++i) {
      const auto rank = static_cast<std::uint16_t>(moe ? random.between(0, 3) : 0);
      batch.items.push_back(random.uniform() < 0.8
                                ? decode(random.between(1, 20000), rank)
                                : prefill(random.between(1, 300), random.between(0, 5000), rank));
      const Duration stage = model.step(batch).stage;
      EXPECT_GE(stage + std::chrono::microseconds(10), last) << name << " item " << i;
      last = stage;
    }
  }
}

// Eight decodes on one of four ranks keep the others waiting; spread evenly they do not.
TEST(StepCostModel, TheHottestAttentionRankDecides) {
  const StepCostModel model(deployed("deepseek-v3", "h200", "ep4"), profile());
  BatchPlan even, skewed;
  for (std::uint16_t i = 0; i < 64; ++i) {
    even.items.push_back(decode(100000, i % 4));
    skewed.items.push_back(decode(100000, 0));
  }
  const StepTiming a = model.step(even), b = model.step(skewed);
  EXPECT_GT(b.parts.attention, a.parts.attention * 2);
  EXPECT_GT(b.stage, a.stage);
}

TEST(StepCostModel, ExpertSkewSlowsTheHottestRank) {
  CostProfile skewed = profile();
  std::get<OpsParameters>(skewed.parameters).expert_skew.exponent = 1.2;
  const Deployment d = deployed("deepseek-v3", "h200", "ep8");
  BatchPlan batch;
  for (std::uint16_t r = 0; r < 8; ++r) batch.items.push_back(prefill(2048, 0, r));
  EXPECT_GT(StepCostModel(d, skewed).step(batch).parts.moe,
            StepCostModel(d, profile()).step(batch).parts.moe);
}

// gpt-oss: every second layer sees 128 tokens. At 64k tokens those layers are nearly free.
TEST(StepCostModel, WindowedLayersReadTheirWindow) {
  const StepCostModel model(deployed("gpt-oss-120b", "h100", "tp1"), profile());
  const StepExplanation e = model.explain(plan(std::vector<BatchItem>(16, decode(65535))));
  const OpExplanation& full = op_of(e, "decode_attention");
  const OpExplanation& windowed = op_of(e, "windowed_decode_attention");
  EXPECT_EQ(full.count, 18);
  EXPECT_EQ(windowed.count, 18);
  EXPECT_NEAR(full.flops / windowed.flops, 65536.0 / 128.0, 1e-9);
}

// Two stages of 40 layers: each is occupied about half as long, a token passes both.
TEST(StepCostModel, PipelineStagesSplitTheLayers) {
  const BatchPlan batch = plan({prefill(4096)});
  const StepTiming one =
      StepCostModel(deployed("llama-3-70b", "h100", "tp4"), profile()).step(batch);
  const StepTiming two =
      StepCostModel(deployed("llama-3-70b", "h100", "tp4pp2"), profile()).step(batch);
  EXPECT_NEAR(static_cast<double>(two.stage.count()) / static_cast<double>(one.stage.count()), 0.5,
              0.02);
  EXPECT_NEAR(static_cast<double>(two.elapsed.count()) / static_cast<double>(one.elapsed.count()),
              1.0, 0.02);
  EXPECT_EQ(one.elapsed, one.stage);
}

TEST(StepCostModel, ContextParallelismSplitsALongPrompt) {
  const BatchPlan batch = plan({prefill(65536)});
  const StepTiming one =
      StepCostModel(deployed("llama-3-70b", "h100", "tp4"), profile()).step(batch);
  const StepTiming two =
      StepCostModel(deployed("llama-3-70b", "h100", "tp4cp2"), profile()).step(batch);
  EXPECT_NEAR(two.parts.attention / Duration(1), one.parts.attention / Duration(1) / 2,
              1e-3 * static_cast<double>(one.parts.attention.count()));
  EXPECT_GT(two.parts.scale_up, Duration(0));
}

TEST(StepCostModel, OverlapHidesCommunicationPerTier) {
  CostProfile overlapped = profile();
  std::get<OpsParameters>(overlapped.parameters).scale_up.overlap = 1;
  const Deployment d = deployed("llama-3-70b", "h100", "tp4");
  const BatchPlan batch = plan({prefill(4096)});
  const StepTiming exposed = StepCostModel(d, profile()).step(batch);
  const StepTiming hidden = StepCostModel(d, overlapped).step(batch);
  EXPECT_EQ(exposed.parts.scale_up, hidden.parts.scale_up);
  EXPECT_LT(hidden.stage, exposed.stage);
  EXPECT_GT(hidden.hidden, exposed.parts.scale_up / 2);
}

TEST(StepCostModel, SkippingTheLmHeadOnUnsampledPositionsSavesIt) {
  const StepCostModel model(deployed("llama-3-8b", "h100", "tp1"), profile());
  BatchItem middle = prefill(512);
  middle.emits = false;
  EXPECT_LT(model.step(plan({middle})).stage, model.step(plan({prefill(512)})).stage);
}

TEST(StepCostModel, GivesTheSameAnswersFromManyThreads) {
  const StepCostModel model(deployed("deepseek-v3", "h200", "ep8"), profile());
  const auto run = [&](std::vector<Duration>& out) {
    RandomStream random(4, "threads");
    for (int i = 0; i < 300; ++i) {
      BatchPlan batch;
      for (std::int64_t n = random.between(1, 200); n > 0; --n) {
        batch.items.push_back(
            decode(random.between(1, 9000), static_cast<std::uint16_t>(random.between(0, 7))));
      }
      out.push_back(model.step(batch).stage);
    }
  };
  std::vector<std::vector<Duration>> answers(4);
  std::vector<std::thread> threads;
  for (auto& out : answers) threads.emplace_back([&run, &out] { run(out); });
  for (std::thread& thread : threads) thread.join();
  for (const auto& out : answers) EXPECT_EQ(out, answers.front());
}

TEST(StepCostModel, ARankThatDoesNotExistIsABrokenInvariant) {
  const StepCostModel model(deployed("mixtral-8x7b", "h100", "ep2"), profile());
  EXPECT_THROW(model.step(plan({decode(10, 2)})), std::logic_error);
}

}  // namespace
}  // namespace inferbench
