#include "bench/cli/advise_report.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "harness/base/text_table.hpp"

namespace inferbench {
namespace {

using Json = nlohmann::ordered_json;

bool all_priced(const std::vector<Advice>& advices) {
  return std::all_of(advices.begin(), advices.end(), [](const Advice& advice) {
    return !advice.serves || advice.offer.price_per_hour;
  });
}

double watts(const Advice& advice) {
  return advice.offer.watts * static_cast<double>(advice.gpus());
}

std::string configuration(const Advice& advice) {
  return label(advice.task.parallel) + ", chunk " + with_commas(advice.task.chunk.count()) + ", " +
         advice.scheduler;
}

std::string table_of(const std::vector<Advice>& advices, const std::vector<std::size_t>& order,
                     const AdviseContext& about) {
  std::vector<std::string> header = {
      "GPU", "GPUs", "config", "chunk", "policy", "weights", "one replica, req/s"};
  for (const SloConstraint& limit : about.slo.constraints) header.push_back(limit.statistic());
  header.insert(header.end(), {"per 1M out tokens", "tokens/J", "weights-fit says"});
  TextTable table(header);
  for (const std::size_t i : order) {
    const Advice& a = advices[i];
    std::vector<std::string> row = {a.offer.gpu.name,
                                    std::to_string(a.gpus()),
                                    label(a.task.parallel),
                                    std::to_string(a.task.chunk.count()),
                                    a.scheduler,
                                    label(a.offer.precision),
                                    significant(a.replica_rate)};
    for (const ConstraintCount& count : a.probe.counts) {
      row.push_back(count.attained ? significant(*count.attained) : "-");
    }
    const auto cost = a.cost_per_million();
    row.insert(row.end(), {cost ? fixed(*cost, 3) : "-", significant(a.tokens_per_joule()),
                           std::to_string(a.weights_alone)});
    table.add(std::move(row));
  }
  return table.str();
}

std::string elsewhere(const std::vector<Advice>& advices, const std::vector<std::size_t>& order) {
  std::string text;
  for (const std::size_t i : order) {
    const Advice& a = advices[i];
    if (a.gpus() == a.weights_alone) continue;
    text += "  " + a.offer.gpu.name + ": " + std::to_string(a.gpus()) + " instead of " +
            std::to_string(a.weights_alone) +
            (a.gpus() > a.weights_alone ? ", the traffic needs more than the weights\n"
                                        : ", its rule of two and of powers of two asks for more\n");
  }
  for (const Advice& a : advices) {
    if (a.serves) continue;
    text += "  " + a.offer.gpu.name + ": none instead of " + std::to_string(a.weights_alone) +
            ", the SLO is out of reach\n";
  }
  if (text.empty()) return "\nThe rule weights-fit gives the same counts here.\n";
  return "\nWhere the SLO decides otherwise than the rule weights-fit:\n" + text;
}

std::string policies_of(const Advice& advice) {
  TextTable table({"policy", "one replica, req/s"});
  for (const PolicyTrial& trial : advice.policies) {
    table.add({trial.scheduler, trial.rate > 0          ? significant(trial.rate)
                                : trial.why_not.empty() ? "misses the SLO"
                                                        : trial.why_not});
  }
  return "\nPolicies on one " + label([&] {
           ParallelConfig one = advice.task.parallel;
           one.dp = 1;
           return one;
         }()) +
         " of " + advice.offer.gpu.name + ":\n" + table.str();
}

std::string rests_on(const AdviseContext& about, bool priced) {
  std::string text =
      "\nWhat these numbers rest on\n"
      "  first principles alone: step times of cost profile " +
      about.profile +
      ", and so requests/s, GPU counts, TTFT, TPOT,\n"
      "    cost and tokens/J. No GPU ran. Their error is unknown until measured tables are given.\n"
      "  catalog: memory, bandwidth and peaks of each GPU; its TDP as power where --power gives "
      "none\n"
      "    (GPUs alone: no host, no cooling, no idle hours)\n";
  text += priced ? "  you: prices (--price), per GPU and hour, all hours paid\n"
                 : "  no prices are known for all of them (--price GPU=NUMBER): ranked by power\n";
  return text;
}

}  // namespace

std::vector<std::size_t> ranked(const std::vector<Advice>& advices) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < advices.size(); ++i) {
    if (advices[i].serves) order.push_back(i);
  }
  const bool by_cost = all_priced(advices);
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    if (by_cost) return *advices[a].cost_per_million() < *advices[b].cost_per_million();
    return watts(advices[a]) < watts(advices[b]);
  });
  return order;
}

