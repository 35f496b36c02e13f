#include "workloads/synthetic/rate_profile.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "harness/base/error.hpp"
#include "workloads/synthetic/call_text.hpp"
#include "workloads/text_values.hpp"

namespace inferbench {
namespace {

constexpr double kForever = std::numeric_limits<double>::infinity();

bool flat(const RatePiece& piece) {
  return piece.from == piece.to;
}

// Requests expected during a whole piece.
double area(const RatePiece& piece) {
  if (flat(piece)) return piece.from == 0 ? 0 : piece.from * piece.seconds;
  if (piece.exponential) {
    return piece.seconds * (piece.to - piece.from) / std::log(piece.to / piece.from);
  }
  return 0.5 * (piece.from + piece.to) * piece.seconds;
}

// Seconds into a piece at which `requests` were expected in it; the piece has that many.
double time_in(const RatePiece& piece, double requests) {
  if (requests <= 0) return 0;
  if (flat(piece)) return requests / piece.from;
  if (piece.exponential) {
    const double growth = std::log(piece.to / piece.from) / piece.seconds;
    return std::log1p(requests * growth / piece.from) / growth;
  }
  // from * t + slope * t^2 / 2 = requests, in the form that does not cancel.
  const double slope = (piece.to - piece.from) / piece.seconds;
  const double root = std::sqrt(std::max(0.0, piece.from * piece.from + 2.0 * slope * requests));
  return 2.0 * requests / (piece.from + root);
}

double parse_stage_rate(std::string_view text, const std::string& place) {
  const double rate = parse_number(text, place);
  if (rate < 0) throw Error(place, "a negative rate", "expected requests per second >= 0");
  return rate;
}

RateProfile parse_ramp(const CallText& call, std::string_view text, const std::string& place) {
  const char* usage = "ramp(FROM,TO,OVER[,linear|exponential])";
  call.expect(3, 4, usage, place);
  RatePiece ramp;
  const std::string_view shape = call.arguments.size() > 3 ? call.arguments[3] : "linear";
  if (shape != "linear" && shape != "exponential") {
    throw unknown_name(place, "ramp", shape, {"linear", "exponential"});
  }
  ramp.exponential = shape == "exponential";
  ramp.from = parse_stage_rate(call.arguments[0], place);
  ramp.to = parse_stage_rate(call.arguments[1], place);
  ramp.seconds = seconds(parse_duration(call.arguments[2], place)).count();
  if (ramp.seconds <= 0) throw Error(place, "a ramp over no time", usage);
  if (ramp.exponential && (ramp.from == 0 || ramp.to == 0)) {
    throw Error(place, "an exponential ramp from or to 0", "expected rates > 0");
  }
  if (ramp.from == 0 && ramp.to == 0) throw Error(place, "a ramp from 0 to 0", usage);
  std::vector<RatePiece> pieces = {ramp};
  if (ramp.to > 0) pieces.push_back({kForever, ramp.to, ramp.to, false});
  return RateProfile(std::move(pieces), std::string(trimmed(text)));
}

RateProfile parse_stages(const CallText& call, std::string_view text, const std::string& place) {
  const char* usage = "stages(RATExTIME,...), e.g. stages(2x60s,8x30s)";
  call.expect(1, 1000, usage, place);
  std::vector<RatePiece> pieces;
  double requests = 0;
  for (const std::string_view stage : call.arguments) {
    const std::size_t times = stage.find('x');
    if (times == std::string_view::npos) {
      throw Error(place, "stage \"" + std::string(stage) + "\" has no \"x\"", usage);
    }
    const double rate = parse_stage_rate(stage.substr(0, times), place);
    const double length = seconds(parse_duration(stage.substr(times + 1), place)).count();
    if (length <= 0) throw Error(place, "a stage of no time", usage);
    pieces.push_back({length, rate, rate, false});
    requests += rate * length;
  }
  if (requests == 0) throw Error(place, "stages without requests", usage);
  return RateProfile(std::move(pieces), std::string(trimmed(text)));
}

}  // namespace

RateProfile RateProfile::constant(double rate) {
  std::string text = std::to_string(rate);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return RateProfile({{kForever, rate, rate, false}}, std::move(text));
}

RateProfile::RateProfile(std::vector<RatePiece> pieces, std::string text)
    : pieces_(std::move(pieces)), text_(std::move(text)) {
  ensure(!pieces_.empty(), "a rate profile has a piece");
}

std::optional<double> RateProfile::time_of(double requests) {
  while (piece_ < pieces_.size()) {
    const RatePiece& piece = pieces_[piece_];
    const double here = area(piece);
    if (requests - before_requests_ < here) {
      return before_seconds_ + time_in(piece, requests - before_requests_);
    }
    before_requests_ += here;
    before_seconds_ += piece.seconds;
    ++piece_;
  }
  return std::nullopt;
}

RateProfile RateProfile::scaled(double factor) const {
  std::vector<RatePiece> pieces = pieces_;
  for (RatePiece& piece : pieces) piece.from *= factor, piece.to *= factor;
  return RateProfile(std::move(pieces), text_);
}

double RateProfile::mean_rate() const {
  double requests = 0, length = 0;
  for (const RatePiece& piece : pieces_) {
    if (std::isinf(piece.seconds)) continue;
    requests += area(piece);
    length += piece.seconds;
  }
  return length > 0 ? requests / length : pieces_.front().from;
}

bool RateProfile::finite() const {
  return !std::isinf(pieces_.back().seconds);
}

RateProfile parse_rate(std::string_view text, const std::string& place) {
  const CallText call = parse_call(text, place);
  if (!call.parentheses) {
    return RateProfile::constant(parse_positive(text, place));
  }
  if (call.name == "ramp") return parse_ramp(call, text, place);
  if (call.name == "stages") return parse_stages(call, text, place);
  throw unknown_name(place, "rate profile", call.name, {"ramp", "stages"});
}

}  // namespace inferbench
