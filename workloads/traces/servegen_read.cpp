#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "harness/base/error.hpp"
#include "harness/base/text_table.hpp"
#include "workloads/text_values.hpp"
#include "workloads/traces/line_reader.hpp"
#include "workloads/traces/servegen.hpp"

namespace inferbench {
namespace {

namespace fs = std::filesystem;
using Clients = std::map<std::int64_t, ServeGenClient>;

constexpr std::string_view kDigits = "0123456789";

// "folder/name" or "folder/name.gz", whichever is there; empty when neither is.
std::string find_file(const std::string& folder, const std::string& name) {
  for (const char* suffix : {"", ".gz"}) {
    const fs::path path = fs::path(folder) / (name + suffix);
    if (fs::exists(path)) return path.string();
  }
  return "";
}

// {45: 0.0097, 46: 0.0117}: a Python dict in a string, keys in any order.
TokenPdf parse_pdf(std::string_view text, const std::string& place) {
  const auto refuse = [&](const std::string& problem) {
    throw Error(place, problem, "expected token counts and probabilities: {45: 0.25, 46: 0.75}");
  };
  text = trimmed(text);
  if (text.size() < 2 || text.front() != '{' || text.back() != '}') refuse("not a distribution");
  text = trimmed(text.substr(1, text.size() - 2));
  std::map<std::int64_t, double> bins;
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    const std::string_view bin = text.substr(0, comma);
    const std::size_t colon = bin.find(':');
    if (colon == std::string_view::npos)
      refuse("\"" + std::string(bin.substr(0, 40)) + "\" has no colon");
    const double tokens = parse_number(bin.substr(0, colon), place);
    const double weight = parse_number(bin.substr(colon + 1), place);
    if (!(tokens >= 0 && tokens < 2e9) || weight < 0) refuse("a negative bin");
    bins[std::max<std::int64_t>(1, std::llround(tokens))] += weight;
    text.remove_prefix(std::min(comma + 1, text.size()));
    text = trimmed(text);
  }
  TokenPdf pdf;
  double sum = 0;
  for (const auto& [tokens, weight] : bins) {
    if (weight == 0) continue;
    pdf.tokens.push_back(static_cast<std::int32_t>(tokens));
    pdf.cumulative.push_back(sum += weight);
  }
  for (double& value : pdf.cumulative) value /= sum;
  return pdf;
}

// {"0": {"input_tokens": "{...}", "output_tokens": "{...}"}, "21600": ...}
void add_dataset(ServeGenClient& client, const nlohmann::json& dataset, const std::string& place) {
  if (!dataset.is_object()) throw Error(place, "not an object", "expected windows by their start");
  std::map<double, const nlohmann::json*> windows;
  for (const auto& [begin, fields] : dataset.items()) {
    windows[parse_number(begin, place)] = &fields;
  }
  for (const auto& window : windows) {
    // Not a structured binding: clang 14 does not let a lambda capture one.
    const nlohmann::json* const fields = window.second;
    if (!fields->is_object()) throw Error(place, "a window that is no object", "expected its pdfs");
    const auto pdf = [&](const char* key) {
      const auto found = fields->find(key);
      if (found == fields->end() || !found->is_string()) return TokenPdf{};
      return parse_pdf(found->get_ref<const std::string&>(), place + ": " + key);
    };
    TokenPdf input = pdf("input_tokens"), output = pdf("output_tokens");
    if (input.tokens.empty() || output.tokens.empty()) continue;  // nothing was asked then
    client.pdf_begin_s.push_back(window.first);
    client.input.push_back(std::move(input));
    client.output.push_back(std::move(output));
  }
}

nlohmann::json parse(std::string_view text, const std::string& place) {
  try {
    return nlohmann::json::parse(text);
  } catch (const nlohmann::json::exception& error) {
    throw Error(place, std::string("not JSON: ") + error.what(), "expected an object");
  }
}

ClientWindow::Family parse_family(std::string_view text, double rate, const std::string& place) {
  if (text == "Gamma") return ClientWindow::Family::gamma;
  if (text == "Weibull") return ClientWindow::Family::weibull;
  if (rate == 0 && text.empty()) return ClientWindow::Family::idle;
  throw Error(place, "arrival pattern \"" + std::string(text) + "\"",
              "expected Gamma or Weibull, or nothing with rate 0");
}

// Cells from the window's start on: begin, rate, cv, pattern, shape, scale.
ClientWindow parse_window(const std::vector<std::string_view>& cells, std::size_t first,
                          const std::string& place) {
  if (cells.size() < first + 6) {
    throw Error(place, "the row has " + std::to_string(cells.size()) + " cells",
                "expected window start (s), rate, cv, pattern and two parameters");
  }
  ClientWindow window;
  window.begin_s = parse_number(cells[first], place);
  window.rate = parse_number(cells[first + 1], place);
  if (window.rate < 0) throw Error(place, "a negative rate", "expected requests per second");
  window.family = parse_family(cells[first + 3], window.rate, place);
  if (window.rate == 0) window.family = ClientWindow::Family::idle;
  if (window.family != ClientWindow::Family::idle) {
    window.shape = parse_positive(cells[first + 4], place + ": shape");
  }
  return window;
}

// With a leading client column, or without one for the client named.
void read_windows(Clients& clients, const std::string& path, std::optional<std::int64_t> client) {
  LineReader lines(open_file(path));
  std::string_view line;
  while (lines.next(line)) {
    if (lines.line_number() == 1 && kDigits.find(line.front()) == std::string_view::npos) continue;
    const std::vector<std::string_view> cells = split_outside_parentheses(line, ',');
    const std::int64_t id = client ? *client : parse_count(cells[0], lines.place(), 0);
    ServeGenClient& target = clients[id];
    target.id = id;
    target.windows.push_back(parse_window(cells, client ? 0 : 1, lines.place()));
  }
}

void read_concatenated(Clients& clients, const std::string& arrivals, const std::string& pdfs) {
  read_windows(clients, arrivals, std::nullopt);
  LineReader lines(open_file(pdfs));
  std::string_view line;
  while (lines.next(line)) {
    const std::string place = lines.place();
    const nlohmann::json row = parse(line, place);
    if (!row.is_object() || !row.contains("client") || !row["client"].is_number_integer() ||
        !row.contains("dataset")) {
      throw Error(place, "a row without \"client\" and \"dataset\"", "every row has both");
    }
    const auto found = clients.find(row["client"].get<std::int64_t>());
    if (found != clients.end()) add_dataset(found->second, row["dataset"], place);
  }
}

// The N of "chunk-N-trace.csv" or "chunk-N-trace.csv.gz".
std::optional<std::int64_t> chunk_of(const std::string& name) {
  constexpr std::string_view kBefore = "chunk-";
  if (!name.starts_with(kBefore)) return std::nullopt;
  std::int64_t chunk = 0;
  const char* const end = name.data() + name.size();
  const auto [after, error] = std::from_chars(name.data() + kBefore.size(), end, chunk);
  const std::string_view rest(after, static_cast<std::size_t>(end - after));
  if (error != std::errc() || (rest != "-trace.csv" && rest != "-trace.csv.gz"))
    return std::nullopt;
  return chunk;
}

void read_chunks(Clients& clients, const std::string& folder) {
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    const auto chunk = chunk_of(entry.path().filename().string());
    if (!chunk) continue;
    read_windows(clients, entry.path().string(), chunk);
    const std::string name = "chunk-" + std::to_string(*chunk) + "-dataset.json";
    const std::string dataset = find_file(folder, name);
    if (dataset.empty()) {
      throw Error(entry.path().string(), "no " + name + " beside it", "clients have both files");
    }
    add_dataset(clients[*chunk], parse(read_all(*open_file(dataset)), dataset), dataset);
  }
}

