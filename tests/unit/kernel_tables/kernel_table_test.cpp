#include "harness/kernel_tables/kernel_table.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "harness/base/error.hpp"
#include "harness/base/random.hpp"
#include "tests/unit/kernel_tables/synthetic_tables.hpp"

namespace inferbench {
namespace {

KernelTable small_table() {
  KernelTableBuilder builder;
  add_gemms(builder, builder.series(gemm_series(), round_machine()), {64, 128}, {1, 2, 4});
  return builder.build("test");
}

TEST(KernelTable, IsReadBackAsWritten) {
  const TableFolder folder("kernel_table_test");
  const KernelTable table = small_table();
  write_kernel_table(table, folder.file("a.kernels"));
  const KernelTable back = KernelTable::open(folder.file("a.kernels"));
  ASSERT_EQ(back.image().size(), table.image().size());
  EXPECT_TRUE(std::equal(back.image().begin(), back.image().end(), table.image().begin()));
  const SeriesRecord& series = back.series()[0];
  EXPECT_EQ(back.machine_name(series), "round");
  EXPECT_EQ(back.text(series.framework), "engine");
  const SiteRecord* const site = back.find(series, {128, 64});
  ASSERT_NE(site, nullptr);
  ASSERT_EQ(back.rows(*site).size(), 3U);
  EXPECT_DOUBLE_EQ(back.rows(*site)[2].ns, synthetic_gemm_ns(4, 128, 64));
  EXPECT_EQ(back.kernel(back.rows(*site)[2]), "synthetic");
  EXPECT_EQ(back.find(series, {128, 65}), nullptr);
}

TEST(KernelTable, RefusesWhatIsNoTableOrHarmed) {
  const TableFolder folder("kernel_table_harm");
  EXPECT_THROW(KernelTable::open(folder.file("absent.kernels")), Error);
  EXPECT_THROW(KernelTable::open(folder.write("empty.kernels", "")), Error);
  EXPECT_THROW(KernelTable::open(folder.write("text.kernels", std::string(500, 'x'))), Error);
  EXPECT_THROW(open_kernel_tables(folder.file("no_folder")), Error);
  const TableFolder none("kernel_table_none");
  EXPECT_THROW(open_kernel_tables(none.path()), Error);
}

// No flipped byte and no cut goes unnoticed.
TEST(KernelTable, NoticesEveryHarm) {
  const KernelTable table = small_table();
  RandomStream stream = Random(3).stream("harm");
  for (int i = 0; i < 300; ++i) {
    std::vector<std::byte> image(table.image().begin(), table.image().end());
    if (i % 3 == 0) {
      image.resize(stream.below(image.size()));
    } else {
      image[stream.below(image.size())] ^= static_cast<std::byte>(1U << stream.below(8));
    }
    // What stands unused in the header may differ.
    try {
      const KernelTable back = KernelTable::from_image(image, "harmed");
      EXPECT_EQ(back.rows().size(), table.rows().size());
    } catch (const Error&) {
    }
  }
}

}  // namespace
}  // namespace inferbench
