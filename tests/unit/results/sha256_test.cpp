#include "results/sha256.hpp"

#include <gtest/gtest.h>

#include "harness/base/error.hpp"
#include "harness/base/output_file.hpp"
#include "sample_run.hpp"

namespace inferbench {
namespace {

// FIPS 180-4 example vectors, and the million 'a's of the same set.
TEST(Sha256, GivesTheStandardsDigests) {
  EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256_hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(sha256_hex(std::string(1'000'000, 'a')),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

// The padding changes shape at 55, 56 and 64 bytes.
TEST(Sha256, DoesNotDependOnHowTheBytesArrive) {
  for (std::size_t size = 0; size < 200; ++size) {
    const std::string text(size, 'x');
    for (const std::size_t piece : {1U, 7U, 64U, 65U}) {
      Sha256 hash;
      for (std::size_t at = 0; at < size; at += piece) hash.update(text.substr(at, piece));
      EXPECT_EQ(hash.hex(), sha256_hex(text)) << size << " bytes in pieces of " << piece;
    }
  }
}

TEST(Sha256, OfAFileEqualsThatOfItsBytes) {
  const std::string path = scratch("data"), text(700'000, 'q');
  OutputFile file(path);
  file.write(text);
  file.commit();
  EXPECT_EQ(sha256_of_file(path), sha256_hex(text));
  EXPECT_THROW(sha256_of_file(path + ".missing"), Error);
  EXPECT_THROW(sha256_of_file(::testing::TempDir()), Error);
}

}  // namespace
}  // namespace inferbench
