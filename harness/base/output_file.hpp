#pragma once

#include <cstdio>
#include <string>
#include <string_view>

namespace inferbench {

// A result file that is either whole or not there: written to a temporary name beside its target
// and renamed by commit(). "-" is standard output. The constructor throws Error when the place
// cannot be written, so construct it before the work starts, not after.
class OutputFile {
 public:
  explicit OutputFile(std::string path);
  ~OutputFile();  // without commit(): removes the temporary file, leaves an older target as it was
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  void write(std::string_view text);  // throws Failure when the disk is full
  void commit();                      // flush, sync, rename; throws Failure
  bool is_stdout() const { return path_ == "-"; }
  const std::string& path() const { return path_; }

 private:
  std::string path_, temporary_;
  std::FILE* file_ = nullptr;
};

// The whole file at `path`; throws Error{path, reason} when it cannot be read.
std::string read_file(const std::string& path);

}  // namespace inferbench
