#pragma once

#include <vector>

#include "harness/execute/transformer/step_model.hpp"
#include "kernels/cuda/bind/device_memory.hpp"

namespace inferbench {

// What a step's kernels read of its batch, on the GPU by one copy.
class StepUpload {
 public:
  // Rows of the block table are padded to `width` blocks, at least as many as the batch's. Whether
  // it all lies elsewhere than after the fill before; where in there depends on sizes alone.
  bool fill(const TokenBatch& batch, std::int64_t width);

  const std::int32_t* tokens() const { return at<std::int32_t>(tokens_); }
  const std::int32_t* position() const { return at<std::int32_t>(position_); }  // of each token
  const std::int64_t* slot() const { return at<std::int64_t>(slot_); }  // block * 16 + token of it
  const std::int32_t* context() const { return at<std::int32_t>(context_); }
  const std::int32_t* block_table() const { return at<std::int32_t>(block_table_); }
  const std::int32_t* logit_rows() const { return at<std::int32_t>(logit_rows_); }
  std::int64_t positions() const { return positions_; }  // 1 + the last one

 private:
  template <class T>
  const T* at(std::size_t offset) const {
    return reinterpret_cast<const T*>(memory_.as<std::byte>() + offset);
  }
  template <class T>
  T* add(std::size_t count, std::size_t& offset);

  std::vector<std::byte> staged_;
  DeviceMemory memory_;
  std::size_t tokens_ = 0, position_ = 0, slot_ = 0, context_ = 0, block_table_ = 0,
              logit_rows_ = 0;
  std::int64_t positions_ = 0;
};

}  // namespace inferbench
