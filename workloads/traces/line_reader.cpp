#include "workloads/traces/line_reader.hpp"

#include <cstring>

#include "harness/base/error.hpp"

namespace inferbench {
namespace {

constexpr std::size_t kLongestLine = std::size_t{256} * 1024 * 1024;
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

bool blank(std::string_view line) {
  return line.find_first_not_of(" \t") == std::string_view::npos;
}

}  // namespace

LineReader::LineReader(std::unique_ptr<ByteSource> source)
    : source_(std::move(source)), buffer_(kBuffer + kPadding) {}

bool LineReader::next(std::string_view& line) {
  do {
    if (!next_raw(line)) return false;
    ++line_number_;
    if (line_number_ == 1 && line.starts_with(kByteOrderMark)) {
      line.remove_prefix(kByteOrderMark.size());
    }
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  } while (blank(line));
  return true;
}

bool LineReader::next_raw(std::string_view& line) {
  std::size_t searched = 0;
  for (;;) {
    const char* from = buffer_.data() + begin_;
    const std::size_t unread = end_ - begin_;
    const void* newline =
        searched < unread ? std::memchr(from + searched, '\n', unread - searched) : nullptr;
    if (newline != nullptr) {
      const auto length = static_cast<std::size_t>(static_cast<const char*>(newline) - from);
      line = {from, length};
      begin_ += length + 1;
      terminated_ = true;
      return true;
    }
    searched = unread;
    if (!refill()) {
      if (unread == 0) return false;
      line = {buffer_.data() + begin_, unread};
      begin_ = end_;
      terminated_ = false;
      return true;
    }
  }
}

bool LineReader::refill() {
  std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
  end_ -= begin_;
  begin_ = 0;
  if (end_ + kPadding == buffer_.size()) {
    if (end_ >= kLongestLine) {
      throw Error(name() + ":" + std::to_string(line_number_ + 1), "a line of more than 256 MiB",
                  "expected one row per line");
    }
    buffer_.resize(2 * end_ + kPadding);
  }
  const std::size_t got = source_->read(buffer_.data() + end_, buffer_.size() - kPadding - end_);
  end_ += got;
  return got > 0;
}

}  // namespace inferbench
