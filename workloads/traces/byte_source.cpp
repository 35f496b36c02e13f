#include "workloads/traces/byte_source.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "harness/base/error.hpp"

namespace inferbench {
namespace {

class PlainFile final : public ByteSource {
 public:
  PlainFile(std::string path, int file) : ByteSource(std::move(path)), file_(file) {}
  ~PlainFile() override { ::close(file_); }
  PlainFile(const PlainFile&) = delete;
  PlainFile& operator=(const PlainFile&) = delete;

  std::size_t read(char* data, std::size_t size) override {
    for (;;) {
      const ssize_t got = ::read(file_, data, size);
      if (got >= 0) return static_cast<std::size_t>(got);
      if (errno != EINTR) throw Error(name(), std::string("read failed: ") + std::strerror(errno));
    }
  }

 private:
  int file_;
};

class GzipFile final : public ByteSource {
 public:
  GzipFile(std::string path, int file) : ByteSource(std::move(path)), file_(::gzdopen(file, "rb")) {
    ensure(file_ != nullptr, "zlib opens a file it is handed");
    ::gzbuffer(file_, 256 * 1024);
  }
  ~GzipFile() override { ::gzclose_r(file_); }
  GzipFile(const GzipFile&) = delete;
  GzipFile& operator=(const GzipFile&) = delete;

  std::size_t read(char* data, std::size_t size) override {
    const int got =
        ::gzread(file_, data, static_cast<unsigned>(std::min<std::size_t>(size, 1 << 30)));
    // A file that ends inside a member reads as a short count with Z_BUF_ERROR set.
    int code = Z_OK;
    const char* message = ::gzerror(file_, &code);
    if (code == Z_BUF_ERROR) {
      throw Error(name(), "gzip data ends early: the file is truncated",
                  "expected a whole gzip file", "copy or download it again; `gzip -t` checks it");
    }
    if (got < 0 || code != Z_OK) {
      throw Error(name(), std::string("gzip data is damaged: ") + message,
                  "expected a whole gzip file", "`gzip -t` checks it");
    }
    return static_cast<std::size_t>(got);
  }

 private:
  gzFile file_;
};

class TextSource final : public ByteSource {
 public:
  TextSource(std::string name, std::string_view text) : ByteSource(std::move(name)), left_(text) {}

  std::size_t read(char* data, std::size_t size) override {
    const std::size_t take = std::min(size, left_.size());
    std::copy_n(left_.data(), take, data);
    left_.remove_prefix(take);
    return take;
  }

 private:
  std::string_view left_;
};

}  // namespace

std::unique_ptr<ByteSource> open_file(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) {
    throw Error(path, std::string("cannot be read: ") + std::strerror(errno), "expected a file");
  }
  struct stat status {};
  if (::fstat(file, &status) == 0 && !S_ISREG(status.st_mode)) {
    ::close(file);
    throw Error(path, S_ISDIR(status.st_mode) ? "is a folder" : "is not a regular file",
                "expected a file: a trace is read twice, so a pipe will not do");
  }
  std::array<unsigned char, 2> magic{};
  const ssize_t got = ::pread(file, magic.data(), magic.size(), 0);
  if (got == 2 && magic[0] == 0x1F && magic[1] == 0x8B) {
    return std::make_unique<GzipFile>(path, file);
  }
  return std::make_unique<PlainFile>(path, file);
}

std::unique_ptr<ByteSource> open_text(std::string name, std::string_view text) {
  return std::make_unique<TextSource>(std::move(name), text);
}

std::string read_all(ByteSource& source) {
  std::string text;
  constexpr std::size_t kPiece = 1 << 20;
  for (;;) {
    const std::size_t before = text.size();
    text.resize(before + kPiece);
    const std::size_t got = source.read(text.data() + before, kPiece);
    text.resize(before + got);
    if (got == 0) return text;
  }
}

}  // namespace inferbench
