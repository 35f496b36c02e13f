#include "results/store/durable_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <thread>

#include "harness/base/error.hpp"
#include "harness/base/output_file.hpp"

namespace inferbench {
namespace {

namespace fs = std::filesystem;

// An addition takes some hundredths of a second: a shorter wait is not worth a word.
constexpr int kQuietAttempts = 200;
constexpr std::chrono::milliseconds kBetweenAttempts(10);

// An open file that closes itself.
class Descriptor {
 public:
  Descriptor(const std::string& path, int flags) : file_(::open(path.c_str(), flags, 0666)) {}
  ~Descriptor() {
    if (file_ >= 0) ::close(file_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  int get() const { return file_; }
  bool open() const { return file_ >= 0; }

 private:
  int file_;
};

[[noreturn]] void fail(const std::string& path, const char* what) {
  const int reason = errno;
  throw Failure(path + ": " + what + ": " + std::strerror(reason));
}

void sync_folder(const std::string& folder) {
  const Descriptor file(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (!file.open() || ::fsync(file.get()) != 0) fail(folder, "cannot be synced");
}

std::string folder_of(const std::string& path) {
  const std::string folder = fs::path(path).parent_path().string();
  return folder.empty() ? "." : folder;
}

bool write_all(int file, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(file, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

}  // namespace

void make_folder_durably(const std::string& folder) {
  if (folder.empty() || fs::is_directory(folder)) return;
  const std::string above = folder_of(folder);
  make_folder_durably(above);
  std::error_code error;
  fs::create_directory(folder, error);
  if (error) throw Failure(folder + ": cannot be made: " + error.message());
  sync_folder(above);
}

void write_durably(const std::string& path, std::string_view text) {
  OutputFile file(path);
  file.write(text);
  file.commit();
  sync_folder(folder_of(path));
}

void append_durably(const std::string& path, std::string_view text) {
  const bool is_new = !fs::exists(path);
  const Descriptor file(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC);
  if (!file.open()) fail(path, "cannot be written");
  const off_t length = ::lseek(file.get(), 0, SEEK_END);
  if (!write_all(file.get(), text) || ::fsync(file.get()) != 0) {
    const int reason = errno;
    // What cannot be cut back either is found by its check sum.
    if (::ftruncate(file.get(), length) == 0) ::fsync(file.get());
    errno = reason;
    fail(path, "write failed");
  }
  if (is_new) sync_folder(folder_of(path));
}

void remove_durably(const std::string& path) {
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) fail(path, "cannot be removed");
  sync_folder(folder_of(path));
}

FileLock::FileLock(const std::string& path)
    : file_(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666)) {
  if (file_ < 0) {
    if (errno != EACCES && errno != EROFS && errno != EPERM) fail(path, "cannot be locked");
    exclusive_ = false;
    file_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file_ < 0) return;
  }
  const int kind = exclusive_ ? LOCK_EX : LOCK_SH;
  for (int attempt = 0; attempt < kQuietAttempts; ++attempt) {
    if (::flock(file_, kind | LOCK_NB) == 0) return;
    if (errno != EWOULDBLOCK && errno != EINTR) break;
    std::this_thread::sleep_for(kBetweenAttempts);
  }
  if (errno == EWOULDBLOCK) std::cerr << "note: another run uses " << path << ", waiting for it\n";
  while (::flock(file_, kind) != 0) {
    if (errno == EINTR) continue;
    const int reason = errno;
    ::close(file_);
    throw Failure(path + ": cannot be locked: " + std::strerror(reason));
  }
}

FileLock::~FileLock() {
  if (file_ >= 0) ::close(file_);
}

}  // namespace inferbench
