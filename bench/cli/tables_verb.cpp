// `inferbench tables`: tables of measured kernels, docs/tables.md.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <iostream>
#include <memory>

#include "bench/cli/verbs.hpp"
#include "harness/base/text_table.hpp"
#include "harness/catalog/catalog.hpp"
#include "harness/kernel_tables/import.hpp"
#include "harness/kernel_times/learn.hpp"

namespace inferbench {
namespace {

struct TablesArguments {
  std::vector<std::string> paths;
  std::string out, gpu, format = "auto";
  std::uint64_t seed = 1;
};

std::string counted(std::size_t count) {
  return with_commas(static_cast<long long>(count));
}

// What was left out or seen twice, of all series.
void print_findings(const KernelTable& table) {
  std::uint64_t impossible = 0, host_bound = 0, repeated = 0, contradicting = 0;
  for (const SeriesRecord& s : table.series()) {
    impossible += s.impossible, host_bound += s.host_bound;
    repeated += s.repeated, contradicting += s.contradicting;
  }
  const auto say = [](std::uint64_t count, const char* what) {
    if (count > 0) std::cout << "  " << counted(count) << " " << what << "\n";
  };
  say(impossible, "rows are faster than the data sheet allows: left out");
  say(host_bound, "rows are launches rather than kernels (GEMMs that wait for the host): left out");
  say(repeated, "points were measured more than once: their median and spread are kept");
  say(contradicting, "of these differ by more than 10 %");
}

void write_learnt(KernelTableBuilder& builder, const TablesArguments& given) {
  const KernelTable table = learn(builder.build(given.out), given.seed);
  write_kernel_table(table, given.out);
  std::cout << given.out << ": " << counted(table.rows().size()) << " points in "
            << counted(table.series().size()) << " series, "
            << human_bytes(static_cast<double>(table.image().size())) << "\n";
  print_findings(table);
}

void import_files(const TablesArguments& given) {
  ImportOptions options;
  options.format = given.format;
  if (!given.gpu.empty()) options.gpu = find_gpu(given.gpu);
  KernelTableBuilder builder;
  for (const std::string& path : given.paths) {
    for (const ImportedFile& file : import_tables(path, options, builder)) {
      if (!file.skipped.empty()) {
        std::cout << "skip:  " << file.path << ": " << file.skipped << "\n";
      } else {
        std::cout << file.path << ": " << counted(file.rows) << " rows (" << file.format << ")\n";
      }
    }
  }
  write_learnt(builder, given);
}

void merge_tables(const TablesArguments& given) {
  KernelTableBuilder builder;
  for (const std::string& path : given.paths) {
    for (const KernelTable& table : open_kernel_tables(path)) builder.add(table);
  }
  write_learnt(builder, given);
}

std::string percent_text(double log_ratio) {
  constexpr double kPercent = 100;
  const double change = (std::exp(log_ratio) - 1) * kPercent;
  return (change > 0 ? "+" : "") + significant(change, 2) + " %";
}

// What a borrowed answer near to others and far above the floor may be off by.
std::string band_text(const SeriesRecord& series, BandKind kind) {
  const BandRecord& band = series.bands[static_cast<std::size_t>(kind)][1][0];
  if (band.samples == 0) return "-";
  return percent_text(band.low) + " .. " + percent_text(band.high);
}

void describe_tables(const TablesArguments& given) {
  for (const std::string& path : given.paths) {
    for (const KernelTable& table : open_kernel_tables(path)) {
      std::cout << table.place() << ": " << counted(table.rows().size()) << " points\n";
      TextTable text({"op", "GPU", "framework", "version", "format", "sites", "points", "floor",
                      "interpolated", "borrowed", "left out", "contradicting"});
      for (const SeriesRecord& s : table.series()) {
        std::size_t points = 0;
        for (const SiteRecord& site : table.sites(s)) points += site.rows;
        constexpr double kSeconds = 1e-9;
        text.add({std::string(info(static_cast<KernelOp>(s.op)).name),
                  std::string(table.machine_name(s)), std::string(table.text(s.framework)),
                  std::string(table.text(s.version)), std::string(table.text(s.format)),
                  counted(s.sites), counted(points), human_seconds(s.floor_ns * kSeconds),
                  band_text(s, BandKind::interpolated), band_text(s, BandKind::borrowed),
                  counted(s.impossible + s.host_bound), counted(s.contradicting)});
      }
      std::cout << text.str();
    }
  }
}

void check_tables(const TablesArguments& given) {
  for (const std::string& path : given.paths) {
    for (const KernelTable& table : open_kernel_tables(path)) {
      KernelTableBuilder again;  // the checks of an import, over what is there
      again.add(table);
      const std::size_t rows = again.build(table.place()).rows().size();
      ensure(rows == table.rows().size(), "a table holds what an import would keep");
      std::cout << table.place() << ": sound, " << counted(rows) << " points\n";
      print_findings(table);
    }
  }
}

using TablesAction = void (*)(const TablesArguments&);

CLI::App* add_action(CLI::App& verb, const char* name, const char* what, TablesAction action,
                     const std::shared_ptr<TablesArguments>& given) {
  CLI::App* const sub = verb.add_subcommand(name, what);
  sub->callback([given, action] { action(*given); });
  return sub;
}

std::string known_formats() {
  std::string text = "Formats:";
  for (const ImportFormat& format : import_formats()) {
    text += "\n  " + std::string(format.name) + ": " + format.what;
  }
  return text;
}

void add_output(CLI::App& sub, TablesArguments& given) {
  sub.add_option("--out", given.out, "The table to write, NAME.kernels")->required();
  sub.add_option("--seed", given.seed, "Of the parts that bands are learnt on")
      ->capture_default_str();
}

}  // namespace

void add_tables_verb(CLI::App& program, VerbContext& /*context*/) {
  auto given = std::make_shared<TablesArguments>();
  CLI::App* const verb = program.add_subcommand(
      "tables", "Tables of measured kernels: import, describe, merge, check");
  verb->require_subcommand(1);
  CLI::App* const imported =
      add_action(*verb, "import", "Make a table of files that others wrote", import_files, given);
  imported->add_option("PATH", given->paths, "Files, or folders of them")->required();
  imported->add_option("--format", given->format, "What the files are; auto: by their content")
      ->capture_default_str();
  imported->add_option("--gpu", given->gpu,
                       "GPU of files that do not say; a file of another one is refused");
  imported->footer(known_formats());
  add_output(*imported, *given);
  CLI::App* const merged =
      add_action(*verb, "merge", "Make one table of several", merge_tables, given);
  merged->add_option("TABLE", given->paths, "Tables, or folders of them")->required();
  add_output(*merged, *given);
  add_action(*verb, "describe", "What tables hold, and how sure their answers are", describe_tables,
             given)
      ->add_option("TABLE", given->paths, "Tables, or folders of them")
      ->required();
  add_action(*verb, "check", "Whether tables are whole and possible", check_tables, given)
      ->add_option("TABLE", given->paths, "Tables, or folders of them")
      ->required();
}

}  // namespace inferbench
