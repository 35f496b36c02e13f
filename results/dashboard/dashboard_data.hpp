#pragma once

#include <string>
#include <vector>

#include "results/json_block.hpp"

namespace inferbench {

// What the dashboard's page reads: schema/dashboard_data.schema.json, docs/dashboard.md.
inline constexpr std::string_view kDashboardSchema = "inferbench.dashboard-data";
inline constexpr std::string_view kDashboardVersion = "1.0.0";

// One file as the page shows it.
struct DashboardRun {
  std::string file;    // its name, without folders
  std::string kind;    // replay, sweep, kernels, claims, selftest, machine, timeline, ...
  std::string method;  // "modelled", "measured-host", ...; empty where the file does not say
  JsonBlock document;  // the file's own JSON without what `tables` hold
  JsonBlock tables;    // its long arrays, and those of the records beside it, column by column
  std::vector<std::string> notes;  // what was left out or summarised
};

// A file that is not shown, and why.
struct LeftOut {
  std::string file, reason;
};

struct DashboardFiles {
  std::vector<DashboardRun> runs;  // in the order given; those of a folder by name
  std::vector<LeftOut> left_out;   // of folders: files named by themselves must be usable
};

// Reads a result, a timeline or an answer of inferbench; the records of a replay are looked for
// beside it. Throws Error when the file is none of these, of a newer schema, or damaged.
DashboardRun read_dashboard_run(const std::string& path);

// Files as they are named, and of folders every *.json in them. Throws Error when a file that was
// named cannot be used, and when nothing is left to show.
DashboardFiles read_dashboard_files(const std::vector<std::string>& paths);

// The data as one line of JSON in UTF-8.
std::string dashboard_json(const DashboardFiles& files);

// The page with the data in it: one file that needs nothing else. The data cannot end the element
// that it stands in, whatever names it holds.
std::string dashboard_page(const std::string& data);

}  // namespace inferbench
