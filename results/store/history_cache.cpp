#include "results/store/history_cache.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <set>

#include "harness/base/error.hpp"

namespace inferbench {
namespace {

namespace fs = std::filesystem;

// What takes a database from each user_version to the next. Add at the end, never change.
constexpr std::array<const char*, 2> kMigrations = {
    R"(
CREATE TABLE run (
  run_id INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, time_utc TEXT NOT NULL, suite TEXT NOT NULL,
  kind TEXT NOT NULL, method TEXT NOT NULL, commit_id TEXT NOT NULL, anchor TEXT NOT NULL,
  hardware TEXT NOT NULL, file TEXT NOT NULL, invalid TEXT NOT NULL) STRICT;
CREATE TABLE series (
  series_id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, suite TEXT NOT NULL, name TEXT NOT NULL,
  unit TEXT NOT NULL, better TEXT NOT NULL, configuration TEXT NOT NULL, exact INTEGER NOT NULL)
  STRICT;
CREATE TABLE point (
  series_id INTEGER NOT NULL REFERENCES series, run_id INTEGER NOT NULL REFERENCES run,
  value REAL NOT NULL, low REAL, high REAL, ratio REAL, ratio_low REAL, ratio_high REAL,
  verdict TEXT NOT NULL, PRIMARY KEY (series_id, run_id)) STRICT, WITHOUT ROWID;
CREATE INDEX run_by_time ON run (time_utc, id);
)",
    R"(
CREATE TABLE note (
  id TEXT PRIMARY KEY, time_utc TEXT NOT NULL, kind TEXT NOT NULL, run TEXT NOT NULL,
  series TEXT NOT NULL, text TEXT NOT NULL, link TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX point_by_run ON point (run_id);
)"};

std::int64_t user_version(Database& database) {
  const auto version = database.prepare("PRAGMA user_version");
  version->step();
  return version->integer(0);
}

void migrate(Database& database) {
  for (auto at = static_cast<std::size_t>(user_version(database)); at < kMigrations.size(); ++at) {
    database.execute("BEGIN IMMEDIATE");
    database.execute(kMigrations[at]);
    database.execute("PRAGMA user_version = " + std::to_string(at + 1));
    database.execute("COMMIT");
  }
}

void require_intact(Database& database) {
  const auto check = database.prepare("PRAGMA quick_check(1)");
  if (!check->step() || check->text(0) != "ok") throw SqliteError("quick_check failed");
}

// Writes entries; statements are prepared once.
class CacheWriter {
 public:
  explicit CacheWriter(Database& database)
      : database_(database),
        run_(database.prepare("INSERT INTO run (id, time_utc, suite, kind, method, commit_id, "
                              "anchor, hardware, file, invalid) VALUES (?,?,?,?,?,?,?,?,?,?)")),
        point_(database.prepare("INSERT INTO point VALUES (?,?,?,?,?,?,?,?,?)")),
        series_(database.prepare("INSERT INTO series (key, suite, name, unit, better, "
                                 "configuration, exact) VALUES (?,?,?,?,?,?,?)")),
        note_(database.prepare("INSERT INTO note VALUES (?,?,?,?,?,?,?)")) {
    const auto known = database.prepare(
        "SELECT suite, name, unit, better, configuration, exact, "
        "series_id FROM series");
    while (known->step()) {
      ids_[{known->text(0), known->text(1), known->text(2), known->text(3), known->text(4),
            known->integer(5) != 0}] = known->integer(6);
    }
  }

  void add(const HistoryEntry& entry) {
    if (const auto* run = std::get_if<RunEntry>(&entry)) {
      add_run(*run);
    } else {
      add_note(std::get<HistoryNote>(entry));
    }
  }

 private:
  struct SeriesIdentity {
    std::string suite, name, unit, better, configuration;
    bool exact = false;
    auto operator<=>(const SeriesIdentity&) const = default;
  };

  void add_run(const RunEntry& entry) {
    const HistoryRun& run = entry.run;
    int at = 0;
    for (const std::string* text :
         {&run.id, &run.time_utc, &run.suite, &run.kind, &run.method, &run.commit, &run.anchor,
          &run.hardware, &run.file, &run.invalid}) {
      run_->bind(++at, *text);
    }
    run_->run();
    const std::int64_t run_id = database_.last_row();
    for (const EntryPoint& point : entry.points) add_point(run_id, point);
  }

