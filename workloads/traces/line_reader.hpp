#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "workloads/traces/byte_source.hpp"

namespace inferbench {

// Lines of a source, without their end (LF or CRLF) and without a byte order mark. Holds one buffer
// of at least 256 KiB that grows to the longest line.
class LineReader {
 public:
  // Readable bytes behind every line, as simdjson wants them.
  static constexpr std::size_t kPadding = 64;
  static constexpr std::size_t kBuffer = std::size_t{256} * 1024;  // read at a time

  explicit LineReader(std::unique_ptr<ByteSource> source);

  // The next line that is not blank; false at the end. The view is valid until the next call.
  // Throws Error for a line beyond 256 MiB.
  bool next(std::string_view& line);

  std::uint64_t line_number() const { return line_number_; }  // of the last line, from 1
  // Whether the last line ended with a line end; a file cut short ends without.
  bool terminated() const { return terminated_; }
  const std::string& name() const { return source_->name(); }
  std::string place() const { return name() + ":" + std::to_string(line_number_); }

 private:
  bool next_raw(std::string_view& line);
  bool refill();  // false when the source has no more

  std::unique_ptr<ByteSource> source_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0, end_ = 0;  // unread bytes of buffer_
  std::uint64_t line_number_ = 0;
  bool terminated_ = true;
};

}  // namespace inferbench
