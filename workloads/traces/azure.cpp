#include <array>
#include <charconv>
#include <chrono>

#include "workloads/traces/csv_table.hpp"
#include "workloads/traces/readers.hpp"

namespace inferbench {
namespace {

// "hh" at `text`; -1 unless both are digits.
int two_digits(const char* text) {
  const unsigned high = static_cast<unsigned char>(text[0]) - unsigned{'0'};
  const unsigned low = static_cast<unsigned char>(text[1]) - unsigned{'0'};
  return high > 9 || low > 9 ? -1 : static_cast<int>(high * 10 + low);
}

// ".fffffff", up to nine digits, as nanoseconds; removes it from `text`. -1: not a fraction.
std::int64_t take_fraction(std::string_view& text) {
  if (text.empty() || text[0] != '.') return 0;
  std::int64_t nanoseconds = 0;
  std::size_t digits = 0;
  while (digits + 1 < text.size() && text[digits + 1] >= '0' && text[digits + 1] <= '9') ++digits;
  if (digits == 0 || digits > 9) return -1;
  for (std::size_t i = 1; i <= 9; ++i) {
    nanoseconds = nanoseconds * 10 + (i <= digits ? text[i] - '0' : 0);
  }
  text.remove_prefix(digits + 1);
  return nanoseconds;
}

// "", "Z" or "+hh:mm" as an offset to UTC.
std::optional<std::chrono::minutes> zone_offset(std::string_view text) {
  if (text.empty() || text == "Z") return std::chrono::minutes(0);
  if (text.size() != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':') return std::nullopt;
  const int hours = two_digits(text.data() + 1), minutes = two_digits(text.data() + 4);
  if (hours < 0 || minutes < 0) return std::nullopt;
  const std::chrono::minutes offset(hours * 60 + minutes);
  return text[0] == '-' ? -offset : offset;
}

// "2023-11-16 18:17:03.9799600", also with a T, fewer digits or a zone as the 2024 files have.
std::optional<Time> parse_date_time(std::string_view text) {
  if (text.size() < 19 || text[4] != '-' || text[7] != '-' ||
      (text[10] != ' ' && text[10] != 'T') || text[13] != ':' || text[16] != ':') {
    return std::nullopt;
  }
  const char* at = text.data();
  const std::array<int, 7> part = {two_digits(at),     two_digits(at + 2),  two_digits(at + 5),
                                   two_digits(at + 8), two_digits(at + 11), two_digits(at + 14),
                                   two_digits(at + 17)};
  for (const int value : part) {
    if (value < 0) return std::nullopt;
  }
  const std::chrono::year_month_day day(std::chrono::year(part[0] * 100 + part[1]),
                                        std::chrono::month(static_cast<unsigned>(part[2])),
                                        std::chrono::day(static_cast<unsigned>(part[3])));
  // Beyond 1700 to 2200 the nanoseconds since 1970 do not fit 64 bits.
  const bool in_range = part[0] >= 17 && part[0] < 22;
  if (!day.ok() || !in_range || part[4] > 23 || part[5] > 59 || part[6] > 60) return std::nullopt;
  text.remove_prefix(19);
  const std::int64_t fraction = take_fraction(text);
  const auto offset = zone_offset(text);
  if (fraction < 0 || !offset) return std::nullopt;
  const Duration since_epoch = std::chrono::sys_days(day).time_since_epoch() +
                               std::chrono::hours(part[4]) + std::chrono::minutes(part[5]) +
                               std::chrono::seconds(part[6]) + Duration(fraction) - *offset;
  return Time(since_epoch);
}

class AzureReader final : public RowReader {
 public:
  AzureReader(std::unique_ptr<ByteSource> source, const TraceOptions& options)
      : RowReader(source->name(), options),
        table_(std::move(source), {"TIMESTAMP", "ContextTokens", "GeneratedTokens"}) {}

  std::string place() const override { return table_.place(); }

 protected:
  bool read_row(Request& request) override {
    if (!table_.next()) return false;
    const auto arrival = parse_date_time(table_.field(0));
    if (!arrival) table_.refuse(0, "a date and time such as 2023-11-16 18:17:03.9799600");
    request.arrival = *arrival;
    request.input = Tokens(table_.integer(1, 1));
    request.output = Tokens(table_.integer(2, 1));
    return true;
  }

 private:
  CsvTable table_;
};

}  // namespace

std::unique_ptr<RequestStream> read_azure(std::unique_ptr<ByteSource> source,
                                          const TraceOptions& options) {
  return std::make_unique<AzureReader>(std::move(source), options);
}

}  // namespace inferbench
