#include <CLI/CLI.hpp>
#include <charconv>
#include <chrono>
#include <iostream>
#include <memory>

#include "bench/cli/history_verb.hpp"
#include "bench/cli/verbs.hpp"
#include "harness/base/error.hpp"
#include "harness/base/output_file.hpp"
#include "results/provenance.hpp"
#include "results/store/run_document.hpp"

namespace inferbench {
namespace {

struct ScreenArguments {
  HistoryQuery query;
  ScreenRule rule;
  ScreenView view;
  bool strict = false;
};

void screen_store(const ScreenArguments& given, VerbContext& context) {
  given.query.check();
  OpenedHistory opened(given.query.store);
  const History history = opened.cache.load(given.query.filter);
  const HistoryScreen screen = screen_history(history, given.rule);
  ScreenView view = given.view;
  view.store = given.query.store;
  if (!given.query.csv.empty()) {
    throw Error("--csv", "suspicions are no table of numbers", "--json FILE",
                "`inferbench history export` writes numbers as CSV");
  }
  if (given.query.json.empty()) {
    std::cout << screen_text(history, screen, view);
  } else {
    OutputFile file(given.query.json);
    file.write(history_json_text(history, screen, view));
    file.commit();
  }
  const bool open = std::any_of(screen.suspicions.begin(), screen.suspicions.end(),
                                [](const Suspicion& one) { return one.open() && one.worse; });
  if (given.strict && open) context.exit_code = ExitCode::inconclusive;
}

struct NoteArguments {
  std::string store, run, time, series, text, link, kind = "acknowledged";
  bool environment = false;
};

// A note with the run and time that were given.
HistoryNote placed_note(const NoteArguments& given, const History& history) {
  HistoryNote note{.series = given.series, .text = given.text, .link = given.link};
  if (!given.run.empty()) {
    const HistoryRun& run = find_run(history, given.run, "--run");
    note.run = run.id, note.time_utc = run.time_utc;
  }
  if (!given.time.empty()) note.time_utc = parse_utc(given.time, "--time");
  if (!note.time_utc.empty()) return note;
  throw Error("history", "the note is on no run and of no time", "--run ID or --time TIME",
              "`inferbench history list " + given.store + "` shows runs");
}

void keep_note(const NoteArguments& given, NoteKind kind) {
  OpenedHistory opened(given.store);
  HistoryNote note = placed_note(given, opened.cache.load());
  note.kind = kind;
  const HistoryStore::Added added = opened.store.add(note);
  std::cout << (added.is_new ? "noted " : "was there already: ") << added.id << std::endl;
}

void acknowledge(const NoteArguments& given) {
  const auto kind = parse_note_kind(given.kind);
  const bool speaks =
      kind == NoteKind::acknowledged || kind == NoteKind::expected || kind == NoteKind::noise;
  if (!speaks) {
    throw Error("--as", "\"" + given.kind + "\"", "acknowledged, expected or noise");
  }
  keep_note(given, *kind);
}

void add_note_options(CLI::App& verb, NoteArguments& given) {
  verb.add_option("STORE", given.store, "a folder of `inferbench history add`")->required();
  verb.add_option("--series", given.series, "only series like this; * stands for anything");
  verb.add_option("--text", given.text, "what to say")->required();
  verb.add_option("--link", given.link, "where more is said");
}

struct PruneArguments {
  std::string store, older_than;
  std::optional<std::size_t> keep;
  bool runs = false, yes = false;
};

// "90d" before now, or a date.
std::string before_of(const std::string& text) {
  using namespace std::chrono;
  if (!text.ends_with('d')) return parse_utc(text, "--older-than");
  unsigned long count = 0;
  const char* end = text.data() + text.size() - 1;
  const auto [stop, error] = std::from_chars(text.data(), end, count);
  constexpr unsigned long kMostDays = 100'000;
  if (error != std::errc() || stop != end || count > kMostDays) {
    throw Error("--older-than", "\"" + text + "\"", "days or a date: 90d, 2026-01-01");
  }
  const auto now = duration_cast<milliseconds>(system_clock::now().time_since_epoch());
  return utc_text((now - hours(24 * count)).count());
}

void prune_store(const PruneArguments& given) {
  PruneRule rule{.before_utc = "", .newest = given.keep, .whole_runs = given.runs};
  if (!given.older_than.empty()) rule.before_utc = before_of(given.older_than);
  if (rule.before_utc.empty() && !rule.newest) {
    throw Error("history prune", "has no limit", "--older-than 90d, --keep 100, or both");
  }
  OpenedHistory opened(given.store);
  const PrunePlan plan = plan_prune(opened.store, opened.cache.load(), rule);
  if (given.yes) prune(opened.store, plan);
  std::cout << prune_text(plan, given.yes);
}

void rebuild_store(const std::string& folder, VerbContext& context) {
  HistoryStore store(folder);
  const std::vector<std::string> damaged = store.rebuild();
  for (const std::string& one : damaged) std::cout << "damaged: " << one << "\n";
  const HistoryCache cache(store);
  for (const std::string& note : cache.notes()) std::cerr << "note: " << note << "\n";
  std::cout << store.lines().size() << " entries\n";
  if (!damaged.empty()) context.exit_code = ExitCode::failed;
}

}  // namespace

void add_history_screen(CLI::App& history, VerbContext& context) {
  const auto given = std::make_shared<ScreenArguments>();
  CLI::App* verb = history.add_subcommand(
      "screen",
      "steps in the levels of series, each with the command that confirms it.\n"
      "Exit codes: 0, or 4 with --strict when one for the worse has no note");
  add_history_filter(*verb, given->query);
  verb->add_option("--recent", given->rule.recent,
                   "steps among so many last runs of a series; 0: all")
      ->capture_default_str();
  verb->add_option("--level", given->rule.steps.level, "of the test between two levels")
      ->check(CLI::Range(1e-12, 0.1))
      ->capture_default_str();
  verb->add_option("--least-change", given->rule.least_change, "leave out smaller steps")
      ->check(CLI::Range(0.0, 10.0))
      ->capture_default_str();
  verb->add_option("--programs", given->view.programs,
                   "where programs are, for commands; {commit} is replaced")
      ->capture_default_str();
  verb->add_flag("--all", given->view.all, "show those that a note speaks of, too");
  verb->add_flag("--strict", given->strict, "exit with 4 when one for the worse has no note");
  verb->callback([given, &context] { screen_store(*given, context); });
}

void add_history_notes(CLI::App& history) {
  const auto ack = std::make_shared<NoteArguments>();
  CLI::App* verb = history.add_subcommand("ack", "say of a step that it is known; kept as data");
  add_note_options(*verb, *ack);
  verb->add_option("--run", ack->run, "the run since which: an id, or the beginning of one")
      ->required();
  verb->add_option("--as", ack->kind, "acknowledged, expected or noise")->capture_default_str();
  verb->callback([ack] { acknowledge(*ack); });

  const auto note = std::make_shared<NoteArguments>();
  verb = history.add_subcommand("note", "say something of a time; kept as data");
  add_note_options(*verb, *note);
  verb->add_option("--run", note->run, "on this run: an id, or the beginning of one");
  verb->add_option("--time", note->time, "from this time on: 2026-11-21T02:00:00Z");
  verb->add_flag("--environment", note->environment,
                 "the machine or its software changed: levels before and after are not compared");
  verb->callback(
      [note] { keep_note(*note, note->environment ? NoteKind::environment : NoteKind::remark); });
}

void add_history_upkeep(CLI::App& history, VerbContext& context) {
  const auto given = std::make_shared<PruneArguments>();
  CLI::App* verb = history.add_subcommand(
      "prune", "take documents out of old runs, or old runs; shows which before --yes");
  verb->add_option("STORE", given->store, "a folder of `inferbench history add`")->required();
  verb->add_option("--older-than", given->older_than, "90d, or a date");
  verb->add_option("--keep", given->keep, "of each suite all but so many newest");
  verb->add_flag("--runs", given->runs, "whole runs, with their numbers");
  verb->add_flag("--yes", given->yes, "do it");
  verb->callback([given] { prune_store(*given); });

  const auto folder = std::make_shared<std::string>();
  verb = history.add_subcommand(
      "rebuild",
      "write the index anew from the files and check each; exit code 1: some are damaged");
  verb->add_option("STORE", *folder, "a folder of `inferbench history add`")->required();
  verb->callback([folder, &context] { rebuild_store(*folder, context); });
}

}  // namespace inferbench
