#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "workloads/traces/byte_source.hpp"

namespace inferbench {

// The objects of a JSON array, or of concatenated objects (JSON Lines), one text after the other.
// Finds where each ends by its braces; what is inside is left to a parser. Holds the longest
// object.
class ArrayElements {
 public:
  explicit ArrayElements(std::unique_ptr<ByteSource> source);

  // The next object, with LineReader::kPadding readable bytes behind it; false at the end. Throws
  // Error when the file ends inside an object or holds something else between objects.
  bool next(std::string_view& object);

  std::uint64_t count() const { return count_; }  // objects handed out
  const std::string& name() const { return source_->name(); }
  std::string place() const;

 private:
  bool refill();
  bool find_begin();  // skips to "{"; false at the end of the file
  std::size_t find_end();

  std::unique_ptr<ByteSource> source_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0, end_ = 0;  // unread bytes of buffer_
  std::uint64_t count_ = 0;
};

}  // namespace inferbench
