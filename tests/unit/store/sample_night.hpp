#pragma once

#include <string>

#include "results/store/run_document.hpp"
#include "results/store/run_store.hpp"

namespace inferbench {

// A folder of its own, removed at the end.
class StoreFolder {
 public:
  StoreFolder();
  ~StoreFolder();
  StoreFolder(const StoreFolder&) = delete;
  StoreFolder& operator=(const StoreFolder&) = delete;
  const std::string& path() const { return path_; }
  std::string file(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string parent_, path_;
};

// What `compare --json` writes of one night's build against an anchor: kernel/gemm takes
// 1000 ns x ratio, kernel/attention always 500 ns, replay/chat/modelled_ns counts `modelled`.
struct Night {
  int day = 1;  // of January 2026, and on
  double ratio = 1;
  long modelled = 7'000;
  std::string anchor = "aaaaaaaaaaaa", commit = "";  // empty: "c" and the day
  std::string cpu = "one";
};
std::string night_document(const Night& night);
RunEntry night_entry(const Night& night);

// Adds it as `history add` does; the id.
std::string add_night(HistoryStore& store, const Night& night);

}  // namespace inferbench
