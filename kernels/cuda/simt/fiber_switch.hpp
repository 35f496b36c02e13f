#pragma once

#include <ucontext.h>

#include <cstddef>
#include <memory>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/common_interface_defs.h>
#endif

namespace inferbench::simt {

// The stack that fibers are entered from. AddressSanitizer is told where it lies.
struct MainStack {
  ucontext_t context{};
  const void* bottom = nullptr;
  std::size_t size = 0;
};

// A function's own stack, entered and left in turns.
class FiberStack {
 public:
  // The next enter() calls `function`, which never returns but leaves for good.
  void begin(void (*function)()) {
    if (!memory_) memory_ = std::make_unique_for_overwrite<std::byte[]>(kBytes);
    getcontext(&context_);
    context_.uc_stack.ss_sp = memory_.get();
    context_.uc_stack.ss_size = kBytes;
    context_.uc_link = nullptr;
    makecontext(&context_, function, 0);
  }

  // From the main stack, until the fiber leaves.
  void enter(MainStack& from) {
#ifdef __SANITIZE_ADDRESS__
    void* mains = nullptr;
    __sanitizer_start_switch_fiber(&mains, memory_.get(), kBytes);
#endif
    swapcontext(&from.context, &context_);
#ifdef __SANITIZE_ADDRESS__
    __sanitizer_finish_switch_fiber(mains, nullptr, nullptr);
#endif
  }

  // In the fiber: first of all, and after every return.
  void arrived(MainStack& from) {
#ifdef __SANITIZE_ADDRESS__
    __sanitizer_finish_switch_fiber(own_, &from.bottom, &from.size);
    own_ = nullptr;
#else
    static_cast<void>(from);
#endif
  }

  // In the fiber, for the main stack.
  void leave(MainStack& to, bool for_good) {
#ifdef __SANITIZE_ADDRESS__
    __sanitizer_start_switch_fiber(for_good ? nullptr : &own_, to.bottom, to.size);
#else
    static_cast<void>(for_good);
#endif
    swapcontext(&context_, &to.context);
    arrived(to);
  }

 private:
  static constexpr std::size_t kBytes = std::size_t{256} * 1024;

  std::unique_ptr<std::byte[]> memory_;
  ucontext_t context_{};
#ifdef __SANITIZE_ADDRESS__
  void* own_ = nullptr;
#endif
};

}  // namespace inferbench::simt
