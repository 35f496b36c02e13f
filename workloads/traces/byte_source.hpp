#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace inferbench {

// Bytes of a file, one piece after the other.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  // Up to `size` bytes into `data`; 0 at the end. Throws Error for a read that fails.
  virtual std::size_t read(char* data, std::size_t size) = 0;
  // For messages and for the name of the workload.
  const std::string& name() const { return name_; }

 protected:
  explicit ByteSource(std::string name) : name_(std::move(name)) {}

 private:
  std::string name_;
};

// A file on disk, plain or gzip: the first two bytes decide, not the name. Throws Error when it
// cannot be opened; reading throws Error when gzip data is damaged or ends early.
std::unique_ptr<ByteSource> open_file(const std::string& path);

// Text in memory, which must outlive the source.
std::unique_ptr<ByteSource> open_text(std::string name, std::string_view text);

// Whatever is left of `source`, as one string; for files that are read whole.
std::string read_all(ByteSource& source);

}  // namespace inferbench