void order_windows(ServeGenClient& client, double window_s, const std::string& folder) {
  auto& windows = client.windows;
  std::sort(windows.begin(), windows.end(),
            [](const auto& a, const auto& b) { return a.begin_s < b.begin_s; });
  for (std::size_t i = 1; i < windows.size(); ++i) {
    if (windows[i].begin_s - windows[i - 1].begin_s < window_s) {
      throw Error(folder,
                  "client " + std::to_string(client.id) + " has overlapping windows at " +
                      significant(windows[i].begin_s, 8) + " s",
                  "windows begin " + significant(window_s, 6) + " s apart");
    }
  }
}

// The distance of window starts: 600 s in all published files.
double window_length(const Clients& clients) {
  double length = 0;
  for (const auto& [id, client] : clients) {
    for (std::size_t i = 1; i < client.windows.size(); ++i) {
      const double gap = client.windows[i].begin_s - client.windows[i - 1].begin_s;
      if (gap > 0 && (length == 0 || gap < length)) length = gap;
    }
  }
  return length == 0 ? 600 : length;
}

}  // namespace

ServeGenClients read_servegen(const std::string& folder) {
  if (!fs::is_directory(folder)) {
    throw Error(folder, fs::exists(folder) ? "is not a folder" : "is not there",
                "expected a folder with chunk-N-trace.csv and chunk-N-dataset.json, or with "
                "arrivals.csv and token_pdfs.jsonl");
  }
  Clients clients;
  const std::string arrivals = find_file(folder, "arrivals.csv");
  const std::string pdfs = find_file(folder, "token_pdfs.jsonl");
  if (!arrivals.empty() && !pdfs.empty()) {
    read_concatenated(clients, arrivals, pdfs);
  } else {
    read_chunks(clients, folder);
  }
  if (clients.empty()) {
    throw Error(folder, "holds no ServeGen clients",
                "expected chunk-N-trace.csv and chunk-N-dataset.json, or arrivals.csv and "
                "token_pdfs.jsonl (each plain or .gz)");
  }
  ServeGenClients result;
  result.window_s = window_length(clients);
  for (auto& [id, client] : clients) {
    order_windows(client, result.window_s, folder);
    if (client.input.empty()) {
      result.notes.push_back("client " + std::to_string(id) + " skipped: no token distributions");
    } else {
      result.clients.push_back(std::move(client));
    }
  }
  if (result.clients.empty()) throw Error(folder, "no client has token distributions");
  return result;
}

double end_of(const ServeGenClients& clients) {
  double end = 0;
  for (const ServeGenClient& client : clients.clients) {
    if (!client.windows.empty()) end = std::max(end, client.windows.back().begin_s);
  }
  return end + clients.window_s;
}

double mean_rate(const ServeGenClients& clients, double begin_s, double end_s) {
  double requests = 0;
  for (const ServeGenClient& client : clients.clients) {
    for (const ClientWindow& window : client.windows) {
      const double from = std::max(begin_s, window.begin_s);
      const double to = std::min(end_s, window.begin_s + clients.window_s);
      if (to > from) requests += window.rate * (to - from);
    }
  }
  return requests / (end_s - begin_s);
}

}  // namespace inferbench
