#include "harness/base/output_file.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "harness/base/error.hpp"
#include "harness/base/removed_on_signal.hpp"

namespace inferbench {
namespace {

// A file, or a name that is free. Devices and pipes are written where they are: a file renamed onto
// /dev/null would take its place.
bool is_plain(const std::string& path) {
  std::error_code unknown;
  const std::filesystem::file_status target = std::filesystem::status(path, unknown);
  return !std::filesystem::exists(target) || std::filesystem::is_regular_file(target);
}

}  // namespace

OutputFile::OutputFile(std::string path) : path_(std::move(path)) {
  if (is_stdout()) {
    file_ = stdout;
    return;
  }
  if (std::filesystem::is_directory(path_)) {
    throw Error(path_, "is a folder", "expected a file name", "e.g. " + path_ + "/result.json");
  }
  if (is_plain(path_)) temporary_ = path_ + ".tmp." + std::to_string(::getpid());
  if (!temporary_.empty()) remove_on_signal(temporary_);  // before it is there to be left behind
  file_ = std::fopen(temporary_.empty() ? path_.c_str() : temporary_.c_str(),
                     temporary_.empty() ? "wb" : "wbx");
  if (file_ != nullptr) return;
  const int reason = errno;
  if (!temporary_.empty()) keep_on_signal(temporary_);
  if (reason == EEXIST) {
    throw Error(path_, "is being written as another output of this run",
                "each output has a file of its own",
                "name two files; " + temporary_ + " may be removed if no run is writing it");
  }
  throw Error(path_, std::string("cannot be written: ") + std::strerror(reason),
              "results are written beside their target and renamed",
              "name a file in a folder that exists and that you may write to");
}

OutputFile::~OutputFile() {
  if (file_ == nullptr || is_stdout()) return;
  std::fclose(file_);
  if (temporary_.empty()) return;
  std::remove(temporary_.c_str());
  keep_on_signal(temporary_);
}

void OutputFile::write(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), file_) != text.size()) {
    throw Failure(path_ + ": write failed: " + std::strerror(errno));
  }
}

void OutputFile::commit() {
  if (std::fflush(file_) != 0) throw Failure(path_ + ": write failed: " + std::strerror(errno));
  if (is_stdout()) return;
  const bool synced = temporary_.empty() || ::fsync(::fileno(file_)) == 0;
  const bool closed = std::fclose(file_) == 0;
  file_ = nullptr;
  if (temporary_.empty()) {
    if (!closed) throw Failure(path_ + ": write failed: " + std::strerror(errno));
    return;
  }
  if (synced && closed && std::rename(temporary_.c_str(), path_.c_str()) == 0) {
    keep_on_signal(temporary_);
    return;
  }
  const std::string reason = std::strerror(errno);
  std::remove(temporary_.c_str());
  keep_on_signal(temporary_);
  throw Failure(path_ + ": write failed: " + reason);
}

std::string read_file(const std::string& path) {
  if (std::filesystem::is_directory(path)) throw Error(path, "is a folder", "expected a file");
  std::ifstream in(path, std::ios::binary);
  if (!in) throw Error(path, std::string("cannot be read: ") + std::strerror(errno));
  std::ostringstream text;
  text << in.rdbuf();
  return std::move(text).str();
}

}  // namespace inferbench
