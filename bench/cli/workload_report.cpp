#include "bench/cli/workload_report.hpp"

#include <algorithm>
#include <bit>
#include <map>
#include <nlohmann/json.hpp>

#include "bench/cli/count_text.hpp"
#include "harness/base/text_table.hpp"

namespace inferbench {
namespace {

constexpr int kBarColumns = 48;

struct Column {
  const char* name;
  double p;
};
constexpr Column kQuantiles[] = {{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}};

// A bar in eighths of a column, so that short ones still show.
std::string bar(double share) {
  static constexpr const char* kEighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  const auto eighths = static_cast<int>(share * kBarColumns * 8 + 0.5);
  std::string text;
  for (int i = 0; i < eighths / 8; ++i) text += "█";
  if (share > 0 && eighths == 0) return kEighths[1];
  return text + kEighths[eighths % 8];
}

std::string length_table(const WorkloadStats& stats) {
  TextTable table({"tokens", "mean", "stddev", "p50", "p90", "p99", "min", "max", "total"});
  const auto row = [&](const char* name, const LengthCountsOf& lengths) {
    std::vector<std::string> cells = {name, fixed(lengths.mean(), 1), fixed(lengths.stddev(), 1)};
    for (const Column& column : kQuantiles)
      cells.push_back(with_commas(lengths.quantile(column.p)));
    cells.push_back(with_commas(lengths.min()));
    cells.push_back(with_commas(lengths.max()));
    cells.push_back(with_commas(
        static_cast<long long>(lengths.mean() * static_cast<double>(lengths.count()) + 0.5)));
    table.add(std::move(cells));
  };
  row("input (ISL)", stats.input());
  row("output (OSL)", stats.output());
  return table.str();
}

std::string dispersion_text(const WorkloadStats& stats) {
  std::string text;
  for (const DispersionOf& bins : stats.dispersion()) {
    const auto index = bins.index();
    if (!index) continue;
    text += (text.empty() ? "" : ", ") + significant(*index) + " (" +
            human_seconds(seconds(bins.bin()).count()) + ")";
  }
  return text;
}

// "label      value", labels padded to one width.
void add_line(std::string& out, std::string label, const std::string& value) {
  if (value.empty()) return;
  label.resize(24, ' ');
  out += label + value + "\n";
}

nlohmann::ordered_json lengths_json(const LengthCountsOf& lengths) {
  nlohmann::ordered_json json;
  json["mean"] = lengths.mean();
  json["stddev"] = lengths.stddev();
  for (const Column& column : kQuantiles) json[column.name] = lengths.quantile(column.p);
  json["min"] = lengths.min();
  json["max"] = lengths.max();
  return json;
}

}  // namespace

std::string length_histogram(const LengthCountsOf& lengths) {
  std::map<int, std::uint64_t> bins;  // by power of two
  for (const auto& [value, count] : lengths.values()) {
    bins[std::bit_width(static_cast<std::uint64_t>(value)) - 1] += count;
  }
  std::uint64_t fullest = 0;
  for (const auto& [power, count] : bins) fullest = std::max(fullest, count);
  TextTable table({"from", "to", "requests", "share", ""});
  for (int power = bins.begin()->first; power <= bins.rbegin()->first; ++power) {
    const std::uint64_t count = bins.contains(power) ? bins[power] : 0;
    const double share = static_cast<double>(count) / static_cast<double>(lengths.count());
    table.add({with_commas(1LL << power), with_commas((2LL << power) - 1), count_text(count),
               fixed(100 * share, 1) + " %",
               bar(static_cast<double>(count) / static_cast<double>(fullest))});
  }
  return table.str();
}

std::string workload_report(const WorkloadInfo& info, const WorkloadStats& stats) {
  std::string out;
  add_line(out, "workload", info.name);
  add_line(out, "source", info.source);
  add_line(out, "requests", count_text(stats.requests()));
  if (stats.conversations() != stats.requests()) {
    add_line(out, "conversations", count_text(stats.conversations()));
  }
  add_line(out, "span", human_seconds(seconds(stats.span()).count()));
  add_line(out, "rate",
           stats.rate() ? significant(*stats.rate(), 4) + " requests/s" : "all at once");
  if (stats.gap_cv()) {
    add_line(out, "inter-arrival CV", significant(*stats.gap_cv()) + " (Poisson: 1)");
  }
  add_line(out, "index of dispersion", dispersion_text(stats));
  if (stats.span().count() > 0) {
    add_line(out, "peak second", count_text(stats.dispersion().front().peak()) + " requests");
  }
  if (const auto prefix = stats.ideal_prefix()) {
    add_line(out, "ideal prefix hit",
             fixed(100 * prefix->block_hit_rate(), 1) + " % of blocks, " +
                 fixed(100 * prefix->token_hit_rate(), 1) + " % of tokens (unbounded cache, " +
                 std::to_string(info.block_tokens.count()) + "-token blocks, " +
                 count_text(prefix->unique_blocks()) + " of " + count_text(prefix->blocks()) +
                 " different)");
  }
  for (const std::string& note : info.notes) add_line(out, "note", note);
  out += "\n" + length_table(stats);
  out += "\ninput tokens\n" + length_histogram(stats.input());
  out += "\noutput tokens\n" + length_histogram(stats.output());
  return out;
}

std::string workload_report_json(const WorkloadInfo& info, const WorkloadStats& stats) {
  nlohmann::ordered_json json;
  json["name"] = info.name;
  json["source"] = info.source;
  json["requests"] = stats.requests();
  json["conversations"] = stats.conversations();
  json["span_s"] = seconds(stats.span()).count();
  if (stats.rate()) json["rate_requests_per_s"] = *stats.rate();
  if (stats.gap_cv()) json["interarrival_cv"] = *stats.gap_cv();
  json["distinct_arrivals"] = stats.timestamps();
  for (const DispersionOf& bins : stats.dispersion()) {
    const std::string bin = std::to_string(bins.bin() / std::chrono::seconds(1)) + "s";
    if (bins.index()) json["index_of_dispersion"][bin] = *bins.index();
    json["peak_requests"][bin] = bins.peak();
  }
  json["input_tokens"] = lengths_json(stats.input());
  json["output_tokens"] = lengths_json(stats.output());
  if (const auto prefix = stats.ideal_prefix()) {
    json["ideal_prefix"] = {{"block_tokens", info.block_tokens.count()},
                            {"blocks", prefix->blocks()},
                            {"unique_blocks", prefix->unique_blocks()},
                            {"block_hit_rate", prefix->block_hit_rate()},
                            {"token_hit_rate", prefix->token_hit_rate()}};
  }
  json["quantile_method"] = "nearest rank";
  json["notes"] = info.notes;
  return json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace inferbench
