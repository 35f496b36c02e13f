#include "harness/claims/check.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "harness/base/error.hpp"
#include "harness/base/text_table.hpp"

namespace inferbench {
namespace {

std::string member_text(const std::vector<double>& values) {
  return shown(NumberValue(values), 5);
}

double slack(const ClaimCheck& check, double value) {
  return check.absolute ? check.tolerance : check.tolerance * std::abs(value);
}

bool holds(const ClaimCheck& check, const std::vector<double>& wanted, double found) {
  switch (check.relation) {
    case Relation::equals:
      return std::abs(found - wanted[0]) <= slack(check, wanted[0]);
    case Relation::at_least:
      return found >= wanted[0] - slack(check, wanted[0]);
    case Relation::at_most:
      return found <= wanted[0] + slack(check, wanted[0]);
    case Relation::between:
      return found >= wanted[0] - slack(check, wanted[0]) &&
             found <= wanted[1] + slack(check, wanted[1]);
    default:
      return false;
  }
}

bool ordered(const ClaimCheck& check, const std::vector<double>& series) {
  const double sign = check.relation == Relation::increasing ? 1 : -1;
  for (std::size_t i = 1; i < series.size(); ++i) {
    const double step = sign * (series[i] - series[i - 1]);
    // Without a tolerance a plateau is not an increase.
    if (check.tolerance > 0 ? step < -slack(check, series[i - 1]) : step <= 0) return false;
  }
  return series.size() > 1;
}

bool level(const ClaimCheck& check, const std::vector<double>& series) {
  if (series.size() < 2) return false;
  const auto [low, high] = std::minmax_element(series.begin(), series.end());
  return *high - *low <= slack(check, *high);
}

bool passes(const ClaimCheck& check, const std::vector<double>& wanted,
            const std::vector<double>& found) {
  switch (check.relation) {
    case Relation::increasing:
    case Relation::decreasing:
      return ordered(check, found);
    case Relation::constant:
      return level(check, found);
    case Relation::is:
      return false;
    default:
      return !found.empty() && std::all_of(found.begin(), found.end(), [&](double value) {
        return holds(check, wanted, value);
      });
  }
}

std::string tolerance_text(const ClaimCheck& check) {
  if (check.tolerance == 0) return "";
  return " within " + (check.absolute ? significant(check.tolerance, 3)
                                      : significant(100 * check.tolerance, 3) + " %");
}

std::string wanted_text(const ClaimCheck& check, const std::vector<double>& wanted) {
  std::string text;
  switch (check.relation) {
    case Relation::equals:
      text = "= " + member_text({wanted[0]});
      break;
    case Relation::at_least:
      text = ">= " + member_text({wanted[0]});
      break;
    case Relation::at_most:
      text = "<= " + member_text({wanted[0]});
      break;
    case Relation::between:
      text = member_text({wanted[0]}) + " .. " + member_text({wanted[1]});
      break;
    case Relation::increasing:
      text = "increasing";
      break;
    case Relation::decreasing:
      text = "decreasing";
      break;
    case Relation::constant:
      text = "constant";
      break;
    case Relation::is:
      for (const std::string& name : check.texts) text += (text.empty() ? "" : " or ") + name;
      return text;
  }
  return text + tolerance_text(check);
}

const std::vector<double>& numeric(const NumberValue& value, const std::string& name,
                                   const std::string& place) {
  const auto* numbers = std::get_if<std::vector<double>>(&value);
  if (numbers == nullptr) {
    throw Error(place, "quantity \"" + name + "\" is the text \"" + shown(value) + "\"",
                "a text is compared with the relation \"is\"");
  }
  return *numbers;
}

bool is_absent(const NumberValue& value) {
  return std::holds_alternative<AbsentNumber>(value);
}

}  // namespace

void NamedRuns::add(std::string run, Numbers numbers) {
  runs_.emplace_back(std::move(run), std::move(numbers));
}

const NumberValue& NamedRuns::at(const std::string& quantity, const std::string& place) const {
  std::vector<std::string> known;
  for (const auto& [run, numbers] : runs_) {
    for (const auto& [name, value] : numbers.all()) {
      std::string full = run;
      full.append(".").append(name);
      known.push_back(std::move(full));
      if (known.back() == quantity) return value;
    }
  }
  throw unknown_name(place, "quantity", quantity, known);
}

CheckOutcome evaluate(const ClaimCheck& check, const NamedRuns& runs, const std::string& place) {
  CheckOutcome outcome;
  std::vector<double> found, wanted = check.values;
  bool absent = false;
  std::string text;
  for (const std::string& quantity : check.quantities) {
    outcome.quantity += (outcome.quantity.empty() ? "" : ", ") + quantity;
    const NumberValue& value = runs.at(quantity, place);
    outcome.found += (outcome.found.empty() ? "" : ", ") + shown(value, 5);
    if (is_absent(value)) {
      absent = true;
    } else if (check.relation == Relation::is) {
      const auto* label = std::get_if<std::string>(&value);
      text = label != nullptr ? *label : shown(value);
    } else {
      const auto& series = numeric(value, quantity, place);
      found.insert(found.end(), series.begin(), series.end());
    }
  }
  for (const std::string& operand : check.operands) {
    const NumberValue& value = runs.at(operand, place);
    if (is_absent(value)) {
      absent = true;
      wanted.push_back(std::nan(""));
    } else {
      const auto& series = numeric(value, operand, place);
      if (series.size() != 1) {
        throw Error(place, "\"" + operand + "\" is a series of " + std::to_string(series.size()),
                    "a quantity that stands for a value must be one number");
      }
      wanted.push_back(series.front() * check.times);
    }
  }
  outcome.wanted = wanted_text(check, wanted);
  if (check.relation == Relation::is) {
    outcome.passed =
        !absent && std::find(check.texts.begin(), check.texts.end(), text) != check.texts.end();
  } else {
    outcome.passed = !absent && passes(check, wanted, found);
  }
  return outcome;
}

}  // namespace inferbench
