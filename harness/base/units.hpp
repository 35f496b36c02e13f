#pragma once

#include <chrono>
#include <cmath>
#include <compare>
#include <cstdint>

namespace inferbench {

// Time is integer nanoseconds. Inside a cost formula it is a double of seconds, rounded once to a
// Duration where a step ends.
using Duration = std::chrono::nanoseconds;
using Seconds = std::chrono::duration<double>;

// The replay's time line; its epoch is the first instant of the workload.
struct ReplayClock {
  using duration = Duration;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<ReplayClock>;
  static constexpr bool is_steady = true;
};
using Time = ReplayClock::time_point;

inline constexpr Time kNever = Time::max();

inline Duration rounded(Seconds seconds) {
  return Duration(std::llround(seconds.count() * 1e9));
}
inline Seconds seconds(Duration duration) {
  return Seconds(duration);
}

// A count of tokens. Only what means something exists: tokens add, compare and scale.
struct Tokens {
  std::int64_t value = 0;

  constexpr Tokens() = default;
  constexpr explicit Tokens(std::int64_t v) : value(v) {}
  constexpr std::int64_t count() const { return value; }
  constexpr auto operator<=>(const Tokens&) const = default;
  constexpr Tokens& operator+=(Tokens o) { return value += o.value, *this; }
  constexpr Tokens& operator-=(Tokens o) { return value -= o.value, *this; }
  friend constexpr Tokens operator+(Tokens a, Tokens b) { return Tokens(a.value + b.value); }
  friend constexpr Tokens operator-(Tokens a, Tokens b) { return Tokens(a.value - b.value); }
  friend constexpr Tokens operator*(Tokens a, std::int64_t k) { return Tokens(a.value * k); }
};

// A real-valued quantity with a unit. Bytes, FLOPs and their rates are such: averages over ranks
// and block scales make them fractional.
template <class Unit>
struct Quantity {
  double value = 0;

  constexpr Quantity() = default;
  constexpr explicit Quantity(double v) : value(v) {}
  constexpr double count() const { return value; }
  constexpr auto operator<=>(const Quantity&) const = default;
  constexpr Quantity& operator+=(Quantity o) { return value += o.value, *this; }
  constexpr Quantity& operator-=(Quantity o) { return value -= o.value, *this; }
  friend constexpr Quantity operator+(Quantity a, Quantity b) {
    return Quantity(a.value + b.value);
  }
  friend constexpr Quantity operator-(Quantity a, Quantity b) {
    return Quantity(a.value - b.value);
  }
  friend constexpr Quantity operator*(Quantity a, double k) { return Quantity(a.value * k); }
  friend constexpr Quantity operator*(double k, Quantity a) { return Quantity(a.value * k); }
  friend constexpr Quantity operator/(Quantity a, double k) { return Quantity(a.value / k); }
  friend constexpr double operator/(Quantity a, Quantity b) { return a.value / b.value; }
};

using Bytes = Quantity<struct BytesUnit>;
using Flops = Quantity<struct FlopsUnit>;  // a count of floating-point (or integer) operations
using BytesPerSecond = Quantity<struct BytesPerSecondUnit>;
using FlopsPerSecond = Quantity<struct FlopsPerSecondUnit>;

constexpr Seconds operator/(Bytes bytes, BytesPerSecond rate) {
  return Seconds(bytes.value / rate.value);
}
constexpr Seconds operator/(Flops flops, FlopsPerSecond rate) {
  return Seconds(flops.value / rate.value);
}
constexpr BytesPerSecond operator/(Bytes bytes, Seconds s) {
  return BytesPerSecond(bytes.value / s.count());
}
constexpr FlopsPerSecond operator/(Flops flops, Seconds s) {
  return FlopsPerSecond(flops.value / s.count());
}

namespace literals {
constexpr Tokens operator""_tok(unsigned long long v) {
  return Tokens(static_cast<std::int64_t>(v));
}
using namespace std::chrono_literals;
}  // namespace literals

}  // namespace inferbench
