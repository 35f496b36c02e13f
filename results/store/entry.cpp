#include "results/store/entry.hpp"

#include <zlib.h>

#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "harness/base/error.hpp"
#include "results/sha256.hpp"

namespace inferbench {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kHead = "{\"crc32\":\"";
constexpr std::size_t kSumDigits = 8;
constexpr std::string_view kAfterSum = "\",";
constexpr std::string_view kIdKey = "\"id\":\"";
constexpr std::size_t kIdDigits = 12;

std::string check_sum(std::string_view text) {
  uLong sum = ::crc32(0, nullptr, 0);
  for (std::size_t at = 0; at < text.size(); at += 1U << 30) {
    const std::string_view part = text.substr(at, 1U << 30);
    sum = ::crc32(sum, reinterpret_cast<const Bytef*>(part.data()), static_cast<uInt>(part.size()));
  }
  std::array<char, kSumDigits + 1> digits{};
  std::snprintf(digits.data(), digits.size(), "%08lx", sum & 0xffffffffUL);
  return digits.data();
}

void put(Json& json, const char* key, const std::string& text) {
  if (!text.empty()) json[key] = text;
}

void put(Json& json, const char* key, const std::optional<double>& value) {
  if (value) json[key] = *value;
}

Json point_json(const EntryPoint& entry) {
  const HistorySeries& series = entry.series;
  const HistoryPoint& point = entry.point;
  Json json = {{"series", series.name}, {"unit", series.unit}};
  if (series.better == Better::higher) json["better"] = "higher";
  if (series.exact) json["exact"] = true;
  json["value"] = point.value;
  put(json, "low", point.low), put(json, "high", point.high);
  put(json, "ratio", point.ratio);
  put(json, "ratio_low", point.ratio_low), put(json, "ratio_high", point.ratio_high);
  put(json, "verdict", point.verdict);
  return json;
}

// Suite and configuration are those of all points.
Json run_json(const RunEntry& entry) {
  const HistoryRun& run = entry.run;
  Json json = {{"entry", "run"},
               {"version", kEntryVersion},
               {"time", run.time_utc},
               {"suite", run.suite},
               {"kind", run.kind}};
  put(json, "method", run.method), put(json, "commit", run.commit);
  put(json, "anchor", run.anchor), put(json, "hardware", run.hardware);
  put(json, "file", run.file), put(json, "invalid", run.invalid);
  if (!entry.points.empty()) put(json, "configuration", entry.points.front().series.configuration);
  json["document_sha256"] = entry.document_sha256;
  json["points"] = Json::array();
  for (const EntryPoint& point : entry.points) json["points"].push_back(point_json(point));
  return json;
}

Json note_json(const HistoryNote& note) {
  Json json = {{"entry", "note"},
               {"version", kEntryVersion},
               {"time", note.time_utc},
               {"kind", name(note.kind)}};
  put(json, "run", note.run), put(json, "series", note.series);
  put(json, "text", note.text), put(json, "link", note.link);
  return json;
}

Json content(const HistoryEntry& entry) {
  if (const auto* run = std::get_if<RunEntry>(&entry)) return run_json(*run);
  return note_json(std::get<HistoryNote>(entry));
}

std::string dumped(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// "2026-11-21T09:30:00.000Z" as part of a file name: "20261121T093000.000Z".
std::string id_of(const Json& json) {
  std::string id;
  for (const char c : json.at("time").get<std::string>()) {
    if (c != '-' && c != ':') id += c;
  }
  return id + "-" + sha256_hex(dumped(json)).substr(0, kIdDigits);
}

std::string text_of(const Json& json, const char* key) {
  return json.value(key, std::string());
}

std::optional<double> number_of(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found == json.end() ? std::nullopt : std::optional(found->get<double>());
}

EntryPoint point_from(const Json& json, const std::string& suite,
                      const std::string& configuration) {
  return {.series = {.suite = suite,
                     .name = json.at("series"),
                     .unit = json.at("unit"),
                     .better = json.contains("better") ? Better::higher : Better::lower,
                     .configuration = configuration,
                     .exact = json.value("exact", false)},
          .point = {.value = json.at("value"),
                    .low = number_of(json, "low"),
                    .high = number_of(json, "high"),
                    .ratio = number_of(json, "ratio"),
                    .ratio_low = number_of(json, "ratio_low"),
                    .ratio_high = number_of(json, "ratio_high"),
                    .verdict = text_of(json, "verdict")}};
}

RunEntry run_from(const Json& json) {
  RunEntry entry{.run = {.id = json.at("id"),
                         .time_utc = json.at("time"),
                         .suite = json.at("suite"),
                         .kind = json.at("kind"),
                         .method = text_of(json, "method"),
                         .commit = text_of(json, "commit"),
                         .anchor = text_of(json, "anchor"),
                         .hardware = text_of(json, "hardware"),
                         .file = text_of(json, "file"),
                         .invalid = text_of(json, "invalid")},
                 .points = {},
                 .document_sha256 = json.at("document_sha256")};
  const std::string configuration = text_of(json, "configuration");
  for (const Json& point : json.at("points")) {
    entry.points.push_back(point_from(point, entry.run.suite, configuration));
  }
  return entry;
}

HistoryNote note_from(const Json& json, const std::string& place) {
  const std::string kind = json.at("kind");
  const auto known = parse_note_kind(kind);
  if (!known) throw Error(place, "note of kind \"" + kind + "\"", "", "use a newer inferbench");
  return {.id = json.at("id"),
          .kind = *known,
          .time_utc = json.at("time"),
          .run = text_of(json, "run"),
          .series = text_of(json, "series"),
          .text = text_of(json, "text"),
          .link = text_of(json, "link")};
}

}  // namespace

std::string entry_id(const HistoryEntry& entry) {
  return id_of(content(entry));
}

std::string entry_line(const HistoryEntry& entry, const std::string& added_utc) {
  Json json = content(entry);
  Json line = {{"id", id_of(json)}, {"added", added_utc}};
  line.update(json);
  const std::string body = dumped(line).substr(1);
  return std::string(kHead) + check_sum(body) + std::string(kAfterSum) + body + "\n";
}

std::optional<std::string> intact_id(std::string_view line) {
  if (!line.empty() && line.back() == '\n') line.remove_suffix(1);
  const std::size_t body_at = kHead.size() + kSumDigits + kAfterSum.size();
  if (line.size() < body_at || !line.starts_with(kHead)) return std::nullopt;
  const std::string_view body = line.substr(body_at);
  if (line.substr(kHead.size(), kSumDigits) != check_sum(body)) return std::nullopt;
  if (!body.starts_with(kIdKey)) return std::nullopt;
  const std::size_t end = body.find('"', kIdKey.size());
  if (end == std::string_view::npos) return std::nullopt;
  return std::string(body.substr(kIdKey.size(), end - kIdKey.size()));
}

HistoryEntry parse_entry(std::string_view line, const std::string& place) {
  try {
    const Json json = Json::parse(line);
    const int version = json.value("version", 0);
    if (version != kEntryVersion) {
      throw Error(place,
                  "entry " + text_of(json, "id") + " is of version " + std::to_string(version),
                  "this inferbench reads version " + std::to_string(kEntryVersion),
                  "use the inferbench that wrote it, or a newer one");
    }
    if (text_of(json, "entry") == "run") return run_from(json);
    return note_from(json, place);
  } catch (const Json::exception& error) {
    throw Error(place, std::string("holds an entry that is damaged: ") + error.what(),
                "lines that inferbench history wrote", "inferbench history rebuild STORE");
  }
}

}  // namespace inferbench
