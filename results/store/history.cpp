#include "results/store/history.hpp"

#include <array>

#include "results/sha256.hpp"

namespace inferbench {
namespace {

constexpr std::size_t kKeyDigits = 16;

struct NoteName {
  NoteKind kind;
  std::string_view name;
};
constexpr std::array<NoteName, 5> kNoteNames = {{{NoteKind::acknowledged, "acknowledged"},
                                                 {NoteKind::expected, "expected"},
                                                 {NoteKind::noise, "noise"},
                                                 {NoteKind::environment, "environment"},
                                                 {NoteKind::remark, "remark"}}};

}  // namespace

std::string_view name(NoteKind kind) {
  for (const NoteName& one : kNoteNames) {
    if (one.kind == kind) return one.name;
  }
  return "";
}

std::optional<NoteKind> parse_note_kind(std::string_view name) {
  for (const NoteName& one : kNoteNames) {
    if (one.name == name) return one.kind;
  }
  return std::nullopt;
}

std::string series_key(const HistorySeries& series) {
  const std::string text = series.suite + "\n" + series.name + "\n" + series.unit + "\n" +
                           (series.better == Better::higher ? "higher" : "lower") + "\n" +
                           series.configuration + "\n" + (series.exact ? "exact" : "measured");
  return sha256_hex(text).substr(0, kKeyDigits);
}

std::string full_name(const HistorySeries& series) {
  return series.suite + "/" + series.name;
}

bool matches(std::string_view pattern, std::string_view text) {
  // Back to the last star when what follows it does not fit: linear in practice, never recursive.
  std::size_t p = 0, t = 0, star = std::string_view::npos, taken = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      taken = t;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
      ++p, ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++taken;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

}  // namespace inferbench
