#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "bench/cli/advise_report.hpp"
#include "bench/cli/recommend_report.hpp"
#include "bench/cli/sweep_interrupt.hpp"
#include "bench/cli/sweep_profile.hpp"
#include "bench/cli/system_options.hpp"
#include "bench/cli/verbs.hpp"
#include "bench/cli/workload_options.hpp"
#include "harness/base/error.hpp"
#include "harness/base/output_file.hpp"
#include "harness/catalog/catalog.hpp"
#include "harness/schedule/registry.hpp"
#include "harness/sweep/advise.hpp"
#include "workloads/load.hpp"
#include "workloads/text_values.hpp"

namespace inferbench {
namespace {

struct AdviseArguments {
  SystemOptions system;
  WorkloadArguments traffic;
  ProfileArguments profile;
  std::string gpus = "a100,h100,h200,b200,mi300x,l40s";
  std::vector<std::string> prices, powers;
  std::string slo, rule = "slo", json, model_size;
  std::vector<std::int64_t> chunks = {256, 512, 1024, 2048, 4096, 8192};
  std::vector<std::string> schedulers;
  std::int64_t max_batch = ServingOptions{}.max_batch, most_replica_gpus = 16;
  double margin = 0.25, resolution = 0.02;
  unsigned threads = 0;
};

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    if (end > begin) parts.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

std::vector<HardwareSpec> gpus_of(const AdviseArguments& given) {
  std::vector<HardwareSpec> gpus;
  for (const std::string& name : split(given.gpus)) {
    HardwareSpec gpu = find_gpu(name, "--gpus");
    const bool twice = std::any_of(gpus.begin(), gpus.end(),
                                   [&](const HardwareSpec& g) { return g.name == gpu.name; });
    if (!twice) gpus.push_back(std::move(gpu));
  }
  if (gpus.empty()) {
    throw Error("--gpus", "names no GPU", "expected names between commas", "e.g. a100,h100");
  }
  return gpus;
}

// "h100=2.5" for a GPU that was asked about; its index and the number.
std::pair<std::size_t, double> assignment(const std::string& text, const char* option,
                                          const std::vector<HardwareSpec>& gpus) {
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos) {
    throw Error(option, "\"" + text + "\" has no \"=\"", "expected GPU=NUMBER", "e.g. h100=2.5");
  }
  const HardwareSpec gpu = find_gpu(text.substr(0, equals), option);
  const double value = parse_positive(text.substr(equals + 1), option);
  for (std::size_t i = 0; i < gpus.size(); ++i) {
    if (gpus[i].name == gpu.name) return {i, value};
  }
  throw Error(option, gpu.name + " is not one of the GPUs asked about",
              "a number that is not used would be a misunderstanding", "add it to --gpus");
}

std::vector<GpuOffer> offers_of(const AdviseArguments& given, const ModelSpec& model,
                                const CostProfile& profile) {
  const std::vector<HardwareSpec> gpus = gpus_of(given);
  std::vector<GpuOffer> offers;
  for (const HardwareSpec& gpu : gpus) {
    GpuOffer offer;
    offer.gpu = gpu;
    offer.precision = given.system.precision_text.empty()
                          ? default_precision(profile, model, gpu)
                          : parse_precision(given.system.precision_text);
    offer.watts = gpu.power_watts;
    offers.push_back(std::move(offer));
  }
  for (const std::string& text : given.prices) {
    const auto [gpu, price] = assignment(text, "--price", gpus);
    offers[gpu].price_per_hour = price;
  }
  for (const std::string& text : given.powers) {
    const auto [gpu, watts] = assignment(text, "--power", gpus);
    offers[gpu].watts = watts;
  }
  return offers;
}

AdviseOptions options_of(const AdviseArguments& given) {
  AdviseOptions options;
  for (const std::int64_t chunk : given.chunks) {
    if (chunk < 1) throw Error("--chunks", std::to_string(chunk), "expected tokens >= 1");
    options.chunks.emplace_back(chunk);
  }
  if (options.chunks.empty()) throw Error("--chunks", "is empty", "expected a size", "e.g. 2048");
  options.schedulers = given.schedulers.empty() ? scheduler_names() : given.schedulers;
  for (const std::string& name : options.schedulers) find_policy(name);
  if (given.most_replica_gpus < 1) {
    throw Error("--max-replica-gpus", std::to_string(given.most_replica_gpus), "expected >= 1");
  }
  options.most_replica_gpus = given.most_replica_gpus;
  options.margin = given.margin, options.resolution = given.resolution;
  options.threads = given.threads;
  options.stop = [] { return InterruptGuard::requested(); };
  return options;
}

void need(const std::string& text, const char* option, const char* example) {
  if (text.empty()) throw Error(option, "is missing", "advice by SLO needs it", example);
}

void run_by_slo(const AdviseArguments& given, VerbContext& context) {
  need(given.system.model_name, "--model", "e.g. --model llama-3-70b");
  need(given.slo, "--slo", "e.g. --slo ttft_p99=2s,tpot_p99=50ms");
  need(given.traffic.spec, "--traffic", "e.g. --traffic sample:chat-burst --rate 5");
  if (!given.model_size.empty()) {
    throw Error("--model-size", "does not apply", "it belongs to --rule weights-fit",
                "name a model with --model");
  }
  if (given.traffic.options.concurrency) {
    throw Error("--concurrency", "does not apply", "advice is for requests per second",
                "use --rate; `inferbench find-max --users` looks for users");
  }
  SweepSystem base;
  base.model = given.system.model();
  base.profile = chosen_profile(given.profile);
  refuse_idle_changes(given.profile, base.model, {});  // it tries no context parallelism
  base.budget = given.system.budget();
  const auto offers = offers_of(given, base.model, base.profile);
  const AdviseOptions options = options_of(given);
  ReplaySweep traffic;
  traffic.slo = parse_slo(given.slo);
  traffic.workload =
      std::make_shared<const Workload>(load_workload(given.traffic.spec, given.traffic.options));
  traffic.offer = given.traffic.options;
  traffic.serving.max_batch = given.max_batch;
  std::optional<OutputFile> file;
  if (!given.json.empty()) file.emplace(given.json);
  const InterruptGuard interrupt;
  const auto advices = advise(base, offers, traffic, options);
  const AdviseContext about{.model = base.model.name,
                            .profile = base.profile.name,
                            .slo = *traffic.slo,
                            .traffic = traffic.workload->name,
                            .requests = traffic.workload->requests.size()};
  const bool any = std::any_of(advices.begin(), advices.end(),
                               [](const Advice& advice) { return advice.serves; });
  if (!any) context.exit_code = ExitCode::failed;
  if (InterruptGuard::requested()) context.exit_code = kInterruptedExit;
  if (file) {
    file->write(advice_json(advices, about).dump(2) + "\n");
    file->commit();
    if (file->is_stdout()) return;
  }
  std::cout << advice_report(advices, about);
}

void run_weights_fit(const AdviseArguments& given) {
  if (!given.slo.empty() || !given.traffic.spec.empty()) {
    throw Error(given.slo.empty() ? "--traffic" : "--slo", "does not apply",
                "the rule weights-fit knows neither SLO nor traffic", "leave --rule out");
  }
  const auto table = recommended_instances(model_sizes(given.model_size), gpus_of(given));
  if (given.json.empty()) {
    std::cout << recommended_report(table);
    return;
  }
  OutputFile file(given.json);
  file.write(recommended_json(table).dump(2) + "\n");
  file.commit();
  if (!file.is_stdout()) std::cout << recommended_report(table);
}

void run_advise(const AdviseArguments& given, VerbContext& context) {
  if (given.rule == "slo") return run_by_slo(given, context);
  if (given.rule == "weights-fit") return run_weights_fit(given);
  throw unknown_name("--rule", "rule", given.rule, {"slo", "weights-fit"});
}

void add_question(CLI::App& verb, AdviseArguments& given) {
  verb.add_option("--model", given.system.model_name,
                  "catalog name (`inferbench list models`), config.json or own JSON");
  verb.add_option("--slo", given.slo, "ttft_p99=2s,tpot_p99=50ms or a name of `list slos`");
  verb.add_option(
          "--traffic,--workload", given.traffic.spec,
          "azure:FILE, poisson:rate=2,isl=...,osl=..., sample:NAME, as --workload elsewhere")
      ->type_name("SPEC");
  verb.add_option("--gpus", given.gpus, "GPUs on offer, between commas")->capture_default_str();
  verb.add_option("--price", given.prices, "of one GPU and hour: h100=2.5,a100=1.2 (no default)")
      ->delimiter(',');
  verb.add_option("--power", given.powers, "watts of one GPU: h100=700 (default: its TDP)")
      ->delimiter(',');
  verb.add_option("--precision", given.system.precision_text,
                  "bf16, fp8, ... (default: what the model and each GPU support)");
  verb.add_option("--model-context", given.system.context, "longest sequence in tokens");
}

void add_search(CLI::App& verb, AdviseArguments& given) {
  const auto add = [&](const char* name, auto& value, const char* help) {
    return verb.add_option(name, value, help)->group("Search");
  };
  add("--chunks", given.chunks, "chunk sizes to try")->delimiter(',')->capture_default_str();
  add("--schedulers", given.schedulers, "policies to try, the search's own first (default: all)")
      ->delimiter(',');
  add("--max-replica-gpus", given.most_replica_gpus, "largest replica to try")
      ->capture_default_str();
  add("--max-batch", given.max_batch, "running requests per attention rank")->capture_default_str();
  add("--resolution", given.resolution, "of a replica's rate")->capture_default_str();
  add("--margin", given.margin, "as in find-max")->capture_default_str();
  add("--threads", given.threads, "threads, 0: all cores (results do not depend on it)");
}

}  // namespace

void add_advise_verb(CLI::App& program, VerbContext& context) {
  CLI::App* verb = program.add_subcommand(
      "advise", "which GPU, how many, spread how: cost and tokens per joule under an SLO");
  const auto given = std::make_shared<AdviseArguments>();
  add_question(*verb, *given);
  add_workload_reading_options(*verb, given->traffic.options);
  add_profile_options(*verb, given->profile);
  add_search(*verb, *given);
  verb->add_option("--rule", given->rule,
                   "slo: by replay under the SLO; weights-fit: the table of recommended instances, "
                   "which only asks whether the weights fit")
      ->capture_default_str();
  verb->add_option("--model-size", given->model_size,
                   "of --rule weights-fit: 70B, or several between commas (default: the table's)");
  verb->add_option("--json", given->json, "write the advice as JSON; - is stdout");
  verb->callback([given, &context] { run_advise(*given, context); });
}

}  // namespace inferbench
