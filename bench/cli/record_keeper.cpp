#include "bench/cli/record_keeper.hpp"

#include <unistd.h>

#include <ctime>
#include <exception>
#include <iostream>
#include <utility>

namespace inferbench {

RecordKeeper::RecordKeeper() {
  sigemptyset(&signals_);
  sigaddset(&signals_, SIGINT);
  sigaddset(&signals_, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals_, &before_);
  watcher_ = std::thread([this] { watch(); });
}

RecordKeeper::~RecordKeeper() {
  stop_ = true;
  watcher_.join();
  pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

void RecordKeeper::keep(ReplayOutputs& outputs, std::string records_path) {
  const std::lock_guard<std::mutex> lock(mutex_);
  outputs_ = &outputs;
  path_ = std::move(records_path);
}

void RecordKeeper::accept(RequestRecord record) {
  const std::lock_guard<std::mutex> lock(mutex_);
  ++records_;
  if (outputs_ != nullptr && outputs_->records) outputs_->records->accept(std::move(record));
}

void RecordKeeper::done() {
  const std::lock_guard<std::mutex> lock(mutex_);
  outputs_ = nullptr;
}

void RecordKeeper::watch() {
  const timespec patience{.tv_sec = 0, .tv_nsec = 50'000'000};
  while (!stop_) {
    const int signal = sigtimedwait(&signals_, nullptr, &patience);
    if (signal > 0) end(signal);
  }
}

// What became of the records.
std::string RecordKeeper::save() {
  try {
    if (outputs_ == nullptr || !outputs_->records) {
      return "no records were asked for (--records FILE)";
    }
    static_cast<void>(outputs_->records->commit());
    return std::to_string(records_) + " finished requests are in " + path_;
  } catch (const std::exception& error) {
    return error.what();
  }
}

void RecordKeeper::failed() {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (outputs_ != nullptr && outputs_->records) std::cerr << "failed: " << save() << "\n";
  outputs_ = nullptr;
}

// Other threads may be anywhere: nothing is destroyed.
void RecordKeeper::end(int signal) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const char* name = signal == SIGINT ? "SIGINT" : "SIGTERM";
  const std::string kept = save();
  if (outputs_ != nullptr) {
    outputs_->json.reset();  // removes its temporary file
    std::cerr << "interrupted: " << name << "; " << kept << "\n" << std::flush;
  }
  _exit(128 + signal);
}

}  // namespace inferbench
