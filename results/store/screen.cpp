#include "results/store/screen.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include "harness/stats/percentile.hpp"

namespace inferbench {
namespace {

constexpr std::size_t kNear = 3;  // runs of a series between a note and the step it speaks of

// Points that may be compared, with the number that is followed.
struct Track {
  ScreenBasis basis = ScreenBasis::time;
  std::vector<std::size_t> at;   // positions among the series' points
  std::vector<double> followed;  // > 0
};

bool covers(const HistoryNote& note, const SeriesHistory& series) {
  return note.series.empty() || matches(note.series, full_name(series.series));
}

// How many changes of the environment lie before a run: levels with different numbers are not
// compared.
std::size_t environment_at(const History& history, const SeriesHistory& series, std::size_t run) {
  return static_cast<std::size_t>(
      std::count_if(history.notes.begin(), history.notes.end(), [&](const HistoryNote& note) {
        return note.kind == NoteKind::environment && covers(note, series) &&
               note.time_utc <= history.runs[run].time_utc;
      }));
}

std::string track_key(const History& history, const SeriesHistory& series,
                      const HistoryPoint& point, ScreenBasis basis) {
  if (basis == ScreenBasis::exact) return "";
  const HistoryRun& run = history.runs[point.run];
  const std::string where = basis == ScreenBasis::ratio ? "r" + run.anchor : "t" + run.hardware;
  return where + "\n" + std::to_string(environment_at(history, series, point.run));
}

std::vector<Track> tracks_of(const History& history, const SeriesHistory& series) {
  std::map<std::string, Track> tracks;
  for (std::size_t i = 0; i < series.points.size(); ++i) {
    const HistoryPoint& point = series.points[i];
    if (!history.runs[point.run].invalid.empty()) continue;
    const ScreenBasis basis = series.series.exact ? ScreenBasis::exact
                              : point.ratio       ? ScreenBasis::ratio
                                                  : ScreenBasis::time;
    const double followed = basis == ScreenBasis::ratio ? *point.ratio : point.value;
    if (basis != ScreenBasis::exact && followed <= 0) continue;  // has no logarithm
    Track& track = tracks[track_key(history, series, point, basis)];
    track.basis = basis;
    track.at.push_back(i);
    track.followed.push_back(followed);
  }
  std::vector<Track> all;
  all.reserve(tracks.size());
  for (auto& [key, track] : tracks) all.push_back(std::move(track));
  return all;
}

struct Step {
  std::size_t at = 0;  // position in the track
  double change = 0;
  std::optional<double> p{};
};

std::vector<Step> exact_steps(const std::vector<double>& values) {
  std::vector<Step> steps;
  for (std::size_t i = 1; i < values.size(); ++i) {
    if (values[i] == values[i - 1]) continue;
    const double before = std::abs(values[i - 1]);
    steps.push_back({.at = i, .change = (values[i] - values[i - 1]) / (before > 0 ? before : 1)});
  }
  return steps;
}

std::vector<Step> measured_steps(const std::vector<double>& values, const ScreenRule& rule) {
  std::vector<double> logs;
  logs.reserve(values.size());
  for (const double value : values) logs.push_back(std::log(value));
  std::vector<Step> steps;
  for (const ChangePoint& point : find_change_points(logs, rule.steps)) {
    const double change = std::expm1(point.shift);
    if (std::abs(change) < rule.least_change) continue;
    steps.push_back({.at = point.at, .change = change, .p = point.p});
  }
  return steps;
}

double median_of(std::vector<double> values) {
  const double middle = 50;
  return percentiles(values, std::span(&middle, 1)).front();
}

std::vector<HistoryLevel> levels_of(const SeriesHistory& series, const Track& track,
                                    const std::vector<Step>& steps) {
  std::vector<HistoryLevel> levels;
  std::size_t begin = 0;
  for (std::size_t i = 0; i <= steps.size(); ++i) {
    const std::size_t end = i < steps.size() ? steps[i].at : track.at.size();
    const auto first = track.followed.begin() + static_cast<std::ptrdiff_t>(begin);
    const auto last = track.followed.begin() + static_cast<std::ptrdiff_t>(end);
    levels.push_back({.from = series.points[track.at[begin]].run,
                      .to = series.points[track.at[end - 1]].run,
                      .basis = track.basis,
                      .level = median_of({first, last})});
    begin = end;
  }
  return levels;
}

std::size_t distance(std::size_t a, std::size_t b) {
  return a > b ? a - b : b - a;
}

// The latest note that speaks of a step at this point of the series.
std::optional<std::size_t> note_on(const History& history, const SeriesHistory& series,
                                   std::size_t position) {
  std::optional<std::size_t> found;
  for (std::size_t i = 0; i < history.notes.size(); ++i) {
    const HistoryNote& note = history.notes[i];
    const bool speaks = note.kind == NoteKind::acknowledged || note.kind == NoteKind::expected ||
                        note.kind == NoteKind::noise;
    if (!speaks || note.run.empty() || !covers(note, series)) continue;
    for (std::size_t at = 0; at < series.points.size(); ++at) {
      const bool near = distance(at, position) <= kNear;
      if (near && history.runs[series.points[at].run].id == note.run) found = i;
    }
  }
  return found;
}

bool shell_safe(const std::string& text) {
  static constexpr std::string_view kPlain = "_-./=:,+@%{}";
  return !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || kPlain.find(static_cast<char>(c)) != std::string_view::npos;
  });
}

