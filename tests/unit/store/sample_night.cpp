#include "sample_night.hpp"

#include <stdlib.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "results/provenance.hpp"

namespace inferbench {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::int64_t kDayMs = 86'400'000, kFirstMs = 1'767'232'800'000;  // 2026-01-01T02:00Z

Json series_of(const std::string& name, double ns, double ratio) {
  return {
      {"name", name},
      {"verdict", "pass"},
      {"candidate_ns_median", ns * ratio},
      {"change", ratio - 1},
      {"change_interval", {{"low", ratio - 1.01}, {"high", ratio - 0.99}, {"confidence", 0.95}}}};
}

}  // namespace

StoreFolder::StoreFolder() {
  std::string name = (std::filesystem::temp_directory_path() / "inferbench_store_XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp");
  parent_ = name;
  path_ = name + "/store";
}

StoreFolder::~StoreFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(parent_, ignored);
}

std::string night_document(const Night& night) {
  const std::string commit = night.commit.empty() ? "c" + std::to_string(night.day) : night.commit;
  const Json json = {
      {"schema", "inferbench.comparison"},
      {"version", "1.1.0"},
      {"suite", "smoke"},
      {"started_utc", utc_text(kFirstMs + (night.day - 1) * kDayMs)},
      {"host", {{"cpu", night.cpu}, {"allowed_cpus", 2}}},
      {"invalid", Json::array()},
      {"method", {{"clock", "wall"}}},
      {"baseline", {{"commit", night.anchor}}},
      {"candidate", {{"commit", commit}}},
      {"series",
       {series_of("kernel/gemm", 1000, night.ratio), series_of("kernel/attention", 500, 1)}},
      {"exact",
       {{{"name", "replay/chat/modelled_ns"},
         {"verdict", "pass"},
         {"baseline", 7000},
         {"candidate", night.modelled}}}}};
  return json.dump() + "\n";
}

RunEntry night_entry(const Night& night) {
  return read_run_document(night_document(night), "night.json");
}

std::string add_night(HistoryStore& store, const Night& night) {
  return store.add(night_entry(night), night_document(night)).id;
}

}  // namespace inferbench
