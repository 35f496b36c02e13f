#include "harness/plan/plan_rows.hpp"

#include <algorithm>

namespace inferbench {
namespace {

std::string joined(const std::vector<std::string>& texts) {
  std::string all;
  for (const std::string& text : texts) all += (all.empty() ? "" : "; ") + text;
  return all;
}

void take(PlanRow& row, Deployment deployment) {
  row.verdict = Verdict::fits;
  row.why = joined(deployment.notes);
  row.available = deployment.memory_available;
  row.kv_capacity = deployment.kv_capacity;
  row.parts = std::move(deployment.memory);
  for (const MemoryPart& part : row.parts) {
    if (part.name != "kv") row.needed += part.bytes;
  }
}

void take(PlanRow& row, DoesNotFit no) {
  row.verdict = Verdict::does_not_fit;
  row.why = no.reason;
  row.available = no.available;
  row.needed = no.needed;
  row.parts = std::move(no.parts);
}

}  // namespace

std::string_view name(Verdict verdict) {
  switch (verdict) {
    case Verdict::fits:
      return "fits";
    case Verdict::does_not_fit:
      return "does not fit";
    case Verdict::cannot_work:
      return "cannot work";
    case Verdict::ruled_out:
      return "ruled out";
  }
  return "";
}

std::vector<PlanRow> plan_rows(const ModelSpec& model, const HardwareSpec& gpu, std::int64_t gpus,
                               const Precision& precision, const PlanRules& rules,
                               const MemoryBudget& budget) {
  std::vector<PlanRow> rows;
  for (const Candidate& candidate : enumerate(gpus, rules, model)) {
    PlanRow row;
    row.parallel = candidate.parallel;
    if (const auto reason = cannot_work(model, candidate.parallel)) {
      row.verdict = Verdict::cannot_work;
      row.why = *reason;
    } else {
      std::visit([&](auto&& placed) { take(row, std::forward<decltype(placed)>(placed)); },
                 place(model, gpu, candidate.parallel, precision, budget));
    }
    if (!candidate.allowed()) {
      row.verdict = Verdict::ruled_out;
      row.why = joined(candidate.broken);
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

std::int64_t count_verdict(const std::vector<PlanRow>& rows, Verdict verdict) {
  return std::count_if(rows.begin(), rows.end(),
                       [&](const PlanRow& row) { return row.verdict == verdict; });
}

}  // namespace inferbench