std::string quoted(const std::string& text) {
  if (shell_safe(text)) return text;
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

std::string program_of(const HistoryRun& run, const std::string& programs) {
  static constexpr std::string_view kCommit = "{commit}";
  constexpr std::size_t kDigits = 12;
  const std::string commit = run.commit.empty() ? "of-" + run.id : run.commit.substr(0, kDigits);
  std::string path = programs;
  for (std::size_t at = path.find(kCommit); at != std::string::npos;
       at = path.find(kCommit, at + commit.size())) {
    path.replace(at, kCommit.size(), commit);
  }
  return quoted(path);
}

}  // namespace

std::string_view name(ScreenBasis basis) {
  switch (basis) {
    case ScreenBasis::ratio:
      return "ratio";
    case ScreenBasis::exact:
      return "exact";
    case ScreenBasis::time:
      break;
  }
  return "time";
}

std::string_view state_of(const Suspicion& suspicion, const History& history) {
  return suspicion.open() ? "open" : name(history.notes[*suspicion.note].kind);
}

HistoryScreen screen_history(const History& history, const ScreenRule& rule) {
  HistoryScreen screen;
  screen.levels.resize(history.series.size());
  for (std::size_t s = 0; s < history.series.size(); ++s) {
    const SeriesHistory& series = history.series[s];
    for (const Track& track : tracks_of(history, series)) {
      const auto steps = track.basis == ScreenBasis::exact ? exact_steps(track.followed)
                                                           : measured_steps(track.followed, rule);
      for (HistoryLevel& level : levels_of(series, track, steps)) {
        screen.levels[s].push_back(level);
      }
      for (const Step& step : steps) {
        const bool recent = rule.recent == 0 || step.at + rule.recent >= track.at.size();
        if (!recent) continue;
        const std::size_t position = track.at[step.at];
        screen.suspicions.push_back(
            {.series = s,
             .before = series.points[track.at[step.at - 1]].run,
             .at = series.points[position].run,
             .change = step.change,
             .worse = (step.change > 0) == (series.series.better == Better::lower),
             .basis = track.basis,
             .p = step.p,
             .note = note_on(history, series, position)});
      }
    }
    std::stable_sort(screen.levels[s].begin(), screen.levels[s].end(),
                     [](const auto& a, const auto& b) { return a.from < b.from; });
  }
  std::stable_sort(screen.suspicions.begin(), screen.suspicions.end(),
                   [](const Suspicion& a, const Suspicion& b) { return a.at > b.at; });
  return screen;
}

std::string confirm_command(const History& history, const std::vector<const Suspicion*>& together,
                            const std::string& store, const std::string& programs) {
  const Suspicion& first = *together.front();
  const HistoryRun &before = history.runs[first.before], &at = history.runs[first.at];
  if (at.kind != "comparison") {
    const std::string get = "inferbench history export " + quoted(store) + " --run ";
    const std::string show =
        at.kind == "sweep" ? "inferbench dashboard -o sweeps.html " : "inferbench compare ";
    return get + before.id + " -o before.json && " + get + at.id + " -o after.json && " + show +
           "before.json after.json";
  }
  std::string only;
  for (const Suspicion* suspicion : together) {
    const std::string& series = history.series[suspicion->series].series.name;
    if (suspicion->basis == ScreenBasis::exact) continue;  // come with any series
    only += (only.empty() ? "" : ",") + series;
  }
  return "inferbench compare --baseline " + program_of(before, programs) + " --candidate " +
         program_of(at, programs) + " --suite " + quoted(at.suite) +
         (only.empty() ? "" : " --only " + quoted(only));
}

}  // namespace inferbench
