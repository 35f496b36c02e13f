#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace inferbench {

// SHA-256 of bytes that arrive piece by piece (FIPS 180-4). Here because no library that the
// project needs otherwise has one; the hex digits are those of `sha256sum`.
class Sha256 {
 public:
  void update(std::string_view bytes);
  std::string hex();  // of everything so far; ends the hash

 private:
  void block(const unsigned char* bytes);

  std::array<std::uint32_t, 8> state_ = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                         0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::array<unsigned char, 64> rest_{};
  std::size_t rest_size_ = 0;
  std::uint64_t bytes_ = 0;
};

std::string sha256_hex(std::string_view bytes);

// Of the file at `path`, read in pieces. Throws Error when it cannot be read.
std::string sha256_of_file(const std::string& path);

}  // namespace inferbench