  void add_point(std::int64_t run_id, const EntryPoint& entry) {
    const HistoryPoint& point = entry.point;
    point_->bind(1, series_id(entry.series)).bind(2, run_id);
    int at = 2;
    for (const std::optional<double>& value : {std::optional(point.value), point.low, point.high,
                                               point.ratio, point.ratio_low, point.ratio_high}) {
      point_->bind(++at, value);
    }
    point_->bind(++at, point.verdict);
    point_->run();
  }

  std::int64_t series_id(const HistorySeries& series) {
    const std::string better = series.better == Better::higher ? "higher" : "lower";
    const auto [found, is_new] = ids_.try_emplace(
        {series.suite, series.name, series.unit, better, series.configuration, series.exact});
    if (!is_new) return found->second;
    const std::string key = series_key(series);
    int at = 0;
    for (const std::string* text :
         {&key, &series.suite, &series.name, &series.unit, &better, &series.configuration}) {
      series_->bind(++at, *text);
    }
    series_->bind(++at, std::int64_t{series.exact ? 1 : 0});
    series_->run();
    return found->second = database_.last_row();
  }

  void add_note(const HistoryNote& note) {
    const std::string kind(name(note.kind));
    int at = 0;
    for (const std::string* text :
         {&note.id, &note.time_utc, &kind, &note.run, &note.series, &note.text, &note.link}) {
      note_->bind(++at, *text);
    }
    note_->run();
  }

