#include "harness/schedule/id_table.hpp"

#include <gtest/gtest.h>

#include <map>

#include "harness/base/random.hpp"

namespace inferbench {
namespace {

// The reference is std::map.
TEST(IdTable, AgreesWithAMapUnderRandomUse) {
  RandomStream random(1, "id_table_test");
  IdTable table;
  std::map<std::uint32_t, std::uint32_t> reference;
  for (int step = 0; step < 50'000; ++step) {
    const auto id = static_cast<std::uint32_t>(random.below(300) * (step < 25'000 ? 1 : 65'536));
    if (reference.contains(id)) {
      table.erase(RequestId(id));
      reference.erase(id);
    } else {
      table.insert(RequestId(id), static_cast<std::uint32_t>(step));
      reference[id] = static_cast<std::uint32_t>(step);
    }
    const auto probe = static_cast<std::uint32_t>(random.below(300));
    const auto found = reference.find(probe);
    ASSERT_EQ(table.find(RequestId(probe)),
              found == reference.end() ? IdTable::kAbsent : found->second);
    ASSERT_EQ(table.size(), reference.size());
  }
}

TEST(IdTable, ForgettingAnUnknownIdIsHarmless) {
  IdTable table;
  table.insert(RequestId(1), 7);
  table.erase(RequestId(2));
  EXPECT_EQ(table.find(RequestId(1)), 7U);
}

}  // namespace
}  // namespace inferbench
