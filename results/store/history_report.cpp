#include "results/store/history_report.hpp"

#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <tuple>

#include "results/json_numbers.hpp"

namespace inferbench {
namespace {

using Json = nlohmann::ordered_json;

void put_told(Json& json, const char* key, const std::string& text) {
  if (!text.empty()) json[key] = text;
}

Json history_run_json(const HistoryRun& run) {
  Json json = {
      {"id", run.id}, {"time_utc", run.time_utc}, {"suite", run.suite}, {"kind", run.kind}};
  put_told(json, "method", run.method), put_told(json, "commit", run.commit);
  put_told(json, "anchor", run.anchor), put_told(json, "hardware", run.hardware);
  put_told(json, "file", run.file), put_told(json, "invalid", run.invalid);
  return json;
}

Json history_note_json(const HistoryNote& note) {
  Json json = {{"id", note.id}, {"kind", name(note.kind)}, {"time_utc", note.time_utc}};
  put_told(json, "run", note.run), put_told(json, "series", note.series);
  put_told(json, "text", note.text), put_told(json, "link", note.link);
  return json;
}

// A column is left out where no point has it.
void put_column(Json& columns, const char* key, const std::vector<HistoryPoint>& points,
                std::optional<double> HistoryPoint::*member) {
  Json values = Json::array();
  bool any = false;
  for (const HistoryPoint& point : points) {
    const std::optional<double>& value = point.*member;
    any |= value.has_value();
    values.push_back(value ? Json(*value) : Json());
  }
  if (any) columns[key] = std::move(values);
}

Json points_json(const std::vector<HistoryPoint>& points) {
  Json columns = {{"run", Json::array()}, {"value", Json::array()}};
  Json verdicts = Json::array();
  bool judged = false;
  for (const HistoryPoint& point : points) {
    columns["run"].push_back(point.run);
    columns["value"].push_back(point.value);
    verdicts.push_back(point.verdict);
    judged |= !point.verdict.empty();
  }
  put_column(columns, "low", points, &HistoryPoint::low);
  put_column(columns, "high", points, &HistoryPoint::high);
  put_column(columns, "ratio", points, &HistoryPoint::ratio);
  put_column(columns, "ratio_low", points, &HistoryPoint::ratio_low);
  put_column(columns, "ratio_high", points, &HistoryPoint::ratio_high);
  if (judged) columns["verdict"] = std::move(verdicts);
  return columns;
}

Json series_history_json(const SeriesHistory& one, const std::vector<HistoryLevel>& levels) {
  Json json = {{"key", one.key},
               {"suite", one.series.suite},
               {"name", one.series.name},
               {"unit", one.series.unit},
               {"better", one.series.better == Better::higher ? "higher" : "lower"},
               {"exact", one.series.exact}};
  put_told(json, "configuration", one.series.configuration);
  json["points"] = points_json(one.points);
  json["levels"] = Json::array();
  for (const HistoryLevel& level : levels) {
    json["levels"].push_back({{"from", level.from},
                              {"to", level.to},
                              {"basis", name(level.basis)},
                              {"level", level.level}});
  }
  return json;
}

Json suspicion_json(const History& history, const Suspicion& suspicion,
                    const std::string& command) {
  Json json = {{"series", suspicion.series}, {"before", suspicion.before},
               {"at", suspicion.at},         {"change", suspicion.change},
               {"worse", suspicion.worse},   {"basis", name(suspicion.basis)}};
  if (suspicion.p) json["p"] = *suspicion.p;
  json["state"] = state_of(suspicion, history);
  if (suspicion.note) json["note"] = *suspicion.note;
  json["confirm"] = command;
  return json;
}

std::string csv_text(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string out = "\"";
  for (const char c : text) out += c == '"' ? std::string("\"\"") : std::string(1, c);
  return out + "\"";
}

std::string csv_number(const std::optional<double>& value) {
  return value ? Json(*value).dump() : "";
}

}  // namespace

std::vector<std::vector<const Suspicion*>> grouped(const History& history,
                                                   const HistoryScreen& screen, bool all) {
  std::vector<std::vector<const Suspicion*>> groups;
  std::map<std::tuple<std::size_t, std::size_t, std::string, ScreenBasis, bool>, std::size_t> known;
  for (const Suspicion& suspicion : screen.suspicions) {
    if (!all && !suspicion.open()) continue;
    const auto [found, is_new] = known.try_emplace(
        {suspicion.at, suspicion.before, history.series[suspicion.series].series.suite,
         suspicion.basis, suspicion.open()},
        groups.size());
    if (is_new) groups.emplace_back();
    groups[found->second].push_back(&suspicion);
  }
  return groups;
}

Json history_json(const History& history, const HistoryScreen& screen, const ScreenView& view) {
  Json json = {{"schema", "inferbench.history"}, {"version", "1.0.0"},
               {"runs", Json::array()},          {"series", Json::array()},
               {"suspicions", Json::array()},    {"notes", Json::array()}};
  for (const HistoryRun& run : history.runs) json["runs"].push_back(history_run_json(run));
  for (std::size_t s = 0; s < history.series.size(); ++s) {
    json["series"].push_back(series_history_json(history.series[s], screen.levels[s]));
  }
  for (const auto& group : grouped(history, screen, true)) {
    const std::string command = confirm_command(history, group, view.store, view.programs);
    for (const Suspicion* one : group) {
      json["suspicions"].push_back(suspicion_json(history, *one, command));
    }
  }
  for (const HistoryNote& note : history.notes) json["notes"].push_back(history_note_json(note));
  return json;
}

std::string history_json_text(const History& history, const HistoryScreen& screen,
                              const ScreenView& view) {
  return history_json(history, screen, view).dump(1) + "\n";
}

std::string history_csv(const History& history) {
  std::ostringstream out;
  out << "time_utc,run,commit,hardware,anchor,suite,series,unit,better,value,low,high,ratio,"
         "ratio_low,ratio_high,verdict,invalid\r\n";
  for (const SeriesHistory& one : history.series) {
    for (const HistoryPoint& point : one.points) {
      const HistoryRun& run = history.runs[point.run];
      for (const std::string* text :
           {&run.time_utc, &run.id, &run.commit, &run.hardware, &run.anchor, &one.series.suite,
            &one.series.name, &one.series.unit}) {
        out << csv_text(*text) << ',';
      }
      out << (one.series.better == Better::higher ? "higher" : "lower") << ','
          << csv_number(point.value);
      for (const std::optional<double>& value :
           {point.low, point.high, point.ratio, point.ratio_low, point.ratio_high}) {
        out << ',' << csv_number(value);
      }
      out << ',' << point.verdict << ',' << csv_text(run.invalid) << "\r\n";
    }
  }
  return std::move(out).str();
}

}  // namespace inferbench
