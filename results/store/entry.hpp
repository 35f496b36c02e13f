#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "results/store/history.hpp"

namespace inferbench {

inline constexpr int kEntryVersion = 1;  // a line of another version is refused

// A number of a run on its way into the store.
struct EntryPoint {
  HistorySeries series{};
  HistoryPoint point{};  // without its run
};

// A run and the numbers of it that are followed.
struct RunEntry {
  HistoryRun run{};
  std::vector<EntryPoint> points{};  // series differ
  std::string document_sha256{};     // of the file as it was added
};

using HistoryEntry = std::variant<RunEntry, HistoryNote>;

// One line of JSON with a newline: `{"crc32":"0a1b2c3d","id":"20261121T093000.000Z-...", ...}`. The
// check sum is of what follows it, so that a line that was cut short or overwritten is told from a
// whole one without reading it. The id is worked out of the content: adding the same file twice
// gives the same id.
std::string entry_line(const HistoryEntry& entry, const std::string& added_utc);

// What entry_line() would put into "id".
std::string entry_id(const HistoryEntry& entry);

// The id of a whole line (with or without its newline); nullopt when the line is damaged.
std::optional<std::string> intact_id(std::string_view line);

// Back from a whole line. Throws Error naming `place` for an entry of a newer version.
HistoryEntry parse_entry(std::string_view line, const std::string& place);

}  // namespace inferbench
