#include "harness/kernel_tables/import.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>
#include <functional>

#include "harness/base/error.hpp"
#include "harness/catalog/catalog.hpp"
#include "harness/kernel_tables/csv_rows.hpp"
#include "harness/kernel_tables/import_formats.hpp"

namespace inferbench {
namespace {

namespace fs = std::filesystem;

bool ends_with(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

bool is_csv(const std::string& path) {
  return ends_with(path, ".csv") || ends_with(path, ".csv.gz");
}

std::string csv_format(const std::string& path) {
  if (is_aiconfigurator_table(path)) return "aiconfigurator";
  const std::vector<std::string> header = csv_header(path);
  const auto has = [&](const std::string& part) {
    return std::any_of(header.begin(), header.end(),
                       [&](const std::string& name) { return name.rfind(part, 0) == 0; });
  };
  if (has("time_stats.")) return "vidur";
  if (has("prompt_time") && has("token_time")) return "splitwise";
  return "";
}

std::string first_of_file(const std::string& path) {
  constexpr std::size_t kEnough = 65'536;
  std::string text(kEnough, '\0');
  text.resize(open_file(path)->read(text.data(), text.size()));
  return text;
}

std::string json_format(const std::string& path) {
  const std::string text = first_of_file(path);
  if (text.find("inferbench.op-table/") != std::string::npos) return "calibrate";
  if (text.find("\"nccl_version\"") != std::string::npos) return "nccl-tests";
  if (text.find("\"nvbench\"") != std::string::npos) return "nvbench";
  return "";
}

std::string format_of_file(const std::string& path) {
  return is_csv(path) ? csv_format(path) : json_format(path);
}

using Import =
    std::function<std::size_t(const std::string&, const ImportOptions&, KernelTableBuilder&)>;
Import importer_of(const std::string& format) {
  if (format == "aiconfigurator") return import_aiconfigurator;
  if (format == "vidur") return import_vidur;
  if (format == "splitwise") return import_splitwise;
  if (format == "calibrate") return import_calibration;
  if (format == "nccl-tests") return import_nccl_tests;
  if (format == "nvbench") return import_nvbench;
  std::vector<std::string> names;
  for (const ImportFormat& known : import_formats()) names.emplace_back(known.name);
  throw unknown_name("--format", "format", format, names);
}

ImportedFile import_file(const std::string& path, const ImportOptions& options, bool named,
                         KernelTableBuilder& builder) {
  ImportedFile file{path, options.format, 0, ""};
  if (options.format == "auto") file.format = format_of_file(path);
  if (file.format.empty()) {
    file.skipped = "none of the known formats";
    if (!named) return file;
    std::string known;
    for (const ImportFormat& format : import_formats()) {
      known += (known.empty() ? "" : ", ") + std::string(format.name);
    }
    throw Error(path, "is a table of no known format", "one of: " + known, "--format NAME");
  }
  file.rows = importer_of(file.format)(path, options, builder);
  return file;
}

std::string squeezed(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0) {
      out += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
  }
  return out;
}

// Whether a word of the text begins so.
bool begins_word(const std::string& text, const std::string& name) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    const bool starts = at == 0 || std::isalnum(static_cast<unsigned char>(text[at - 1])) == 0;
    if (starts && squeezed(text.substr(at)).rfind(name, 0) == 0) return true;
  }
  return false;
}

// The GPU with the longest name (or alias) that begins a word of the text.
std::optional<HardwareSpec> gpu_in(const std::string& text) {
  std::optional<HardwareSpec> found;
  std::size_t longest = 0;
  for (const HardwareSpec& gpu : gpus()) {
    std::vector<std::string> names = gpu.aliases;
    names.push_back(gpu.name);
    for (const std::string& alias : names) {
      const std::string name = squeezed(alias);
      if (name.size() <= longest || !begins_word(text, name)) continue;
      longest = name.size();
      found = gpu;
    }
  }
  return found;
}

}  // namespace

const std::vector<ImportFormat>& import_formats() {
  static const std::vector<ImportFormat> formats = {
      {"aiconfigurator", "CSV of its Parquet tables, by file name (gemm_perf.csv.gz)"},
      {"vidur", "profiles of layers, all-reduces and sends (CSV with time_stats.*)"},
      {"splitwise", "splitwise-sim's whole-model times (CSV with prompt_time, token_time)"},
      {"calibrate", "`inferbench calibrate` (JSON)"},
      {"nccl-tests", "JSON of nccl-tests (-J FILE)"},
      {"nvbench", "JSON of nvbench: benchmarks named after ops, axes after dimensions"},
  };
  return formats;
}

std::vector<ImportedFile> import_tables(const std::string& path, const ImportOptions& options,
                                        KernelTableBuilder& builder) {
  if (!fs::is_directory(path)) return {import_file(path, options, true, builder)};
  std::vector<std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(path)) {
    const std::string file = entry.path().string();
    if (entry.is_regular_file() && (is_csv(file) || ends_with(file, ".json"))) {
      files.push_back(file);
    }
  }
  std::sort(files.begin(), files.end());
  std::vector<ImportedFile> imported;
  imported.reserve(files.size());
  for (const std::string& file : files) {
    imported.push_back(import_file(file, options, false, builder));
  }
  if (std::all_of(imported.begin(), imported.end(),
                  [](const ImportedFile& file) { return file.rows == 0; })) {
    throw Error(path, "holds no table that can be imported", "files *.csv, *.csv.gz or *.json",
                "`inferbench tables import --help` names the formats");
  }
  return imported;
}

HardwareSpec gpu_of_device(const std::string& device, const std::optional<HardwareSpec>& asked,
                           const std::string& place) {
  const std::optional<HardwareSpec> gpu = gpu_in(device);
  if (!gpu && asked) return *asked;
  if (!gpu) {
    throw Error(place, "device \"" + device + "\" is no GPU of the catalog",
                "times are held against a data sheet", "--gpu NAME, `inferbench list gpus`");
  }
  if (asked && asked->name != gpu->name) {
    throw Error(place, "times of \"" + device + "\", which is " + gpu->name,
                "--gpu asks for " + asked->name, "leave --gpu away, or the file");
  }
  return *gpu;
}

HardwareSpec gpu_of_path(const std::string& path, const std::optional<HardwareSpec>& asked) {
  if (asked) return *asked;
  if (const std::optional<HardwareSpec> gpu = gpu_in(path)) return *gpu;
  throw Error(path, "does not say of which GPU its times are", "no folder is named after one",
              "--gpu NAME");
}

std::string lower_case(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](char c) {
    return static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  });
  return out;
}

std::string canonical_format(std::string_view name) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 9> kKnown = {{
      {"bfloat16", "bf16"},
      {"half", "fp16"},
      {"float16", "fp16"},
      {"float", "fp32"},
      {"int8_wo", "w8a16"},
      {"int4_wo", "w4a16"},
      {"sq", "int8"},
      {"float8", "fp8"},
      {"fp8_e4m3", "fp8"},
  }};
  for (const auto& [theirs, ours] : kKnown) {
    if (theirs == name) return std::string(ours);
  }
  return std::string(name);
}

}  // namespace inferbench
