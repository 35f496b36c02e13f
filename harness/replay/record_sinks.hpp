#pragma once

#include <utility>
#include <vector>

#include "harness/replay/system_under_test.hpp"

namespace inferbench {

// Keeps every record, in order of ending.
class RecordList final : public RecordSink {
 public:
  void accept(RequestRecord record) override { records_.push_back(std::move(record)); }

  const std::vector<RequestRecord>& records() const { return records_; }
  // Hands the records out, in order of id.
  std::vector<RequestRecord> take_by_id();

 private:
  std::vector<RequestRecord> records_;
};

// Hands each record to several sinks, in their order. Keeps pointers.
class RecordFan final : public RecordSink {
 public:
  explicit RecordFan(std::vector<RecordSink*> sinks) : sinks_(std::move(sinks)) {}
  void accept(RequestRecord record) override {
    for (RecordSink* sink : sinks_) sink->accept(record);
  }

 private:
  std::vector<RecordSink*> sinks_;
};

}  // namespace inferbench
