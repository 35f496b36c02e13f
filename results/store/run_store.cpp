#include "results/store/run_store.hpp"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "harness/base/error.hpp"
#include "harness/base/output_file.hpp"
#include "results/sha256.hpp"
#include "results/utc_now.hpp"

namespace inferbench {
namespace {

namespace fs = std::filesystem;

constexpr const char* kStoreSchema = "inferbench.history-store";
constexpr const char* kStoreVersion = "1.0.0";
constexpr const char* kMarker = "store.json";
constexpr const char* kIndex = "index.jsonl";
constexpr std::string_view kEntryKey = "{\"entry\": ";
constexpr std::string_view kDocumentKey = "\"document\": ";
constexpr std::string_view kNoDocument = "null";
constexpr std::string_view kFileEnd = "}\n";

std::string file_text(std::string_view line, std::string_view document) {
  if (line.ends_with('\n')) line.remove_suffix(1);
  std::string text(kEntryKey);
  text.append(line).append(",\n").append(kDocumentKey).append(document).append(kFileEnd);
  return text;
}

// The entry of a run's file with its newline; empty when the file is not whole at its head.
std::string head_line(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::string first;
  if (!std::getline(in, first) || !first.starts_with(kEntryKey) || !first.ends_with(',')) return "";
  first.pop_back();
  return first.substr(kEntryKey.size()) + "\n";
}

// What stands between head and end; nullopt when the file is not whole.
std::optional<std::string> tail_of(const std::string& text) {
  const std::size_t at = text.find('\n');
  if (at == std::string::npos || !text.ends_with(kFileEnd)) return std::nullopt;
  if (text.compare(at + 1, kDocumentKey.size(), kDocumentKey) != 0) return std::nullopt;
  const std::size_t begin = at + 1 + kDocumentKey.size();
  return text.substr(begin, text.size() - kFileEnd.size() - begin);
}

// "20261121T..." -> "runs/2026/11"
std::string month_folder(const std::string& kind, const std::string& id) {
  return kind + "/" + id.substr(0, 4) + "/" + id.substr(4, 2);
}

bool is_temporary(const std::string& name) {
  return name.find(".tmp.") != std::string::npos;
}

}  // namespace

bool HistoryStore::is_store(const std::string& folder) {
  return fs::is_regular_file(fs::path(folder) / kMarker);
}

void HistoryStore::create(const std::string& folder) {
  if (is_store(folder)) return;
  if (fs::exists(folder) && !fs::is_directory(folder)) {
    throw Error(folder, "is a file", "a store is a folder", "name a folder that does not exist");
  }
  if (fs::is_directory(folder)) {
    // The lock and a marker half-way to its name are of another process that does the same.
    for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
      const std::string name = entry.path().filename().string();
      if (name == "lock" || is_temporary(name) || is_store(folder)) continue;
      throw Error(folder, "holds \"" + name + "\" and is no store", "a new store starts empty",
                  "name a folder that does not exist");
    }
  }
  make_folder_durably(folder);
  const FileLock lock(folder + "/lock");
  if (is_store(folder)) return;
  const nlohmann::ordered_json marker = {{"schema", kStoreSchema}, {"version", kStoreVersion}};
  write_durably(folder + "/" + kMarker, marker.dump() + "\n");
}

HistoryStore::HistoryStore(std::string folder) : folder_(std::move(folder)) {
  if (!is_store(folder_)) {
    throw Error(folder_, "is no store of runs", "a folder that inferbench history made",
                "`inferbench history add " + folder_ + " RESULT.json` makes one");
  }
  const nlohmann::json marker = nlohmann::json::parse(read_file(path_of(kMarker)), nullptr, false);
  const std::string version =
      marker.is_object() && marker.contains("version") && marker["version"].is_string()
          ? marker["version"].get<std::string>()
          : "";
  if (version.empty() || marker.value("schema", "") != kStoreSchema) {
    throw Error(path_of(kMarker), "is damaged",
                std::string("says {\"schema\": \"") + kStoreSchema + "\", \"version\": \"" +
                    kStoreVersion + "\"}",
                "write that into it: runs and notes are in files of their own");
  }
  if (!version.starts_with("1.")) {
    throw Error(folder_, "is a store of version " + version, "this inferbench reads 1.x",
                "use the inferbench that wrote it, or a newer one");
  }
  lock_ = std::make_unique<FileLock>(path_of("lock"));
  read_index();
  find_files();
  if (index_damaged_ && writable()) write_index();
}

// Lines that are whole; one that is not, at the end or elsewhere, is of a write that did not end.
void HistoryStore::read_index() {
  if (!fs::exists(path_of(kIndex))) return;
  const std::string text = read_file(path_of(kIndex));
  std::size_t damaged = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line = std::string_view(text).substr(at, end - at);
    const auto id = end < text.size() ? intact_id(line) : std::nullopt;
    if (id) {
      lines_.emplace(*id, std::string(line) + "\n");
    } else {
      ++damaged;
    }
    at = end + 1;
  }
  if (damaged == 0) return;
  index_damaged_ = true;
  repairs_.push_back("took " + std::to_string(damaged) + " damaged " +
                     (damaged == 1 ? "line" : "lines") + " out of the index");
}

