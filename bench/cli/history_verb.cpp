#include "bench/cli/history_verb.hpp"

#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>
#include <memory>

#include "bench/cli/verbs.hpp"
#include "harness/base/error.hpp"
#include "harness/base/output_file.hpp"
#include "results/store/run_document.hpp"

namespace inferbench {
namespace {

struct AddArguments {
  std::string store;
  std::vector<std::string> files;
  RunLabels labels;
};

// All files are read before any is added, so that a mistake in the last one adds none.
void add_files(const AddArguments& given) {
  std::vector<std::pair<RunEntry, std::string>> entries;
  for (const std::string& path : given.files) {
    std::string text = read_file(path);
    const std::string file = std::filesystem::path(path).filename().string();
    entries.emplace_back(read_run_document(text, file, given.labels), std::move(text));
  }
  HistoryStore::create(given.store);
  HistoryStore store(given.store);
  for (const std::string& repair : store.repairs()) std::cerr << "note: " << repair << "\n";
  for (const auto& [entry, text] : entries) {
    const HistoryStore::Added added = store.add(entry, text);
    std::cout << (added.is_new ? "added " : "was there already: ") << added.id << "  "
              << entry.run.suite << ", " << entry.points.size() << " numbers"
              << (entry.run.invalid.empty() ? "" : ", invalid: " + entry.run.invalid) << std::endl;
  }
}

void add_history_add(CLI::App& history) {
  const auto given = std::make_shared<AddArguments>();
  CLI::App* verb = history.add_subcommand(
      "add", "keep results; makes the store when there is none. A line per run says it is on disk");
  verb->add_option("STORE", given->store, "a folder")->required();
  verb->add_option("FILES", given->files,
                   "what compare, bench, replay, sweep and find-max write with --json, or Google "
                   "Benchmark's JSON")
      ->required();
  verb->add_option("--suite", given->labels.suite, "name under which its series are followed");
  verb->add_option("--commit", given->labels.commit, "of the program that was measured");
  verb->add_option("--time", given->labels.time_utc, "when it was measured: 2026-11-21T02:00:00Z");
  verb->add_option("--hardware", given->labels.hardware,
                   "absolute times are compared within one hardware only");
  verb->callback([given] { add_files(*given); });
}

void write_to(const std::string& path, const std::string& text) {
  OutputFile file(path);
  file.write(text);
  file.commit();
}

// JSON and CSV where they are asked for. Returns whether the console is free for a table.
bool write_history(const HistoryQuery& query, const History& history) {
  if (!query.json.empty()) {
    write_to(query.json,
             history_json_text(history, screen_history(history), {.store = query.store}));
  }
  if (!query.csv.empty()) write_to(query.csv, history_csv(history));
  return query.json.empty() && query.csv.empty();
}

void list_store(const HistoryQuery& query, bool series) {
  query.check();
  OpenedHistory opened(query.store);
  const History history = opened.cache.load(query.filter);
  if (!write_history(query, history)) return;
  std::cout << (series ? series_text(history) : runs_text(history, opened.store));
}

void add_history_list(CLI::App& history) {
  const auto query = std::make_shared<HistoryQuery>();
  const auto series = std::make_shared<bool>(false);
  CLI::App* verb =
      history.add_subcommand("list", "runs and notes, or series with their last number");
  add_history_filter(*verb, *query);
  verb->add_flag("--by-series", *series, "series instead of runs");
  verb->callback([query, series] { list_store(*query, *series); });
}

void show_series(const HistoryQuery& query) {
  query.check();
  OpenedHistory opened(query.store);
  const History history = opened.cache.load(query.filter);
  if (history.series.empty()) {
    throw Error(query.store, "has no series that is like \"" + query.filter.series + "\"",
                "* stands for anything",
                "`inferbench history list " + query.store + " --by-series` shows all");
  }
  if (!write_history(query, history)) return;
  ScreenRule rule;
  rule.recent = 0;
  const HistoryScreen screen = screen_history(history, rule);
  for (std::size_t i = 0; i < history.series.size(); ++i) {
    std::cout << (i > 0 ? "\n" : "") << points_text(history.series[i], screen, i, history);
  }
}

void add_history_show(CLI::App& history) {
  const auto query = std::make_shared<HistoryQuery>();
  CLI::App* verb = history.add_subcommand("show", "every number of some series, and their steps");
  add_history_filter(*verb, *query);
  verb->callback([query] { show_series(*query); });
}

struct ExportArguments {
  HistoryQuery query;
  std::string run, output;
};

void export_store(const ExportArguments& given) {
  given.query.check();
  OpenedHistory opened(given.query.store);
  const History history = opened.cache.load(given.query.filter);
  const bool any = !given.query.json.empty() || !given.query.csv.empty();
  if (given.run.empty() && !any) {
    throw Error("history export", "nothing to write",
                "--json FILE or --csv FILE for numbers, --run ID -o FILE for a document",
                "e.g. inferbench history export " + given.query.store + " --csv -");
  }
  if (any) write_history(given.query, history);
  if (given.run.empty()) return;
  const HistoryRun& run = find_run(history, given.run, "--run");
  write_to(given.output, opened.store.document(run.id));
}

void add_history_export(CLI::App& history) {
  const auto given = std::make_shared<ExportArguments>();
  CLI::App* verb = history.add_subcommand(
      "export", "all numbers as JSON or CSV, or a run's document as it was added");
  add_history_filter(*verb, given->query);
  verb->add_option("--run", given->run, "a run's id, the beginning of one, or latest");
  given->output = "-";
  verb->add_option("-o,--output", given->output, "where its document goes")->capture_default_str();
  verb->callback([given] { export_store(*given); });
}

}  // namespace

OpenedHistory::OpenedHistory(const std::string& folder) : store(folder), cache(store) {
  for (const std::string& repair : store.repairs()) std::cerr << "note: " << repair << "\n";
  for (const std::string& note : cache.notes()) std::cerr << "note: " << note << "\n";
}

const HistoryRun& find_run(const History& history, const std::string& id,
                           const std::string& place) {
  if (id == "latest" && !history.runs.empty()) return history.runs.back();
  const HistoryRun* found = nullptr;
  for (const HistoryRun& run : history.runs) {
    if (!run.id.starts_with(id)) continue;
    if (found != nullptr) {
      throw Error(place, "\"" + id + "\" begins several runs, " + found->id + " and " + run.id,
                  "one run", "give more of it");
    }
    found = &run;
  }
  if (found != nullptr) return *found;
  throw Error(place, "no run \"" + id + "\"", "an id, the beginning of one, or latest",
              "inferbench history list STORE");
}

void HistoryQuery::check() const {
  if (!filter.since.empty()) parse_utc(filter.since, "--since");
}

void add_history_filter(CLI::App& verb, HistoryQuery& query) {
  verb.add_option("STORE", query.store, "a folder of `inferbench history add`")->required();
  verb.add_option("--series", query.filter.series,
                  "only series like this: smoke/kernel/*; * stands for anything");
  verb.add_option("--since", query.filter.since, "only runs from this day on: 2026-11-21");
  verb.add_option("--json", query.json, "write numbers, steps and notes; - is standard output");
  verb.add_option("--csv", query.csv, "write a line per number; - is standard output");
}

void add_history_verb(CLI::App& program, VerbContext& context) {
  CLI::App* history = program.add_subcommand(
      "history", "results of many nights in a folder: what changed, and since when");
  history->require_subcommand(1);
  add_history_add(*history);
  add_history_list(*history);
  add_history_show(*history);
  add_history_screen(*history, context);
  add_history_notes(*history);
  add_history_export(*history);
  add_history_upkeep(*history, context);
}

}  // namespace inferbench
