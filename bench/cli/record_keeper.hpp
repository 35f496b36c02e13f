#pragma once

#include <atomic>
#include <csignal>
#include <mutex>
#include <string>
#include <thread>

#include "bench/cli/replay_outputs.hpp"
#include "harness/replay/system_under_test.hpp"

namespace inferbench {

// Hands records on and, should the program be asked to end (Ctrl-C, or mpirun after another rank
// died), writes those that it has: the records file is completed, the result file is not, and the
// program ends with 128 + the signal. A thread of its own waits for the signals, because a rank may
// be inside a message that never comes. A run that fails keeps its records as well. Made before any
// other thread, so that none takes them.
class RecordKeeper final : public RecordSink {
 public:
  RecordKeeper();
  ~RecordKeeper() override;
  RecordKeeper(const RecordKeeper&) = delete;
  RecordKeeper& operator=(const RecordKeeper&) = delete;

  // From now on the outputs are kept; nobody else writes to them until done().
  void keep(ReplayOutputs& outputs, std::string records_path);
  void accept(RequestRecord record) override;
  void done();
  // The run ends with an error: completes the records file, and says so.
  void failed();

 private:
  void watch();
  [[noreturn]] void end(int signal);
  std::string save();

  sigset_t signals_{}, before_{};
  std::mutex mutex_;
  ReplayOutputs* outputs_ = nullptr;
  std::string path_;
  std::uint64_t records_ = 0;
  std::atomic<bool> stop_{false};
  std::thread watcher_;
};

}  // namespace inferbench
