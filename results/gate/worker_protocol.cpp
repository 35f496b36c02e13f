#include "results/gate/worker_protocol.hpp"

#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

namespace inferbench {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kHelloKey = "inferbench_worker";
constexpr std::size_t kShown = 120;  // bytes of a line in a message

std::string shown(const std::string& line) {
  std::string text = line.substr(0, kShown);
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  }
  return "\"" + text + (line.size() > kShown ? "...\"" : "\"");
}

// Parses a line and reads it; whatever does not fit is a failure of the worker.
template <class Read>
auto reading(const std::string& line, const char* wanted, const Read& read) {
  try {
    return read(Json::parse(line));
  } catch (const Json::exception&) {
    throw WorkerFailure("answered " + shown(line) + " instead of " + wanted);
  }
}

void expect_series(const Json& json, const char* key, std::size_t series) {
  const auto told = json.at(key).get<std::size_t>();
  if (told == series) return;
  throw WorkerFailure("answered for series " + std::to_string(told) + " instead of " +
                      std::to_string(series));
}

}  // namespace

bool agree(const SeriesAnswer& a, const SeriesAnswer& b) {
  const double bound = std::min(a.tolerance, b.tolerance) * std::max(a.magnitude, b.magnitude);
  return std::abs(a.sum - b.sum) <= bound && std::abs(a.magnitude - b.magnitude) <= bound;
}

std::string to_line(const WorkerHello& hello) {
  return Json{{kHelloKey, kWorkerProtocol}, {"version", hello.version},
              {"commit", hello.commit},     {"compiler", hello.compiler},
              {"flags", hello.flags},       {"build_type", hello.build_type},
              {"suite", hello.suite},       {"series", hello.series}}
      .dump();
}

std::string to_line(std::size_t series, const OpenedSeries& opened) {
  Json json = {{"opened", series}};
  if (!opened.skipped.empty()) {
    json["skipped"] = opened.skipped;
  } else if (!opened.wrong.empty()) {
    json["wrong"] = opened.wrong;
  } else {
    json["sum"] = opened.answer.sum;
    json["magnitude"] = opened.answer.magnitude;
    json["tolerance"] = opened.answer.tolerance;
    json["exact"] = opened.exact;
  }
  return json.dump();
}

std::string to_line(std::size_t series, const SliceTime& time) {
  return Json{{"ran", series},
              {"wall_ns", time.wall_ns},
              {"cpu_ns", time.cpu_ns},
              {"preemptions", time.preemptions}}
      .dump();
}

std::string code_line(const std::string& hash) {
  return Json{{"code", hash}}.dump();
}

WorkerHello parse_hello(const std::string& line) {
  return reading(line, "a worker's hello", [](const Json& json) {
    const int protocol = json.at(kHelloKey).get<int>();
    if (protocol != kWorkerProtocol) {
      throw WorkerFailure("speaks version " + std::to_string(protocol) +
                          " of the worker protocol, not " + std::to_string(kWorkerProtocol));
    }
    WorkerHello hello{.version = json.at("version"),
                      .commit = json.at("commit"),
                      .compiler = json.at("compiler"),
                      .flags = json.at("flags"),
                      .build_type = json.at("build_type"),
                      .suite = json.at("suite"),
                      .series = json.at("series")};
    const std::set<std::string> unique(hello.series.begin(), hello.series.end());
    if (unique.size() != hello.series.size()) throw WorkerFailure("names a series twice");
    return hello;
  });
}

OpenedSeries parse_opened(const std::string& line, std::size_t series) {
  return reading(line, "an opened series", [series](const Json& json) {
    expect_series(json, "opened", series);
    OpenedSeries opened;
    opened.skipped = json.value("skipped", "");
    opened.wrong = json.value("wrong", "");
    if (!opened.skipped.empty() || !opened.wrong.empty()) return opened;
    opened.answer = {.sum = json.at("sum"),
                     .magnitude = json.at("magnitude"),
                     .tolerance = json.at("tolerance")};
    opened.exact = json.at("exact").get<std::map<std::string, std::int64_t>>();
    return opened;
  });
}

SliceTime parse_slice(const std::string& line, std::size_t series) {
  return reading(line, "a time", [&](const Json& json) {
    expect_series(json, "ran", series);
    const SliceTime time{.wall_ns = json.at("wall_ns"),
                         .cpu_ns = json.at("cpu_ns"),
                         .preemptions = json.at("preemptions")};
    if (time.wall_ns > 0 && time.cpu_ns > 0) return time;
    throw WorkerFailure("told a time that is not above zero: " + shown(line));
  });
}

std::string parse_code(const std::string& line) {
  return reading(line, "a code hash",
                 [](const Json& json) { return json.at("code").get<std::string>(); });
}

}  // namespace inferbench