  Database& database_;
  std::unique_ptr<Statement> run_, point_, series_, note_;
  std::map<SeriesIdentity, std::int64_t> ids_;
};

std::set<std::string> ids_in(Database& database) {
  std::set<std::string> ids;
  const auto rows = database.prepare("SELECT id FROM run UNION ALL SELECT id FROM note");
  while (rows->step()) ids.insert(rows->text(0));
  return ids;
}

void forget(Database& database, const std::vector<std::string>& ids) {
  const auto points =
      database.prepare("DELETE FROM point WHERE run_id = (SELECT run_id FROM run WHERE id = ?)");
  const auto run = database.prepare("DELETE FROM run WHERE id = ?");
  const auto note = database.prepare("DELETE FROM note WHERE id = ?");
  for (const std::string& id : ids) {
    for (Statement* statement : {points.get(), run.get(), note.get()}) {
      statement->bind(1, id).run();
    }
  }
}

std::map<std::int64_t, std::size_t> load_runs(Database& database, const std::string& since,
                                              History& history) {
  std::map<std::int64_t, std::size_t> index;
  const auto rows = database.prepare(
      "SELECT run_id, id, time_utc, suite, kind, method, commit_id, anchor, hardware, file, "
      "invalid FROM run WHERE time_utc >= ? ORDER BY time_utc, id");
  rows->bind(1, since);
  while (rows->step()) {
    index[rows->integer(0)] = history.runs.size();
    history.runs.push_back({.id = rows->text(1),
                            .time_utc = rows->text(2),
                            .suite = rows->text(3),
                            .kind = rows->text(4),
                            .method = rows->text(5),
                            .commit = rows->text(6),
                            .anchor = rows->text(7),
                            .hardware = rows->text(8),
                            .file = rows->text(9),
                            .invalid = rows->text(10)});
  }
  return index;
}

std::vector<HistoryPoint> load_points(Statement& rows, std::int64_t series,
                                      const std::map<std::int64_t, std::size_t>& runs) {
  std::vector<HistoryPoint> points;
  rows.bind(1, series);
  while (rows.step()) {
    const auto run = runs.find(rows.integer(0));
    if (run == runs.end()) continue;
    points.push_back({.run = run->second,
                      .value = rows.number(1).value_or(0),
                      .low = rows.number(2),
                      .high = rows.number(3),
                      .ratio = rows.number(4),
                      .ratio_low = rows.number(5),
                      .ratio_high = rows.number(6),
                      .verdict = rows.text(7)});
  }
  rows.reset();
  std::sort(points.begin(), points.end(),
            [](const HistoryPoint& a, const HistoryPoint& b) { return a.run < b.run; });
  return points;
}

void load_notes(Database& database, History& history) {
  const auto rows = database.prepare(
      "SELECT id, time_utc, kind, run, series, text, link FROM note ORDER BY time_utc, id");
  while (rows->step()) {
    history.notes.push_back({.id = rows->text(0),
                             .kind = parse_note_kind(rows->text(2)).value_or(NoteKind::remark),
                             .time_utc = rows->text(1),
                             .run = rows->text(3),
                             .series = rows->text(4),
                             .text = rows->text(5),
                             .link = rows->text(6)});
  }
}

void remove_database(const std::string& path) {
  for (const char* suffix : {"", "-wal", "-shm", "-journal"}) fs::remove(path + suffix);
}

}  // namespace

HistoryCache::HistoryCache(const HistoryStore& store) {
  const std::string path = store.path_of("cache.sqlite");
  std::string reason = store.writable() ? open_file(store) : "its folder may not be written";
  if (reason.empty()) return;
  notes_.push_back("answers without " + path + ": " + reason);
  try {
    database_ = std::make_unique<Database>(":memory:");
    migrate(*database_);
    fill(store);
  } catch (const SqliteError& error) {
    throw Failure(std::string("SQLite: ") + error.what());
  }
}

// Empty when the file is of use; else why it is not.
std::string HistoryCache::open_file(const HistoryStore& store) {
  const std::string path = store.path_of("cache.sqlite");
  std::string reason;
  for (int attempt = 0; attempt < 2; ++attempt) {
    try {
      database_ = std::make_unique<Database>(path);
      database_->execute(
          "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
          "PRAGMA foreign_keys = ON;");
      if (user_version(*database_) > static_cast<std::int64_t>(kMigrations.size())) {
        return "a newer inferbench made it";
      }
      require_intact(*database_);
      migrate(*database_);
      fill(store);
      return "";
    } catch (const SqliteError& error) {
      reason = error.what();
      database_.reset();
    }
    if (attempt > 0) break;
    std::string note = path;
    note.append(" could not be used (").append(reason).append(") and was made anew");
    notes_.push_back(std::move(note));
    try {
      remove_database(path);
    } catch (const fs::filesystem_error& error) {
      return error.code().message();
    }
  }
  return reason;
}

void HistoryCache::fill(const HistoryStore& store) {
  const std::set<std::string> known = ids_in(*database_);
  std::vector<std::string> gone;
  for (const std::string& id : known) {
    if (!store.holds(id)) gone.push_back(id);
  }
  if (gone.empty() && known.size() == store.lines().size()) return;
  database_->execute("BEGIN IMMEDIATE");
  forget(*database_, gone);
  CacheWriter writer(*database_);
  for (const auto& [id, line] : store.lines()) {
    if (known.count(id) == 0) writer.add(parse_entry(line, store.path_of("index.jsonl")));
  }
  database_->execute("COMMIT");
}

History HistoryCache::load(const HistoryFilter& filter) {
  History history;
  const auto runs = load_runs(*database_, filter.since, history);
  const auto rows = database_->prepare(
      "SELECT series_id, key, suite, name, unit, better, configuration, exact FROM series "
      "ORDER BY suite, name, key");
  const auto points = database_->prepare(
      "SELECT run_id, value, low, high, ratio, ratio_low, ratio_high, verdict FROM point "
      "WHERE series_id = ?");
  while (rows->step()) {
    SeriesHistory one{
        .series = {.suite = rows->text(2),
                   .name = rows->text(3),
                   .unit = rows->text(4),
                   .better = rows->text(5) == "higher" ? Better::higher : Better::lower,
                   .configuration = rows->text(6),
                   .exact = rows->integer(7) != 0},
        .key = rows->text(1),
        .points = {}};
    if (!filter.series.empty() && !matches(filter.series, full_name(one.series))) continue;
    one.points = load_points(*points, rows->integer(0), runs);
    if (!one.points.empty()) history.series.push_back(std::move(one));
  }
  load_notes(*database_, history);
  return history;
}

}  // namespace inferbench
