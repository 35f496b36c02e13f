#pragma once

#include <cupti.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "kernels/cuda/module.h"

namespace inferbench_cuda {

static_assert(CUPTI_API_VERSION >= 130000 && CUPTI_API_VERSION < 140000,
              "records are those of CUPTI 13");
using KernelRecord = CUpti_ActivityKernel10;
using MemcpyRecord = CUpti_ActivityMemcpy6;
using MemsetRecord = CUpti_ActivityMemset4;

// Reads one record after another out of a buffer: cuptiActivityGetNextRecord, or a test's.
using NextRecord =
    std::function<CUptiResult(std::uint8_t* buffer, std::size_t bytes, CUpti_Activity** record)>;

// Turns CUPTI's buffers into records of device work with the id of the range they belong to.
//
// A range's id is known by correlation: external-correlation records say which API call was made
// inside a range, and device records which call launched them. They may come in any order and in
// different buffers, so what belongs together is only known once all buffers of a window are in.
// The launches of a graph share one correlation.
class TraceDecoder {
 public:
  explicit TraceDecoder(NextRecord next) : next_(std::move(next)) {}

  void read(std::uint8_t* buffer, std::size_t bytes);

  // What came in, in the order of the buffers, with its id. A record whose correlation is not known
  // yet stays for one more time, and then has id 0: no range was open.
  std::vector<InferbenchCudaRecord> take();

  std::uint64_t records() const { return records_; }
  std::uint64_t invalid() const { return invalid_; }

 private:
  struct Pending {
    InferbenchCudaRecord record;
    std::uint32_t correlation;
    bool waited = false;
  };

  void add(const CUpti_Activity& record);
  void add(InferbenchCudaRecord record, std::uint32_t correlation);
  const char* interned(const char* mangled);

  NextRecord next_;
  std::vector<Pending> pending_;
  std::map<std::uint32_t, std::uint64_t> ids_;  // by correlation
  std::set<std::string> names_;
  std::map<std::string, const char*> by_mangled_;
  std::uint64_t records_ = 0, invalid_ = 0;
};

}  // namespace inferbench_cuda
