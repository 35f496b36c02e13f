#include <chrono>
#include <cmath>
#include <regex>

#include "harness/base/error.hpp"
#include "results/provenance.hpp"
#include "results/store/run_document.hpp"

namespace inferbench {
namespace {

int part(const std::smatch& match, std::size_t at) {
  return match[at].matched ? std::stoi(match[at].str()) : 0;
}

}  // namespace

std::string parse_utc(const std::string& text, const std::string& place) {
  using namespace std::chrono;
  static const std::regex form(
      R"((\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(\.\d{1,9})?)?(?:Z|([+-])(\d\d):?(\d\d)))?)");
  enum Part : std::size_t {
    year_at = 1,
    month_at,
    day_at,
    hour_at,
    minute_at,
    second_at,
    fraction_at,
    sign_at,
    zone_hour_at,
    zone_minute_at
  };
  std::smatch match;
  const std::string rule = "a date, or a time with its zone: 2026-11-21, 2026-11-21T09:30:00Z";
  if (!std::regex_match(text, match, form)) throw Error(place, "\"" + text + "\"", rule);
  const year_month_day date(year(part(match, year_at)),
                            month(static_cast<unsigned>(part(match, month_at))),
                            day(static_cast<unsigned>(part(match, day_at))));
  const hours hour(part(match, hour_at));
  const minutes minute(part(match, minute_at));
  const std::chrono::seconds second(part(match, second_at));
  if (!date.ok() || hour >= 24h || minute >= 60min || second > 60s) {
    throw Error(place, "\"" + text + "\" is no time", rule);
  }
  milliseconds ms = sys_days(date).time_since_epoch() + hour + minute + second;
  if (match[fraction_at].matched) {
    constexpr double kMsPerSecond = 1000;
    ms += milliseconds(std::lround(std::stod("0" + match[fraction_at].str()) * kMsPerSecond));
  }
  const minutes zone = hours(part(match, zone_hour_at)) + minutes(part(match, zone_minute_at));
  ms += match[sign_at].matched && match[sign_at].str() == "-" ? zone : -zone;
  return utc_text(ms.count());
}

}  // namespace inferbench