// Every file has a line. Temporary files are of writers that are gone: whoever writes has the lock.
void HistoryStore::find_files() {
  for (const char* kind : {"runs", "notes"}) {
    if (!fs::is_directory(path_of(kind))) continue;
    for (const auto& entry : fs::recursive_directory_iterator(path_of(kind))) {
      if (!entry.is_regular_file()) continue;
      const std::string name = entry.path().filename().string();
      if (is_temporary(name)) {
        if (writable()) fs::remove(entry.path());
      } else if (name.ends_with(".json")) {
        files_.emplace(entry.path().stem().string(), entry.path().string());
      }
    }
  }
  for (const auto& [id, path] : files_) {
    if (holds(id)) continue;
    const std::string line = head_line(path);
    if (intact_id(line) == id) {
      lines_.emplace(id, line);
      index_damaged_ = true;
      repairs_.push_back("found " + id + " again, which was not in the index");
    } else {
      repairs_.push_back(path + " is damaged and left out");
    }
  }
}

void HistoryStore::write_index() const {
  std::string text;
  for (const auto& [id, line] : lines_) text += line;
  write_durably(path_of(kIndex), text);
}

void HistoryStore::require_writable() const {
  if (writable()) return;
  throw Error(folder_, "may not be written", "", "copy it to where you may write");
}

HistoryStore::Added HistoryStore::add(const RunEntry& entry, const std::string& document) {
  ensure(entry.document_sha256 == sha256_hex(document), "an entry is of its document");
  return commit(entry_line(entry, utc_now()), "runs", document);
}

HistoryStore::Added HistoryStore::add(const HistoryNote& note) {
  return commit(entry_line(note, utc_now()), "notes", std::string(kNoDocument));
}

// File first: a crash between the two leaves a file without a line, which is found again.
HistoryStore::Added HistoryStore::commit(const std::string& line, const std::string& kind,
                                         const std::string& document) {
  require_writable();
  const auto id = intact_id(line);
  ensure(id.has_value(), "a line of ours is whole");
  if (holds(*id)) return {*id, false};
  const std::string folder = path_of(month_folder(kind, *id));
  make_folder_durably(folder);
  const std::string path = folder + "/" + *id + ".json";
  write_durably(path, file_text(line, document));
  try {
    append_durably(path_of(kIndex), line);
  } catch (const Failure&) {
    remove_durably(path);
    throw;
  }
  lines_.emplace(*id, line);
  files_.emplace(*id, path);
  return {*id, true};
}

std::string HistoryStore::file_of(const std::string& id) const {
  const auto file = files_.find(id);
  if (file != files_.end()) return file->second;
  throw Error(folder_, holds(id) ? "has no file of " + id : "has no run " + id, "",
              "`inferbench history list " + folder_ + "` shows what it has");
}

bool HistoryStore::has_document(const std::string& id) const {
  const auto file = files_.find(id);
  if (file == files_.end()) return false;
  std::ifstream in(file->second, std::ios::binary);
  std::string first;
  std::getline(in, first);
  std::string second(kDocumentKey.size() + kNoDocument.size() + 1, '\0');
  in.read(second.data(), static_cast<std::streamsize>(second.size()));
  return second != std::string(kDocumentKey) + std::string(kNoDocument) + "}";
}

std::string HistoryStore::document(const std::string& id) const {
  const std::string path = file_of(id);
  const std::string text = read_file(path), line = head_line(path);
  const auto document = tail_of(text);
  const std::string rule = "a run's file never changes";
  if (intact_id(line) != id || !document) {
    throw Error(path, "is damaged", rule, "its numbers are still in the index; restore the file");
  }
  const HistoryEntry entry = parse_entry(line, path);
  const auto* run = std::get_if<RunEntry>(&entry);
  if (run == nullptr) throw Error(id, "is a note", "documents are of runs", "name a run");
  if (*document == kNoDocument) {
    throw Error(id, "was pruned: its numbers are kept, its document is not", "",
                "`inferbench history show` has the numbers");
  }
  if (sha256_hex(*document) != run->document_sha256) {
    throw Error(path, "is damaged: its document's SHA-256 differs", rule,
                "its numbers are still in the index; restore the file");
  }
  return *document;
}

void HistoryStore::drop_document(const std::string& id) {
  require_writable();
  const std::string path = file_of(id);
  write_durably(path, file_text(lines_.at(id), kNoDocument));
}

// Index first: a crash in between leaves files without lines, which are found again.
void HistoryStore::drop_runs(const std::vector<std::string>& ids) {
  require_writable();
  for (const std::string& id : ids) lines_.erase(id);
  write_index();
  for (const std::string& id : ids) {
    const auto file = files_.find(id);
    if (file == files_.end()) continue;
    remove_durably(file->second);
    files_.erase(file);
  }
}

std::vector<std::string> HistoryStore::rebuild() {
  require_writable();
  std::vector<std::string> damaged;
  std::map<std::string, std::string> lines;
  for (const auto& [id, path] : files_) {
    const std::string line = head_line(path);
    if (intact_id(line) != id) {
      damaged.push_back(path + " is damaged at its head");
      continue;
    }
    lines.emplace(id, line);
    const auto document = tail_of(read_file(path));
    const HistoryEntry entry = parse_entry(line, path);
    const auto* run = std::get_if<RunEntry>(&entry);
    const bool whole = document && (run == nullptr || *document == kNoDocument ||
                                    sha256_hex(*document) == run->document_sha256);
    if (!whole) damaged.push_back(path + " is damaged in its document; its numbers are whole");
  }
  for (const auto& [id, line] : lines_) {
    if (files_.count(id) == 0) damaged.push_back(id + " has no file and is left out");
  }
  lines_ = std::move(lines);
  write_index();
  return damaged;
}

}  // namespace inferbench
