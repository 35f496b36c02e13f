#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "harness/metrics/summary.hpp"

namespace inferbench {

// What a number of a run belongs to: points of one series can be followed over runs. Two runs of
// different configurations never share a series.
struct HistorySeries {
  std::string suite{};  // "smoke", "kernels", "replay llama-3-70b": what was run
  std::string name{};   // "kernel/gemm", "ttft p90": what of it; unique within a run
  std::string unit{};
  Better better = Better::lower;  // never neither
  std::string configuration{};    // 12 hex digits of what the numbers depend on; empty: nothing
  bool exact = false;             // without noise: modelled, or counted
};

// One number of one run.
struct HistoryPoint {
  std::size_t run = 0;                              // index into History::runs
  double value = 0;                                 // in the series' unit
  std::optional<double> low{}, high{};              // its interval
  std::optional<double> ratio{};                    // to the anchor, measured in the same run, > 0
  std::optional<double> ratio_low{}, ratio_high{};  // its interval
  std::string verdict{};                            // of the comparison with the anchor
};

// One run, without its numbers.
struct HistoryRun {
  std::string id{};        // begins with its time, so that ids sort as times do
  std::string time_utc{};  // RFC 3339 with milliseconds
  std::string suite{}, kind{}, method{};
  std::string commit{};    // of the program that was measured; empty: not told
  std::string anchor{};    // of the program that ratios are to; empty: it has no ratios
  std::string hardware{};  // "AMD EPYC, 2 CPUs": what absolute times may be compared within
  std::string file{};      // the name it was added under
  std::string invalid{};   // why its numbers do not count; empty: they do
};

// What a person says of runs, kept as data.
enum class NoteKind {
  acknowledged,  // a change that is known and stays
  expected,      // one that was meant
  noise,         // not a change of the program
  environment,   // the machine or its software changed: levels before and after are not compared
  remark,        // says something, changes nothing
};

struct HistoryNote {
  std::string id{};
  NoteKind kind = NoteKind::remark;
  std::string time_utc{};  // from then on; of a note on a run, that run's
  std::string run{};       // the run it is on; empty: none
  std::string series{};    // pattern with * and ? of "suite/name"; empty: every series
  std::string text{}, link{};
};

struct SeriesHistory {
  HistorySeries series{};
  std::string key{};                   // 16 hex digits of the series: stable over stores
  std::vector<HistoryPoint> points{};  // by run
};

struct History {
  std::vector<HistoryRun> runs{};       // by time, then id
  std::vector<SeriesHistory> series{};  // by suite, name, key
  std::vector<HistoryNote> notes{};     // by time, then id
};

std::string_view name(NoteKind kind);
std::optional<NoteKind> parse_note_kind(std::string_view name);
std::string series_key(const HistorySeries& series);
std::string full_name(const HistorySeries& series);  // "smoke/kernel/gemm"

// Whether a pattern in which * stands for anything and ? for one character is the whole text.
bool matches(std::string_view pattern, std::string_view text);

}  // namespace inferbench
