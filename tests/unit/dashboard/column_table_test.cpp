#include "results/dashboard/column_table.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace inferbench {
namespace {

using nlohmann::ordered_json;

// Row by row: {ms: 1, name: "b"}, {}, {ms: 3, name: "a", late: true}, {name: "b"}.
TEST(ColumnTable, HoldsRowsColumnByColumn) {
  ColumnTable table;
  table.begin_row();
  table.number("ms", 1);
  table.text("name", "b");
  table.begin_row();
  table.begin_row();
  table.cells(
      {{"ms", 3}, {"name", "a"}, {"late", true}, {"object", {{"x", 1}}}, {"none", nullptr}});
  table.begin_row();
  table.text("name", "b");
  EXPECT_EQ(table.json(9), ordered_json::parse(R"({"rows": 4, "of": 9, "columns": {
    "ms": {"values": [1.0, null, 3, null]},
    "name": {"dictionary": ["b", "a"], "codes": [0, -1, 1, 0]},
    "late": {"values": [null, null, 1.0, null]}}})"));
}

TEST(ColumnTable, LeavesOutWhatIsNoNumber) {
  ColumnTable table;
  table.begin_row();
  table.number("ms", std::numeric_limits<double>::quiet_NaN());
  table.number("ms", std::numeric_limits<double>::infinity());
  table.number("ms", std::nullopt);
  EXPECT_TRUE(table.json()["columns"].empty());
}

TEST(ColumnTable, KeepsTheSamplesOfARow) {
  ColumnTable table;
  table.begin_row();
  table.cell("wall_ns", ordered_json::array({3, 1, 2}));
  EXPECT_EQ(table.json()["columns"]["wall_ns"]["values"][0], ordered_json::array({3, 1, 2}));
}

// Columns are found by name while the list of columns grows.
TEST(ColumnTable, KeepsColumnsApartHoweverMany) {
  ColumnTable table;
  for (int row = 0; row < 3; ++row) {
    table.begin_row();
    for (int i = 0; i < 50; ++i) table.number("c" + std::to_string(i), row * 100 + i);
  }
  const ordered_json columns = table.json()["columns"];
  ASSERT_EQ(columns.size(), 50U);
  EXPECT_EQ(columns["c49"]["values"], ordered_json::array({49.0, 149.0, 249.0}));
}

}  // namespace
}  // namespace inferbench
