#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "bench/cli/list_catalogs.hpp"
#include "bench/cli/list_kernels.hpp"
#include "bench/cli/list_policies.hpp"
#include "bench/cli/verbs.hpp"
#include "harness/base/output_file.hpp"
#include "harness/catalog/catalog.hpp"
#include "harness/catalog/catalog_json.hpp"

namespace inferbench {
namespace {

struct ListOptions {
  std::string kind;
  bool json = false;
  bool sources = false;
};

// What can be listed; a kind is one row.
struct ListKind {
  const char* name;
  std::string (*table)(bool sources);
  nlohmann::ordered_json (*json)();
};

nlohmann::ordered_json models_json() {
  return catalog_json(models());
}

nlohmann::ordered_json gpus_json() {
  return catalog_json(gpus());
}

const std::vector<ListKind>& list_kinds() {
  static const std::vector<ListKind> kinds = {
      {"models", [](bool s) { return s ? model_sources(models()) : model_table(models()); },
       models_json},
      {"gpus", [](bool s) { return s ? gpu_sources(gpus()) : gpu_table(gpus()); }, gpus_json},
      {"workloads", [](bool) { return workload_table(); }, workloads_json},
      {"slos", slo_table, slos_json},
      {"schedulers", [](bool) { return scheduler_table(); }, schedulers_json},
      {"kernels", [](bool) { return kernel_text(); }, kernels_json},
  };
  return kinds;
}

const ListKind& find_kind(const std::string& wanted) {
  std::vector<std::string> names;
  for (const ListKind& kind : list_kinds()) {
    if (wanted == kind.name) return kind;
    names.emplace_back(kind.name);
  }
  throw unknown_name("inferbench list", "kind", wanted, names, "inferbench list --help");
}

std::string kind_names() {
  std::string names;
  for (const ListKind& kind : list_kinds()) {
    names += (names.empty() ? "" : ", ") + std::string(kind.name);
  }
  return names;
}

void list(const ListOptions& options) {
  const ListKind& kind = find_kind(options.kind);
  std::cout << (options.json ? kind.json().dump(1) + "\n" : kind.table(options.sources));
}

}  // namespace

void add_list_verb(CLI::App& program, VerbContext&) {
  CLI::App* verb = program.add_subcommand("list", "what the program knows by name");
  const auto options = std::make_shared<ListOptions>();
  verb->add_option("kind", options->kind, kind_names())->required();
  verb->add_flag("--json", options->json, "JSON on stdout; can be edited and read back");
  verb->add_flag("--sources", options->sources,
                 "every number's source, and where documents disagree with it");
  verb->callback([options] { list(*options); });
}

}  // namespace inferbench
