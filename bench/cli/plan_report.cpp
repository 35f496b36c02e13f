#include "bench/cli/plan_report.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "harness/base/text_table.hpp"
#include "harness/plan/placement.hpp"

namespace inferbench {
namespace {

using Json = nlohmann::ordered_json;

constexpr Dimension kDimensions[] = {Dimension::tensor, Dimension::context, Dimension::expert,
                                     Dimension::pipeline, Dimension::data};

std::string giga(Bytes bytes) {
  return bytes.count() > 0 ? fixed(bytes.count() / 1e9, 1) : "-";
}

// "inside" a domain, "8 domains"; "-" for a group of one.
std::string tier(const GroupPlacement& group) {
  if (group.alone()) return "-";
  if (group.inside_domain()) return "inside";
  return std::to_string(group.domains) + " domains";
}

std::string system_lines(const Plan& plan) {
  const HardwareSpec& gpu = plan.gpu;
  std::string text =
      plan.model.name + ", " + human_bytes(model_weights(plan.model, plan.precision).count()) +
      " of weights in " + label(plan.precision) + ", on " + std::to_string(plan.gpus) + " " +
      gpu.name + ": " + giga(memory_available(gpu, plan.budget)) + " GB usable per GPU (" +
      significant(plan.budget.usable_fraction * 100) + " % of " +
      giga(plan.budget.nominal_memory ? gpu.memory : visible_memory(gpu)) + "), " +
      (gpu.has_fast_link() ? gpu.link : "PCIe") + " domains of " + std::to_string(gpu.domain_size) +
      "\n";
  if (plan.model.kind == "assumed")
    text += "the model's shape is not published; see `inferbench list models --sources`\n";
  return text;
}

std::string rule_lines(const Plan& plan) {
  std::string text = "rules: ";
  bool first = true;
  for (const RuleText& rule : plan.rules) {
    if (rule.value == "off") continue;
    text += (first ? "" : ", ") + rule.name + " " + rule.value;
    if (rule.broken_by > 0) text += " (" + std::to_string(rule.broken_by) + " break it)";
    first = false;
  }
  return text + "\n\n";
}

std::string count_lines(const Plan& plan) {
  const auto total = static_cast<std::int64_t>(plan.rows.size());
  const std::int64_t out = count_verdict(plan.rows, Verdict::ruled_out);
  return "\n" + std::to_string(total) + " configurations of " + std::to_string(plan.gpus) +
         " GPUs: " + std::to_string(out) + " ruled out, " + std::to_string(total - out) +
         " pass the rules. Of these " + std::to_string(count_verdict(plan.rows, Verdict::fits)) +
         " fit, " + std::to_string(count_verdict(plan.rows, Verdict::does_not_fit)) +
         " do not fit, " + std::to_string(count_verdict(plan.rows, Verdict::cannot_work)) +
         " cannot work.\n";
}

// When nothing fits: what would.
std::string way_out(const Plan& plan) {
  if (count_verdict(plan.rows, Verdict::fits) > 0) return "";
  const auto smallest = smallest_replica(plan.model, plan.gpu, plan.precision, plan.budget);
  if (!smallest) return "No replica of up to 4,096 " + plan.gpu.name + " would fit.\n";
  return "The smallest replica that fits is " + std::to_string(smallest->gpus()) + " x " +
         plan.gpu.name + " as " + label(*smallest) + ".\n";
}

Json parts_json(const std::vector<MemoryPart>& parts) {
  Json rows = Json::array();
  for (const MemoryPart& part : parts) {
    rows.push_back({{"name", part.name}, {"bytes", part.bytes.count()}, {"how", part.how}});
  }
  return rows;
}

Json groups_json(const Placement& placed) {
  Json groups = Json::object();
  for (const Dimension dimension : kDimensions) {
    const GroupPlacement& group = placed.group(dimension);
    groups[std::string(name(dimension))] = {{"ranks", group.size},
                                            {"stride_gpus", group.stride},
                                            {"ranks_per_domain", group.local},
                                            {"domains", group.domains}};
  }
  return groups;
}

Json row_json(const Plan& plan, const PlanRow& row) {
  const ParallelConfig& p = row.parallel;
  Json json = {{"parallel", label(p)},
               {"tp", p.tp},
               {"cp", p.cp},
               {"ep", p.ep},
               {"pp", p.pp},
               {"dp", p.dp},
               {"verdict", name(row.verdict)}};
  if (!row.why.empty()) json["why"] = row.why;
  if (!row.parts.empty()) {
    json["needed_bytes"] = row.needed.count();
    json["available_bytes"] = row.available.count();
    json["memory"] = parts_json(row.parts);
  }
  if (row.kv_capacity > Tokens{0}) json["kv_capacity_tokens"] = row.kv_capacity.count();
  json["placement"] = groups_json(placement(p, plan.gpu.domain_size));
  return json;
}

}  // namespace

std::string plan_table(const Plan& plan, bool only_fitting) {
  TextTable table(
      {"config", "replica", "GB needed", "KV tokens/rank", "TP", "EP", "PP", "verdict", "why"});
  for (const PlanRow& row : plan.rows) {
    if (only_fitting && row.verdict != Verdict::fits) continue;
    const Placement placed = placement(row.parallel, plan.gpu.domain_size);
    table.add({label(row.parallel), std::to_string(row.parallel.replica_gpus()), giga(row.needed),
               row.kv_capacity > Tokens{0} ? with_commas(row.kv_capacity.count()) : "-",
               tier(placed.tensor), tier(placed.expert), tier(placed.pipeline),
               std::string(name(row.verdict)), row.why});
  }
  return system_lines(plan) + rule_lines(plan) + table.str() + count_lines(plan) + way_out(plan);
}

nlohmann::ordered_json plan_json(const Plan& plan) {
  Json json = {{"schema", "inferbench.plan/1"},
               {"model", plan.model.name},
               {"gpu", plan.gpu.name},
               {"gpus", plan.gpus},
               {"precision", label(plan.precision)},
               {"domain_gpus", plan.gpu.domain_size},
               {"weights_bytes", model_weights(plan.model, plan.precision).count()},
               {"memory_available_bytes", memory_available(plan.gpu, plan.budget).count()}};
  for (const RuleText& rule : plan.rules) {
    json["rules"].push_back({{"name", rule.name},
                             {"value", rule.value},
                             {"why", rule.why},
                             {"broken_by", rule.broken_by}});
  }
  json["counts"] = {{"enumerated", plan.rows.size()}};
  for (const Verdict verdict :
       {Verdict::fits, Verdict::does_not_fit, Verdict::cannot_work, Verdict::ruled_out}) {
    std::string key(name(verdict));
    std::replace(key.begin(), key.end(), ' ', '_');
    json["counts"][key] = count_verdict(plan.rows, verdict);
  }
  json["configurations"] = Json::array();
  for (const PlanRow& row : plan.rows) json["configurations"].push_back(row_json(plan, row));
  return json;
}

std::string explain_row(const Plan& plan, const PlanRow& row) {
  std::string text = label(row.parallel) + ": " + std::string(name(row.verdict)) +
                     (row.why.empty() ? "" : "; " + row.why) + "\n\n";
  TextTable memory({"part", "GB", "how"});
  for (const MemoryPart& part : row.parts) {
    memory.add({part.name, fixed(part.bytes.count() / 1e9, 3), part.how});
  }
  memory.add({"available", fixed(row.available.count() / 1e9, 3), "per GPU"});
  text += memory.str() + "\n";
  const Placement placed = placement(row.parallel, plan.gpu.domain_size);
  TextTable groups({"group", "ranks", "stride", "ranks/domain", "domains"});
  for (const Dimension dimension : kDimensions) {
    const GroupPlacement& group = placed.group(dimension);
    groups.add({std::string(name(dimension)), std::to_string(group.size),
                std::to_string(group.stride), std::to_string(group.local),
                std::to_string(group.domains)});
  }
  return text + groups.str();
}

}  // namespace inferbench