std::string advice_report(const std::vector<Advice>& advices, const AdviseContext& about) {
  const auto order = ranked(advices);
  const bool priced = all_priced(advices) && !order.empty();
  std::string text;
  if (order.empty()) {
    text = "NO GPU ON OFFER SERVES THIS within the SLO\n";
  } else {
    const Advice& best = advices[order.front()];
    text = std::to_string(best.gpus()) + " x " + best.offer.gpu.name + ": " + configuration(best);
    if (const auto cost = best.cost_per_million()) {
      text += ": " + fixed(*cost, 3) + " per million output tokens";
    }
    text += ", " + significant(best.tokens_per_joule()) + " output tokens/J\n";
    text += std::string("ranked by ") + (priced ? "cost" : "power: not every GPU has a --price") +
            "\n\n" + table_of(advices, order, about);
    text += policies_of(best);
  }
  for (const Advice& advice : advices) {
    if (!advice.serves)
      text += "\n" + advice.offer.gpu.name + " does not: " + advice.why_not + "\n";
  }
  text += elsewhere(advices, order);
  text += "\n" + about.model + ", " + about.traffic + ", " +
          with_commas(static_cast<long long>(about.requests)) + " requests, SLO " + about.slo.name;
  if (!advices.empty()) {
    text += ", " + significant(advices.front().output_tps) + " output tokens/s";
  }
  return text + "\n" + rests_on(about, priced);
}

Json advice_json(const std::vector<Advice>& advices, const AdviseContext& about) {
  Json json = {{"schema", "inferbench.advice"},
               {"version", "1.0.0"},
               {"method", "modelled"},
               {"model", about.model},
               {"cost_profile", about.profile},
               {"slo", about.slo.name},
               {"traffic", about.traffic},
               {"requests", about.requests},
               {"error", "unknown: first principles alone, no measured tables"},
               {"ranked", Json::array()},
               {"offers", Json::array()}};
  for (const std::size_t i : ranked(advices)) json["ranked"].push_back(advices[i].offer.gpu.name);
  for (const Advice& a : advices) {
    Json entry = {{"gpu", a.offer.gpu.name},
                  {"precision", label(a.offer.precision)},
                  {"serves", a.serves},
                  {"weights_fit_gpus", a.weights_alone},
                  {"power_watts_per_gpu", a.offer.watts}};
    if (a.offer.price_per_hour) entry["price_per_gpu_hour"] = *a.offer.price_per_hour;
    if (!a.serves) {
      entry["why_not"] = a.why_not;
      json["offers"].push_back(std::move(entry));
      continue;
    }
    entry["gpus"] = a.gpus();
    entry["parallel"] = label(a.task.parallel);
    entry["chunk_tokens"] = a.task.chunk.count();
    entry["scheduler"] = a.scheduler;
    entry["replica_requests_per_s"] = a.replica_rate;
    entry["requests_per_s"] = a.task.load;
    entry["output_tokens_per_s"] = a.output_tps;
    entry["output_tokens_per_joule"] = a.tokens_per_joule();
    if (const auto cost = a.cost_per_million()) entry["cost_per_million_output_tokens"] = *cost;
    for (std::size_t c = 0; c < a.probe.counts.size(); ++c) {
      const ConstraintCount& count = a.probe.counts[c];
      Json limit = {{"constraint", label(about.slo.constraints[c])}, {"over", count.over}};
      if (count.attained) limit["attained"] = *count.attained;
      entry["slo"].push_back(std::move(limit));
    }
    for (const PolicyTrial& trial : a.policies) {
      Json policy = {{"scheduler", trial.scheduler}, {"requests_per_s", trial.rate}};
      if (!trial.why_not.empty()) policy["why_not"] = trial.why_not;
      entry["policies"].push_back(std::move(policy));
    }
    json["offers"].push_back(std::move(entry));
  }
  return json;
}

}  // namespace inferbench
