#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <string_view>
#include <utility>

#include "harness/base/error.hpp"
#include "harness/validate/truth_readers.hpp"
#include "workloads/traces/line_reader.hpp"

namespace inferbench {
namespace {

struct TruthFormat {
  std::string_view mark;  // in the header of this format alone
  void (*read)(const std::string& path, Truth& truth);
};

constexpr std::array<TruthFormat, 3> kTruthFormats = {{
    {"silicon_ttft_ms", read_serving_e2e},
    {"total_out_tok_s", read_trtllm_throughput},
    {"prompt_time", read_splitwise},
}};

const TruthFormat* format_of(const std::string& path) {
  LineReader lines(open_file(path));
  std::string_view header;
  if (!lines.next(header)) return nullptr;
  const auto* const found =
      std::find_if(kTruthFormats.begin(), kTruthFormats.end(), [&](const TruthFormat& format) {
        return header.find(format.mark) != std::string_view::npos;
      });
  return found == kTruthFormats.end() ? nullptr : found;
}

std::vector<std::string> csv_files(const std::string& path) {
  namespace fs = std::filesystem;
  if (!fs::exists(path)) throw Error("--truth", path + " does not exist", "a file or a folder");
  if (!fs::is_directory(path)) return {path};
  std::vector<std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(path)) {
    if (entry.is_regular_file() && entry.path().extension() == ".csv") {
      files.push_back(entry.path().string());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

bool is_saturated(double ttft_ms, double tpot_ms, Tokens osl) {
  return ttft_ms > static_cast<double>(osl.count() - 1) * tpot_ms;
}

std::optional<bool> ServingPoint::saturated() const {
  if (offer == Offer::at_once || !ttft_ms || !tpot_ms) return std::nullopt;
  return is_saturated(*ttft_ms, *tpot_ms, osl);
}

std::string ServingPoint::configuration() const {
  return set + " " + label(parallel) + " " + std::to_string(isl.count()) + "/" +
         std::to_string(osl.count());
}

std::optional<std::string> catalog_model(const std::string& name) {
  // Llama 3.1 has the shape of Llama 3; its longer context is given to each point.
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 9> kModels = {{
      {"meta-llama/Llama-3.1-8B-Instruct", "llama-3-8b"},
      {"meta-llama/Llama-3.1-70B", "llama-3-70b"},
      {"LLaMA v3.1 8B", "llama-3-8b"},
      {"LLaMA v3.1 70B", "llama-3-70b"},
      {"Mixtral 8x7B", "mixtral-8x7b"},
      {"Qwen/Qwen3-32B", "qwen3-32b"},
      {"Qwen/Qwen3-235B-A22B-FP8", "qwen3-235b-a22b"},
      {"llama2-70b", "llama-2-70b"},
      {"Mixtral 8x22B", "mixtral-8x22b"},
  }};
  for (const auto& [data, catalog] : kModels) {
    if (data == name) return std::string(catalog);
  }
  return std::nullopt;
}

double positive_number(const CsvTable& table, std::size_t column) {
  const std::string_view text = table.field(column);
  double value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = code == std::errc() && end == text.data() + text.size();
  if (!whole || !(value > 0) || !std::isfinite(value)) {
    table.refuse(column, "expected a number > 0");
  }
  return value;
}

Truth read_truth(const std::string& path) {
  Truth truth;
  for (const std::string& file : csv_files(path)) {
    const TruthFormat* format = format_of(file);
    if (format == nullptr) continue;
    format->read(file, truth);
    truth.files.push_back(file);
  }
  if (truth.files.empty()) {
    throw Error("--truth " + path, "holds no file of a known format",
                "a CSV with a column silicon_ttft_ms, total_out_tok_s or prompt_time",
                "docs/serving-validation.md says which measurements are read");
  }
  return truth;
}

}  // namespace inferbench
