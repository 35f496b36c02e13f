#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "results/store/durable_file.hpp"
#include "results/store/entry.hpp"

namespace inferbench {

// Results of many nights in a folder. The files of its runs and notes are the truth; everything
// else follows from them:
//
//   store.json               what the folder is, and of which version
//   runs/2026/11/ID.json     one per run: its entry, then the document as it was added; never
//                            changed, except that `prune` takes the document out
//   notes/2026/11/ID.json    one per note
//   index.jsonl              the entries of all of them, a line each
//   cache.sqlite             the index as a database (history_cache.hpp)
//   lock                     held by the one process that uses the store
//
// A run is added when add() returns: file and line are then on the disk. After a crash the next
// one that opens the store puts right what was under way: a line that was cut short is taken out, a
// file without a line gets one, temporary files are removed.
class HistoryStore {
 public:
  // Makes a store where there is none; the folder is new or empty. Throws Error otherwise.
  static void create(const std::string& folder);
  static bool is_store(const std::string& folder);

  // Opens one and repairs it; waits for another process that uses it. A folder that may not be
  // written is read without repairs. Throws Error for a folder that is none, or of a newer version.
  explicit HistoryStore(std::string folder);

  // What was found and put right, for people.
  const std::vector<std::string>& repairs() const { return repairs_; }

  struct Added {
    std::string id;
    bool is_new = false;  // false: the same was there already
  };
  // Throws Failure when the disk is full: nothing was added then.
  Added add(const RunEntry& entry, const std::string& document);
  Added add(const HistoryNote& note);

  const std::map<std::string, std::string>& lines() const { return lines_; }  // by id
  bool holds(const std::string& id) const { return lines_.count(id) > 0; }

  // The document of a run, byte for byte. Throws Error when it was pruned, is damaged or the run is
  // not there.
  std::string document(const std::string& id) const;
  bool has_document(const std::string& id) const;

  void drop_document(const std::string& id);  // its numbers stay
  void drop_runs(const std::vector<std::string>& ids);

  // Writes the index anew from the files and checks each. Returns what is damaged and was left out,
  // and lines without a file, which are left out too.
  std::vector<std::string> rebuild();

  std::string path_of(const std::string& name) const { return folder_ + "/" + name; }
  const std::string& folder() const { return folder_; }
  bool writable() const { return lock_->exclusive(); }

 private:
  Added commit(const std::string& line, const std::string& folder, const std::string& document);
  void read_index();
  void find_files();
  void write_index() const;
  void require_writable() const;
  std::string file_of(const std::string& id) const;

  std::string folder_;
  std::unique_ptr<FileLock> lock_;
  std::map<std::string, std::string> lines_;  // whole ones with their newline
  std::map<std::string, std::string> files_;  // paths by id
  std::vector<std::string> repairs_;
  bool index_damaged_ = false;
};

}  // namespace inferbench
