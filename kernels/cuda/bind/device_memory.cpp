#include "kernels/cuda/bind/device_memory.hpp"

#include <array>

#include "harness/base/text_table.hpp"
#include "kernels/cpu/kernel.hpp"
#include "kernels/cuda/bind/session.hpp"
#include "kernels/cuda/load_module.hpp"

namespace inferbench {
namespace {

const InferbenchCudaTable& table() {
  return CudaSession::open().table();
}

}  // namespace

DeviceMemory::DeviceMemory(std::size_t bytes) {
  std::size_t available = 0, total = 0;
  cuda_check(table().memory(&available, &total), "asking for free memory");
  const auto text = [](std::size_t size) { return human_bytes(static_cast<double>(size)); };
  if (bytes > available) {
    throw CannotBind("needs " + text(bytes) + " more of device memory, " + text(available) +
                     " of " + text(total) + " are free");
  }
  cuda_check(table().allocate(&data_, bytes), "allocating");
  bytes_ = bytes;
}

// A device that failed cannot free either; the process's end does.
DeviceMemory::~DeviceMemory() {
  if (data_ != nullptr) table().release(data_);
}

DeviceMemory DeviceMemory::zeros(std::size_t bytes) {
  DeviceMemory memory(bytes);
  memory.fill(0, 0, bytes);
  return memory;
}

void DeviceMemory::write(std::span<const std::byte> from) {
  ensure(from.size() <= bytes_, "what is written fits");
  cuda_check(table().to_device(data_, from.data(), from.size()), "writing device memory");
}

void DeviceMemory::read(std::span<std::byte> to, std::size_t offset) const {
  ensure(offset + to.size() <= bytes_, "what is read lies inside");
  cuda_check(table().to_host(to.data(), as<std::byte>() + offset, to.size()),
             "reading device memory");
}

void DeviceMemory::fill(int byte, std::size_t offset, std::size_t bytes) {
  ensure(offset + bytes <= bytes_, "what is filled lies inside");
  cuda_check(table().fill(as<std::byte>() + offset, byte, bytes), "filling device memory");
}

DeviceOutput::DeviceOutput(std::size_t bytes, int unwritten)
    : bytes_(bytes), unwritten_(unwritten), memory_(bytes + 2 * kGuard) {
  poison();
}

void DeviceOutput::poison() {
  memory_.fill(kPattern, 0, kGuard);
  memory_.fill(unwritten_, kGuard, bytes_);
  memory_.fill(kPattern, end(), kGuard);
}

bool DeviceOutput::guards_intact() const {
  for (const std::size_t at : {std::size_t{0}, end()}) {
    std::array<std::byte, kGuard> guard{};
    memory_.read(guard, at);
    for (const std::byte b : guard) {
      if (b != std::byte{kPattern}) return false;
    }
  }
  return true;
}

}  // namespace inferbench
