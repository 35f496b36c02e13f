#include "harness/metrics/slo.hpp"

namespace inferbench {

const std::vector<NamedSlo>& named_slos() {
  static const char* const kMlperf =
      "MLPerf Inference, mlcommons/inference loadgen mlperf.conf, August 2026; at the 99th "
      "percentile";
  static const char* const kGuidellm = "GuideLLM documentation, SLO guide, August 2026; p99";
  static const std::vector<NamedSlo> slos = {
      {"mlperf:llama2-70b:server", "ttft_p99=2000ms,tpot_p99=200ms", kMlperf},
      {"mlperf:llama2-70b:interactive", "ttft_p99=450ms,tpot_p99=40ms", kMlperf},
      {"mlperf:mixtral-8x7b:server", "ttft_p99=2000ms,tpot_p99=200ms", kMlperf},
      {"mlperf:llama3.1-8b:server", "ttft_p99=2000ms,tpot_p99=100ms", kMlperf},
      {"mlperf:llama3.1-8b:interactive", "ttft_p99=500ms,tpot_p99=30ms", kMlperf},
      {"mlperf:llama3.1-405b:server", "ttft_p99=6000ms,tpot_p99=175ms", kMlperf},
      {"mlperf:llama3.1-405b:interactive", "ttft_p99=4500ms,tpot_p99=80ms", kMlperf},
      {"mlperf:deepseek-r1:server", "ttft_p99=2000ms,tpot_p99=80ms", kMlperf},
      {"mlperf:deepseek-r1:interactive", "ttft_p99=1500ms,tpot_p99=15ms", kMlperf},
      {"mlperf:gpt-oss-120b:server", "ttft_p99=3000ms,tpot_p99=80ms", kMlperf},
      {"mlperf:gpt-oss-120b:interactive", "ttft_p99=2000ms,tpot_p99=15ms", kMlperf},
      {"mlperf:gpt-j:server", "e2e_p99=20s", kMlperf},
      {"mlperf:qwen3-vl-235b:server", "e2e_p99=12s", kMlperf},
      {"guidellm:chat", "ttft_p99=200ms,itl_p99=50ms", kGuidellm},
      {"guidellm:rag", "ttft_p99=300ms,itl_p99=100ms,e2e_p99=3s", kGuidellm},
      {"guidellm:agentic", "e2e_p99=5s", kGuidellm},
      {"guidellm:content-generation", "ttft_p99=600ms,itl_p99=200ms", kGuidellm},
      {"guidellm:code-generation", "ttft_p99=500ms,itl_p99=150ms", kGuidellm},
      {"guidellm:code-completion", "e2e_p99=2s", kGuidellm},
  };
  return slos;
}

}  // namespace inferbench
