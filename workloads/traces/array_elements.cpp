#include "workloads/traces/array_elements.hpp"

#include <cstring>

#include "harness/base/error.hpp"
#include "workloads/traces/line_reader.hpp"

namespace inferbench {
namespace {

constexpr std::size_t kLongestObject = std::size_t{256} * 1024 * 1024;

}  // namespace

ArrayElements::ArrayElements(std::unique_ptr<ByteSource> source)
    : source_(std::move(source)), buffer_(LineReader::kBuffer + LineReader::kPadding) {}

std::string ArrayElements::place() const {
  return name() + ": conversation " + std::to_string(count_);
}

bool ArrayElements::next(std::string_view& object) {
  if (!find_begin()) return false;
  ++count_;
  const std::size_t length = find_end();
  object = {buffer_.data() + begin_, length};
  begin_ += length;
  return true;
}

bool ArrayElements::find_begin() {
  for (;;) {
    for (; begin_ < end_; ++begin_) {
      const char c = buffer_[begin_];
      if (c == '{') return true;
      // Brackets of the array, commas, white space and a byte order mark stand between objects.
      if (std::strchr("[], \t\r\n\xEF\xBB\xBF", c) == nullptr || c == '\0') {
        throw Error(name() + ": after conversation " + std::to_string(count_),
                    std::string("\"") + c + "\" between objects",
                    "expected a JSON array of objects, or one object per line");
      }
    }
    if (!refill()) return false;
  }
}

std::size_t ArrayElements::find_end() {
  std::size_t at = 0;
  int depth = 0;
  bool in_string = false, escaped = false;
  for (;;) {
    for (; begin_ + at < end_; ++at) {
      const char c = buffer_[begin_ + at];
      if (in_string) {
        if (escaped) {
          escaped = false;
        } else if (c == '\\') {
          escaped = true;
        } else if (c == '"') {
          in_string = false;
        }
      } else if (c == '"') {
        in_string = true;
      } else if (c == '{') {
        ++depth;
      } else if (c == '}' && --depth == 0) {
        return at + 1;
      }
    }
    if (!refill()) {
      throw Error(place(), "the file ends inside an object", "expected whole JSON objects",
                  "copy or download the file again");
    }
  }
}

bool ArrayElements::refill() {
  std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
  end_ -= begin_;
  begin_ = 0;
  if (end_ + LineReader::kPadding == buffer_.size()) {
    if (end_ >= kLongestObject) {
      throw Error(place(), "an object of more than 256 MiB",
                  "expected one object per conversation");
    }
    buffer_.resize(2 * end_ + LineReader::kPadding);
  }
  const std::size_t got =
      source_->read(buffer_.data() + end_, buffer_.size() - LineReader::kPadding - end_);
  end_ += got;
  return got > 0;
}

}  // namespace inferbench
