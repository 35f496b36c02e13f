#pragma once

#include <cstddef>
#include <span>
#include <utility>
#include <vector>

namespace inferbench {

// Memory on the GPU of CudaSession, freed with the object. 256-byte aligned.
class DeviceMemory {
 public:
  DeviceMemory() = default;
  explicit DeviceMemory(std::size_t bytes);  // as it was; throws CannotBind for more than is free
  ~DeviceMemory();
  DeviceMemory(DeviceMemory&& other) noexcept { *this = std::move(other); }
  DeviceMemory& operator=(DeviceMemory&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }

  static DeviceMemory zeros(std::size_t bytes);
  template <class T>
  static DeviceMemory of(std::span<const T> host) {
    DeviceMemory memory(host.size_bytes());
    memory.write(std::as_bytes(host));
    return memory;
  }
  template <class T>
  static DeviceMemory of(const std::vector<T>& host) {
    return of(std::span<const T>(host));
  }

  void* data() const { return data_; }
  std::size_t bytes() const { return bytes_; }
  template <class T>
  T* as() const {
    return static_cast<T*>(data_);
  }

  void write(std::span<const std::byte> from);
  void read(std::span<std::byte> to, std::size_t offset = 0) const;
  void fill(int byte, std::size_t offset, std::size_t bytes);

 private:
  void* data_ = nullptr;
  std::size_t bytes_ = 0;
};

// A kernel's output between two guards, as GuardedOutput on the host: a write outside of it is
// noticed, and so is an element that was never written.
class DeviceOutput {
 public:
  // `unwritten` is the byte that no complete result consists of: 0xFF makes every float a NaN.
  explicit DeviceOutput(std::size_t bytes, int unwritten = 0xFF);

  template <class T>
  T* as() const {
    return reinterpret_cast<T*>(memory_.as<std::byte>() + kGuard);
  }
  std::size_t bytes() const { return bytes_; }
  void poison();
  void read(std::span<std::byte> to) const { memory_.read(to, kGuard); }
  bool guards_intact() const;

 private:
  static constexpr std::size_t kGuard = 256;
  static constexpr int kPattern = 0xA5;

  std::size_t end() const { return kGuard + bytes_; }

  std::size_t bytes_;
  int unwritten_;
  DeviceMemory memory_;
};

}  // namespace inferbench
