#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace inferbench {

// Requests per second over time, made of pieces; what a ramp or stages of load are.
struct RatePiece {
  double seconds = 0;        // how long; infinity for the last piece of an endless profile
  double from = 0;           // rate at its begin, requests per second
  double to = 0;             // rate at its end
  bool exponential = false;  // between them: rate = from * (to / from)^(t / seconds), else linear
};

class RateProfile {
 public:
  static RateProfile constant(double rate);
  // Throws std::logic_error for an empty list; pieces are checked by parse_rate.
  explicit RateProfile(std::vector<RatePiece> pieces, std::string text);

  // The time, in seconds, at which `requests` were expected since 0: the inverse of the integral of
  // the rate. Absent when the profile ends before. Calls must not decrease.
  std::optional<double> time_of(double requests);

  // The same profile with every rate multiplied.
  RateProfile scaled(double factor) const;
  // Mean rate over its finite pieces, or the constant rate.
  double mean_rate() const;
  // Whether it ends by itself, as stages do.
  bool finite() const;
  const std::string& text() const { return text_; }

 private:
  std::vector<RatePiece> pieces_;
  std::string text_;
  std::size_t piece_ = 0;       // where the last call ended
  double before_requests_ = 0;  // expected before that piece
  double before_seconds_ = 0;
};

// A rate as typed; throws Error{place}.
//
//   2 | ramp(FROM,TO,OVER[,exponential]) | stages(RATExTIME,RATExTIME,...)
//
// After a ramp the rate stays at TO; after the last stage no request arrives.
RateProfile parse_rate(std::string_view text, const std::string& place);

}  // namespace inferbench
