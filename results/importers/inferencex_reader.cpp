#include <nlohmann/json.hpp>

#include "harness/base/error.hpp"
#include "results/importers/figures.hpp"
#include "results/importers/readers.hpp"

namespace inferbench {
namespace {

using Json = nlohmann::ordered_json;

bool is_row(const Json& row) {
  return row.is_object() && row.contains("hw") && row.contains("conc") &&
         row.contains("tput_per_gpu");
}

bool is_inferencex(const ForeignFile& file) {
  const Json& json = file.json;
  return is_row(json) || (json.is_array() && !json.empty() && is_row(json.front()));
}

// What tells rows apart. Booleans come as true, "true" or "True".
std::string row_key(const Json& row) {
  std::string name;
  for (const char* key : {"model", "hw", "framework", "precision", "spec_decoding", "disagg", "isl",
                          "osl", "conc", "is_multinode"}) {
    std::string text = member_text(row, key);
    if (text == "True" || text == "False") text[0] = text[0] == 'T' ? 't' : 'f';
    if (text.empty() || text == "none" || text == "false") continue;
    const bool plain = text == "true" || std::string(key) == "isl" || std::string(key) == "osl" ||
                       std::string(key) == "conc";
    name += (name.empty() ? "" : "/") + (plain ? key + (text == "true" ? "" : "=" + text) : text);
  }
  for (const char* key :
       {"tp", "pp", "dcp_size", "pcp_size", "ep", "dp_attention", "prefill_tp", "prefill_ep",
        "prefill_dp_attention", "prefill_num_workers", "num_prefill_gpu", "decode_tp", "decode_ep",
        "decode_dp_attention", "decode_num_workers", "num_decode_gpu"}) {
    const std::string text = member_text(row, key);
    if (text.empty() || text == "1" || text == "false" || text == "False") continue;
    name += "/" + std::string(key) + "=" + text;
  }
  return name;
}

struct RowFigure {
  std::string unit;
  Better better = Better::neither;
};

// Of a key; nullopt: it is no figure.
std::optional<RowFigure> figure_of(const std::string& key) {
  const bool spread = key.starts_with("std_");
  for (const char* metric : {"_ttft", "_tpot", "_itl", "_e2el"}) {
    if (key.ends_with(metric)) return RowFigure{"s", spread ? Better::neither : Better::lower};
  }
  // Their std_intvty is 1 / std(TPOT): no speed and no spread.
  if (key.ends_with("_intvty") && !spread) return RowFigure{"tokens/s/user", Better::higher};
  if (key.ends_with("tput_per_gpu")) return RowFigure{"tokens/s/GPU", Better::higher};
  if (key.starts_with("joules_per_")) return RowFigure{"J", Better::lower};
  return std::nullopt;
}

// Energies count where InferenceX says that its power readings do.
bool usable(const Json& row, const std::string& key) {
  return !key.starts_with("joules_per_") || member_text(row, "power_valid") == "true";
}

void add_row(StoredRun& run, const Json& row) {
  const std::string prefix = row_key(row) + " ";
  for (const auto& [key, value] : row.items()) {
    const auto figure = figure_of(key);
    if (!figure) continue;
    std::optional<double> number = number_in(value);
    if (number && (*number <= 0 || !usable(row, key))) number.reset();
    add_figure(run, prefix + key, figure->unit, figure->better, number,
               "InferenceX has no valid number above zero for it");
  }
}

StoredRun read_inferencex(const ForeignFile& file) {
  const Json rows = file.json.is_array() ? file.json : Json::array({file.json});
  StoredRun run;
  run.place = file.place;
  run.exact = true;
  for (const Json& row : rows) {
    if (!is_row(row)) {
      throw Error(file.place, "has an element that is no row", "hw, conc and tput_per_gpu in each",
                  "take out what has no numbers");
    }
    add_row(run, row);
    const bool modelled = member_text(row, "framework") == "inferbench-modelled";
    run.exact = run.exact && modelled;
    note_members(row, {"image", "recipe_fingerprint"}, row_key(row) + "/", run.environment);
  }
  return run;
}

}  // namespace

const FileReader kInferencexReader = {"InferenceX", is_inferencex, read_inferencex};

}  // namespace inferbench
