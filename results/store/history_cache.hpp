#pragma once

#include <string>
#include <vector>

#include "results/store/history.hpp"
#include "results/store/run_store.hpp"
#include "results/store/sqlite.hpp"

namespace inferbench {

// Which part of a history is asked for.
struct HistoryFilter {
  std::string series{};  // pattern of "suite/name" with * and ?; empty: all
  std::string
      since{};  // runs from this time on (RFC 3339, or a part such as "2026-11"); empty: all
};

// The store's entries as a database, cache.sqlite: a convenience that may be deleted at any time
// and is made anew from the index, giving the same answers. Before it answers it takes in what the
// index has more and drops what it has less; one that is damaged is replaced, one of a newer
// inferbench or of a store that may not be written is left alone, and the answers come from memory.
class HistoryCache {
 public:
  explicit HistoryCache(const HistoryStore& store);

  History load(const HistoryFilter& filter = {});

  const std::vector<std::string>& notes() const { return notes_; }  // for people

 private:
  std::string open_file(const HistoryStore& store);
  void fill(const HistoryStore& store);

  std::unique_ptr<Database> database_;
  std::vector<std::string> notes_;
};

}  // namespace inferbench
