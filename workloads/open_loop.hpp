#pragma once

#include <memory>

#include "workloads/request_source.hpp"
#include "workloads/request_stream.hpp"

namespace inferbench {

// Requests at the times their stream gives them, whatever happened to earlier ones. Holds one
// request.
class OpenLoopSource final : public RequestSource {
 public:
  OpenLoopSource(std::unique_ptr<RequestStream> stream, WorkloadInfo info);

  Time next_arrival() const override { return has_ahead_ ? ahead_.arrival : kNever; }
  Request pop() override;
  WorkloadInfo info() const override { return info_; }

 private:
  std::unique_ptr<RequestStream> stream_;
  WorkloadInfo info_;
  Request ahead_;
  bool has_ahead_ = false;
  std::uint64_t popped_ = 0;
};

}  // namespace inferbench
