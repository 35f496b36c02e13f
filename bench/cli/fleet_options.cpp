#include "bench/cli/fleet_options.hpp"

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "harness/base/error.hpp"
#include "harness/base/text_table.hpp"
#include "harness/replay/fleet_events.hpp"
#include "harness/replay/stage_graph.hpp"
#include "results/configuration.hpp"
#include "workloads/text_values.hpp"

namespace inferbench {
namespace {

std::optional<Duration> patience(const char* option, const std::string& text) {
  if (text.empty()) return std::nullopt;
  const Duration time = parse_duration(text, option);
  if (time == Duration(0)) {
    throw Error(option, "\"" + text + "\" is no time at all", "a duration above 0",
                "leave it out for clients that never give up");
  }
  return time;
}

void refuse_below_one(const char* option, const std::optional<std::int64_t>& value) {
  if (value && *value < 1) throw Error(option, std::to_string(*value), "expected at least 1");
}

// What was understood, in the order in which stages run.
nlohmann::ordered_json stages_json(const StageGraph& graph) {
  static constexpr const char* kKinds[] = {"fixed", "exponential", "lognormal"};
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  for (const Stage& stage : graph.stages) {
    nlohmann::ordered_json row;
    row["name"] = stage.name;
    if (!stage.model) {
      row["latency"] = kKinds[static_cast<std::size_t>(stage.latency.kind)];
      row["latency_ns"] = stage.latency.mean.count();
      if (stage.latency.sigma > 0) row["sigma"] = stage.latency.sigma;
      row["concurrency"] = stage.concurrency;
    }
    row["after"] = nlohmann::ordered_json::array();
    for (const std::size_t before : stage.after) row["after"].push_back(graph.stages[before].name);
    rows.push_back(std::move(row));
  }
  return rows;
}

std::string number(std::uint64_t value) {
  return with_commas(static_cast<long long>(value));
}

}  // namespace

SystemOptions FleetArguments::entry(const SystemOptions& system) const {
  if (prefill_parallel.empty() != decode_parallel.empty()) {
    throw Error(prefill_parallel.empty() ? "--decode-parallel" : "--prefill-parallel",
                "prefill and decode come apart together",
                "give both --prefill-parallel and --decode-parallel");
  }
  if (prefill_parallel.empty()) {
    const auto refuse = [](const char* option, bool given) {
      if (given) throw Error(option, "there is no decode pool", "--decode-parallel makes one");
    };
    refuse("--decode-gpu", !decode_gpu.empty());
    refuse("--decode-router", decode_router.has_value());
    refuse("--transfer", transfer.has_value());
    return system;
  }
  if (!system.parallel_text.empty() || system.gpus) {
    throw Error("--prefill-parallel", "stands beside --parallel or --gpus",
                "the two pools say how many GPUs there are", "leave --parallel and --gpus out");
  }
  SystemOptions entry = system;
  entry.parallel_text = prefill_parallel;
  entry.parallel_option = "--prefill-parallel";
  return entry;
}

FleetServing FleetArguments::serving(const SystemOptions& system) const {
  FleetServing serving;
  for (const std::string& event : events) {
    serving.events.push_back(parse_fleet_event(event, "--event"));
  }
  if (!events_file.empty()) {
    for (const FleetEvent& event : read_fleet_events(events_file)) serving.events.push_back(event);
  }
  if (on_failure != "reroute" && on_failure != "fail") {
    throw unknown_name("--on-failure", "way", on_failure, {"reroute", "fail"});
  }
  serving.on_failure = on_failure == "fail" ? OnFailure::fail : OnFailure::reroute;
  refuse_below_one("--max-open", max_open);
  refuse_below_one("--max-open-per-replica", max_open_per_replica);
  serving.most_open = max_open;
  serving.most_open_per_replica = max_open_per_replica;
  ClientOptions& clients = serving.clients;
  clients.ttft_timeout = patience("--ttft-timeout", ttft_timeout);
  clients.total_timeout = patience("--timeout", timeout);
  if (retries < 0 || retries > 1000) {
    throw Error("--retries", std::to_string(retries), "expected 0 to 1,000");
  }
  clients.retries = retries;
  if (retry_backoff && retries == 0) {
    throw Error("--retry-backoff", "is given without --retries", "it has no effect alone",
                "add --retries or leave it out");
  }
  clients.backoff = parse_duration(retry_backoff.value_or("1s"), "--retry-backoff");
  if (clients.backoff > std::chrono::hours(1)) {  // 20 doublings of it stay in 64 bits
    throw Error("--retry-backoff", "\"" + *retry_backoff + "\" is too long", "at most 1h",
                "it doubles with each retry");
  }
  if (!autoscale.empty()) serving.autoscaler = parse_autoscaler(autoscale, "--autoscale");
  if (decode_parallel.empty()) return serving;
  SystemOptions decode = entry(system);
  decode.parallel_text = decode_parallel;
  decode.parallel_option = "--decode-parallel";
  if (!decode_gpu.empty()) decode.gpu_name = decode_gpu, decode.gpu_option = "--decode-gpu";
  serving.decode = DecodeServing{.deployment = std::make_shared<Deployment>(decode.deployment()),
                                 .router = decode_router.value_or("least_loaded"),
                                 .transfer = transfer.value_or("scale_out")};
  return serving;
}

void add_fleet_options(CLI::App& verb, FleetArguments& arguments) {
  const auto fleet = [&](const char* name, auto& value, const std::string& help) {
    verb.add_option(name, value, help)->group("Fleet")->capture_default_str();
  };
  fleet("--router", arguments.router, "between replicas: " + joined(router_names()));
  fleet(
      "--event", arguments.events,
      "'fail replica=3 at=60s'; also drain, recover, scale_up (replicas=2 start=90s); repeatable");
  fleet("--events", arguments.events_file, "the same as a JSON file");
  fleet("--on-failure", arguments.on_failure,
        "open requests of a replica that fails: reroute (computed again elsewhere) or fail");
  fleet("--max-open", arguments.max_open, "open requests; more are refused (default: no limit)");
  fleet("--max-open-per-replica", arguments.max_open_per_replica,
        "the same per replica that requests enter (default: no limit)");
  fleet("--ttft-timeout", arguments.ttft_timeout,
        "clients give up without a first token after this time (default: never)");
  fleet("--timeout", arguments.timeout,
        "clients give up without the whole answer after this time (default: never)");
  fleet("--retries", arguments.retries,
        "times a client asks again that was refused, timed out or failed");
  fleet("--retry-backoff", arguments.retry_backoff,
        "before the first retry; doubles each time (default 1s)");
  fleet("--autoscale", arguments.autoscale,
        "min=1,max=8,up=20,down=2,interval=10s,cooldown=60s,start=30s; up and down: open requests "
        "per replica (default: none)");
  fleet("--prefill-parallel", arguments.prefill_parallel,
        "disaggregated serving: the pool that computes prompts, e.g. tp4dp2");
  fleet("--decode-parallel", arguments.decode_parallel, "the pool that decodes");
  fleet("--decode-gpu", arguments.decode_gpu, "its GPU (default: --gpu)");
  fleet("--decode-router", arguments.decode_router, "between its replicas (default least_loaded)");
  fleet("--transfer", arguments.transfer,
        "link that KV takes: " + joined(transfer_tiers()) + " (default scale_out)");
  fleet("--stages", arguments.stages,
        "JSON file of the stages around the model: tokenizer, retrieval, guardrail, ...");
}

nlohmann::ordered_json fleet_json(const FleetArguments& given, const FleetServing& serving) {
  nlohmann::ordered_json out = nlohmann::ordered_json::object();
  for (const FleetEvent& event : serving.events) {
    static constexpr const char* kNames[] = {"fail", "drain", "recover", "scale_up"};
    const bool scales = event.kind == FleetEvent::Kind::scale_up;
    nlohmann::ordered_json row;
    row["event"] = kNames[static_cast<std::size_t>(event.kind)];
    row["at_ns"] = event.at.time_since_epoch().count();
    row[scales ? "replicas" : "replica"] = scales ? event.replicas : event.replica;
    if (event.start > Duration(0)) row["start_ns"] = event.start.count();
    if (event.decode_pool) row["pool"] = "decode";
    out["events"].push_back(std::move(row));
  }
  if (!serving.events.empty()) out["on_failure"] = given.on_failure;
  if (given.max_open) out["max_open"] = *given.max_open;
  if (given.max_open_per_replica) out["max_open_per_replica"] = *given.max_open_per_replica;
  const ClientOptions& clients = serving.clients;
  if (clients.ttft_timeout) out["ttft_timeout_ns"] = clients.ttft_timeout->count();
  if (clients.total_timeout) out["timeout_ns"] = clients.total_timeout->count();
  if (clients.retries > 0) {
    out["retries"] = clients.retries;
    out["retry_backoff_ns"] = clients.backoff.count();
  }
  if (serving.autoscaler) out["autoscale"] = given.autoscale;
  if (serving.decode) {
    out["decode_deployment"] = deployment_json(*serving.decode->deployment);
    out["decode_router"] = serving.decode->router;
    out["transfer"] = serving.decode->transfer;
  }
  if (!given.stages.empty()) out["stages"] = stages_json(read_stage_graph(given.stages));
  return out;
}

std::string fleet_line(const FleetActivity& activity) {
  std::string text;
  const auto add = [&](std::uint64_t count, const char* what) {
    if (count > 0) text += (text.empty() ? "Fleet: " : ", ") + number(count) + " " + what;
  };
  add(activity.failures, "replica failures");
  add(activity.drains, "drains");
  add(activity.starts, "starts");
  add(activity.rerouted, "requests rerouted");
  add(activity.refused, "refused");
  add(activity.timed_out, "timed out");
  add(activity.retried, "retried");
  if (!text.empty()) text += ".\n";
  const KvLinkStats& kv = activity.transfers;
  if (kv.transfers == 0) return text;
  const auto mean = [&](Duration sum) {
    return human_seconds(seconds(sum).count() / static_cast<double>(kv.transfers));
  };
  return text + "KV transfers: " + number(kv.transfers) + ", " + human_bytes(kv.bytes.count()) +
         "; on average " + mean(kv.busy) + " on the link after " + mean(kv.queued) +
         " in its queue.\n";
}

}  // namespace inferbench
