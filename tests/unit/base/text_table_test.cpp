#include "harness/base/text_table.hpp"

#include <gtest/gtest.h>

namespace inferbench {
namespace {

TEST(TextTable, SetsNumbersRightAndWordsLeft) {
  TextTable table({"config", "tok/s"});
  table.add({"TP8", "9.5"});
  table.add({"EP16PP4", "177.3"});
  EXPECT_EQ(table.str(),
            "config   tok/s\n"
            "-------  -----\n"
            "TP8        9.5\n"
            "EP16PP4  177.3\n");
}

TEST(TextTable, QuotesCsvCellsThatNeedIt) {
  TextTable table({"name", "note"});
  table.add({"a", "b, \"c\""});
  EXPECT_EQ(table.csv(), "name,note\r\na,\"b, \"\"c\"\"\"\r\n");
}

TEST(Formatting, ReadsAsAPersonWouldWriteIt) {
  EXPECT_EQ(with_commas(-1234567), "-1,234,567");
  EXPECT_EQ(fixed(12345.678, 2), "12,345.68");
  EXPECT_EQ(significant(0.012345), "0.0123");
  EXPECT_EQ(significant(1234.5), "1,234");
  EXPECT_EQ(human_seconds(0.0456), "45.6 ms");
  EXPECT_EQ(human_bytes(12.34e9), "12.3 GB");
}

}  // namespace
}  // namespace inferbench
