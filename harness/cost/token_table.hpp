#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>

namespace inferbench {

// Values that depend on a token count alone, computed a page at a time when first asked for. Safe
// to read from several threads: a page is published whole, and threads that race to fill one
// compute the same.
template <class Value>
class TokenTable {
 public:
  explicit TokenTable(std::function<Value(double tokens)> compute) : compute_(std::move(compute)) {}
  ~TokenTable() {
    for (auto& page : pages_) delete page.load();
  }
  TokenTable(const TokenTable&) = delete;
  TokenTable& operator=(const TokenTable&) = delete;

  // The value for `tokens` >= 0. Counts beyond the table are computed into `scratch`.
  const Value& at(std::int64_t tokens, Value& scratch) const {
    const auto index = static_cast<std::size_t>(tokens);
    if (index >= kPages * kPageSize) return scratch = compute_(static_cast<double>(tokens));
    const Page* page = pages_[index / kPageSize].load(std::memory_order_acquire);
    if (page == nullptr) page = fill(index / kPageSize);
    return (*page)[index % kPageSize];
  }

 private:
  static constexpr std::size_t kPageSize = 64, kPages = 4096;
  using Page = std::array<Value, kPageSize>;

  const Page* fill(std::size_t number) const {
    auto page = std::make_unique<Page>();
    for (std::size_t i = 0; i < kPageSize; ++i) {
      (*page)[i] = compute_(static_cast<double>(number * kPageSize + i));
    }
    const Page* expected = nullptr;
    if (pages_[number].compare_exchange_strong(expected, page.get(), std::memory_order_acq_rel)) {
      return page.release();
    }
    return expected;
  }

  std::function<Value(double)> compute_;
  mutable std::array<std::atomic<const Page*>, kPages> pages_{};
};

}  // namespace inferbench
