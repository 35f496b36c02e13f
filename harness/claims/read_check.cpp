#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "harness/base/error.hpp"
#include "harness/catalog/json_object.hpp"
#include "harness/claims/check.hpp"

namespace inferbench {
namespace {

struct RelationRow {
  const char* name;
  Relation relation;
  std::size_t values;  // how many it compares with
};

constexpr std::array<RelationRow, 8> kRelations = {{
    {"equals", Relation::equals, 1},
    {"at_least", Relation::at_least, 1},
    {"at_most", Relation::at_most, 1},
    {"between", Relation::between, 2},
    {"increasing", Relation::increasing, 0},
    {"decreasing", Relation::decreasing, 0},
    {"constant", Relation::constant, 0},
    {"is", Relation::is, 1},
}};

const RelationRow& find_relation(const std::string& name, const std::string& place) {
  std::vector<std::string> known;
  for (const RelationRow& row : kRelations) {
    if (name == row.name) return row;
    known.emplace_back(row.name);
  }
  throw unknown_name(place, "relation", name, known);
}

void add_value(ClaimCheck& check, const nlohmann::json& value, const std::string& place) {
  if (check.relation == Relation::is) {
    if (!value.is_string()) throw Error(place, value.dump(), "\"is\" compares with a text");
    check.texts.push_back(value.get<std::string>());
  } else if (value.is_string()) {
    check.operands.push_back(value.get<std::string>());
  } else if (value.is_number()) {
    check.values.push_back(value.get<double>());
  } else {
    throw Error(place, value.dump(), "a value is a number or the name of a quantity");
  }
}

void read_values(ClaimCheck& check, const JsonObject& object, const nlohmann::json& json,
                 std::size_t needed, const std::string& place) {
  if (object.has("value")) add_value(check, json.at("value"), place);
  if (object.has("values")) {
    for (const auto& value : object.array("values")) add_value(check, value, place);
  }
  if (check.relation == Relation::is) {
    if (check.texts.empty()) object.refuse("value", "is missing", "expected a text");
    return;
  }
  const std::size_t given = check.values.size() + check.operands.size();
  if (given != needed || (!check.values.empty() && !check.operands.empty())) {
    object.refuse("value", "counts " + std::to_string(given),
                  "this relation compares with " + std::to_string(needed) +
                      ", all numbers or all quantities");
  }
}

}  // namespace

ClaimCheck read_check(const nlohmann::json& json, const std::string& place) {
  const JsonObject object(json, place, "docs/claims.md");
  ClaimCheck check;
  check.quantities = object.texts("quantities");
  if (object.has("quantity")) check.quantities.push_back(object.text("quantity"));
  if (check.quantities.empty()) {
    object.refuse("quantity", "is missing", "expected the name of a number: \"run.number\"");
  }
  const RelationRow& row = find_relation(object.text("relation"), place);
  check.relation = row.relation;
  read_values(check, object, json, row.values, place);
  check.tolerance = object.optional_number("tolerance").value_or(0);
  check.absolute = object.boolean("absolute", false);
  check.times = object.optional_number("times").value_or(1);
  object.refuse_unknown();
  return check;
}

}  // namespace inferbench
