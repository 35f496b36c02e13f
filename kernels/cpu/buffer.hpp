#pragma once

#if defined(__linux__)
#include <sys/mman.h>
#endif

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <new>
#include <span>

namespace inferbench {

inline constexpr std::size_t kCacheLine = 64;

// Memory for kernels: 64-byte aligned, zeroed, never resized. Large ones ask for huge pages: a walk
// over scattered KV blocks otherwise misses the TLB at each of them.
template <class T>
class Buffer {
 public:
  Buffer() = default;
  explicit Buffer(std::size_t size) : size_(size), data_(nullptr, Free{alignment(size)}) {
    const std::size_t bytes = size * sizeof(T) + kCacheLine;
    const std::size_t align = alignment(size);
    data_.reset(static_cast<T*>(::operator new(bytes, std::align_val_t(align))));
#if defined(__linux__)
    if (align == kHugePage) madvise(data_.get(), bytes / kHugePage * kHugePage, MADV_HUGEPAGE);
#endif
    std::memset(static_cast<void*>(data_.get()), 0, bytes);
  }

  T* data() {
    return data_.get();
  }
  const T* data() const {
    return data_.get();
  }
  std::size_t size() const {
    return size_;
  }
  T& operator[](std::size_t i) {
    return data_.get()[i];
  }
  const T& operator[](std::size_t i) const {
    return data_.get()[i];
  }
  std::span<T> span() {
    return {data(), size_};
  }
  std::span<const T> span() const {
    return {data(), size_};
  }

 private:
  static constexpr std::size_t kHugePage = std::size_t{2} << 20U;
  static constexpr std::size_t alignment(std::size_t size) {
    return size * sizeof(T) >= 2 * kHugePage ? kHugePage : kCacheLine;
  }

  struct Free {
    std::size_t align = kCacheLine;
    void operator()(T* p) const { ::operator delete(p, std::align_val_t(align)); }
  };
  std::size_t size_ = 0;
  std::unique_ptr<T, Free> data_;
};

// Output of a kernel, between two guards: a write outside of it is noticed, and so is an element
// that was never written.
class GuardedOutput {
 public:
  explicit GuardedOutput(std::size_t size) : size_(size), buffer_(size + 2 * kGuard) { poison(); }

  std::span<float> span() { return {buffer_.data() + kGuard, size_}; }
  std::span<const float> span() const { return {buffer_.data() + kGuard, size_}; }

  void poison() {
    for (float& x : buffer_.span()) x = std::numeric_limits<float>::quiet_NaN();
    std::memset(static_cast<void*>(buffer_.data()), kPattern, kGuard * sizeof(float));
    std::memset(static_cast<void*>(buffer_.data() + kGuard + size_), kPattern,
                kGuard * sizeof(float));
  }

  bool guards_intact() const {
    return intact(buffer_.data()) && intact(buffer_.data() + kGuard + size_);
  }

 private:
  static constexpr std::size_t kGuard = 64;
  static constexpr int kPattern = 0xA5;

  static bool intact(const float* guard) {
    unsigned char bytes[kGuard * sizeof(float)];
    std::memcpy(bytes, guard, sizeof(bytes));
    for (const unsigned char b : bytes) {
      if (b != kPattern) return false;
    }
    return true;
  }

  std::size_t size_;
  Buffer<float> buffer_;
};

}  // namespace inferbench
