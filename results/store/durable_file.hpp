#pragma once

#include <string>
#include <string_view>

namespace inferbench {

// Files that are whole after a crash or a power loss at any moment.

// Makes the folder and those above it, and syncs each into its parent. Throws Failure.
void make_folder_durably(const std::string& folder);

// Temporary name, sync, rename, sync of the folder: once this returns the file stays. Throws
// Failure when the disk is full, leaving an older file as it was.
void write_durably(const std::string& path, std::string_view text);

// Appends and syncs; creates the file. Throws Failure after cutting the file back to its old length
// when not everything could be written. Only one process may append at a time.
void append_durably(const std::string& path, std::string_view text);

// Removes the file and syncs its folder. Throws Failure.
void remove_durably(const std::string& path);

// An advisory lock on a file (flock), held until destruction and gone with its process. Readers of
// a folder that may not be written hold a shared one, or none where the file does not exist.
class FileLock {
 public:
  // Waits while another process holds it; after two seconds it tells so on standard error.
  explicit FileLock(const std::string& path);
  ~FileLock();
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

  bool exclusive() const { return exclusive_; }  // false: the folder is read-only

 private:
  int file_ = -1;
  bool exclusive_ = true;
};

}  // namespace inferbench
