#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "results/store/history.hpp"
#include "results/store/prune.hpp"
#include "results/store/screen.hpp"

namespace inferbench {

// For a console. None says anything of when or on which machine it was printed.
std::string runs_text(const History& history, const HistoryStore& store);
std::string series_text(const History& history);
std::string points_text(const SeriesHistory& series, const HistoryScreen& screen, std::size_t index,
                        const History& history);
std::string prune_text(const PrunePlan& plan, bool done);

// How suspicions are shown.
struct ScreenView {
  std::string store{};                     // as in commands
  std::string programs = kProgramPattern;  // where programs are, for commands
  bool all = false;                        // those that a note speaks of too
};
std::string screen_text(const History& history, const HistoryScreen& screen,
                        const ScreenView& view);

// The document "inferbench.history" 1.0.0: runs, series with their points column by column, levels,
// suspicions with their commands, notes. Equal stores give equal bytes.
nlohmann::ordered_json history_json(const History& history, const HistoryScreen& screen,
                                    const ScreenView& view);
std::string history_json_text(const History& history, const HistoryScreen& screen,
                              const ScreenView& view);

// One line per point; RFC 4180.
std::string history_csv(const History& history);

// Suspicions of one run, suite and basis: one command answers them.
std::vector<std::vector<const Suspicion*>> grouped(const History& history,
                                                   const HistoryScreen& screen, bool all);

}  // namespace inferbench
