#include "bench/peers/report.hpp"

#include <map>
#include <nlohmann/json.hpp>

#include "harness/base/text_table.hpp"
#include "results/host_info.hpp"

namespace inferbench {
namespace {

std::string rate_of(const ContestResult& r, double ns) {
  if (ns == 0) return "";
  return r.contest.roof == "read" ? significant(r.bytes / ns) + " GB/s"
                                  : significant(r.flops / ns) + " GF/s";
}

std::string bar_of(const Bar& bar) {
  if (bar.target == 0) return "";
  return significant(bar.floor) + " / " + significant(bar.target);
}

std::string percent(double share) {
  return fixed(100 * share, 0) + " %";
}

bool is_probe(const BarResult& b) {
  return b.bar.against == "read" || b.bar.against == "fma";
}

// The order of a tally.
constexpr BarVerdict kVerdicts[] = {BarVerdict::reached, BarVerdict::floor, BarVerdict::below,
                                    BarVerdict::noisy,   BarVerdict::wrong, BarVerdict::skipped};

}  // namespace

std::string table_of(const std::vector<ContestResult>& results) {
  TextTable table({"own kernel", "isa", "rate", "of roof", "probe", "error", "peer", "peer rate",
                   "peer error", "own / peer", "95 % interval", "floor / target", "verdict"});
  for (const ContestResult& r : results) {
    const std::string unit = r.contest.roof == "read" ? " GB/s" : " G/s";
    for (const BarResult& b : r.bars) {
      const bool measured = r.reason.empty() && b.reason.empty();
      const std::string& reason = r.reason.empty() ? b.reason : r.reason;
      table.add(
          {r.contest.name(), r.implementation, rate_of(r, r.own_ns),
           r.own_ns == 0 ? "" : percent(r.roof_share),
           r.own_ns == 0 ? "" : significant(r.probe_rate) + unit,
           r.own_ns == 0 ? "" : significant(r.error), b.bar.against,
           is_probe(b) ? "" : rate_of(r, b.peer_ns),
           measured && !is_probe(b) ? significant(b.error) : "",
           measured ? significant(b.ratio.median) : "",
           measured
               ? significant(b.ratio.interval.low) + " to " + significant(b.ratio.interval.high)
               : "",
           bar_of(b.bar), std::string(name(b.verdict)) + (reason.empty() ? "" : ": " + reason)});
    }
  }
  return table.str();
}

std::string saturation_lines(const std::vector<Saturation>& products) {
  std::string text;
  for (const Saturation& s : products) {
    text += "full range, " + s.peer + ": ";
    if (!s.reason.empty()) {
      text += s.reason + "\n";
      continue;
    }
    const auto got = static_cast<long long>(s.got);
    text += with_commas(got) + " where " + with_commas(s.exact) + " is exact" +
            (got == s.exact ? "\n" : ": saturated\n");
  }
  return text;
}

std::string tally(const std::vector<ContestResult>& results) {
  std::map<BarVerdict, int> count;
  int all = 0;
  for (const ContestResult& r : results) {
    for (const BarResult& b : r.bars) {
      if (b.bar.target > 0) ++count[b.verdict], ++all;
    }
  }
  std::string text = std::to_string(all) + " bars";
  for (const BarVerdict v : kVerdicts) {
    if (count[v] == 0) continue;
    text += (text.find(':') == std::string::npos ? ": " : ", ") + std::to_string(count[v]) + " " +
            std::string(name(v).substr(0, name(v).find(':'))) +
            (v == BarVerdict::noisy ? " (noisy)" : "");
  }
  return text;
}

std::string json_of(const std::vector<ContestResult>& results,
                    const std::vector<Saturation>& products, const PeerRun& run) {
  const HostInfo host = read_host_info();
  nlohmann::ordered_json json = {{"schema", "inferbench.peers"},
                                 {"version", "1.0.0"},
                                 {"method", "measured-host"},
                                 {"seed", run.seed}};
  json["host"] = {{"cpu", host.cpu},
                  {"usable_cpus", host.allowed_cpus},
                  {"load_average", host.load_average},
                  {"kernel", host.kernel}};
  json["contests"] = nlohmann::ordered_json::array();
  for (const ContestResult& r : results) {
    nlohmann::ordered_json contest = {{"name", r.contest.name()},
                                      {"implementation", r.implementation}};
    if (!r.reason.empty()) contest["not_measured"] = r.reason;
    contest["own_cpu_ns"] = r.own_ns;
    contest["flops"] = r.flops;
    contest["bytes"] = r.bytes;
    contest["relative_error"] = r.error;
    contest["roof"] = r.contest.roof;
    contest["roof_share"] = r.roof_share;
    contest["probe_giga_per_s"] = r.probe_rate;
    contest["bars"] = nlohmann::ordered_json::array();
    for (const BarResult& b : r.bars) {
      nlohmann::ordered_json bar = {{"against", b.bar.against},
                                    {"floor", b.bar.floor},
                                    {"target", b.bar.target},
                                    {"verdict", name(b.verdict)}};
      if (!b.reason.empty()) {
        bar["reason"] = b.reason;
      } else if (r.reason.empty()) {
        bar["peer_cpu_ns"] = b.peer_ns;
        bar["peer_relative_error"] = b.error;
        bar["ratio"] = b.ratio.median;
        bar["ratio_low"] = b.ratio.interval.low;
        bar["ratio_high"] = b.ratio.interval.high;
        bar["confidence"] = b.ratio.interval.confidence;
        bar["pairs"] = b.ratio.pairs;
      }
      contest["bars"].push_back(std::move(bar));
    }
    json["contests"].push_back(std::move(contest));
  }
  json["full_range_products"] = nlohmann::ordered_json::array();
  for (const Saturation& s : products) {
    nlohmann::ordered_json product = {{"peer", s.peer}, {"exact", s.exact}};
    if (s.reason.empty()) {
      product["got"] = s.got;
    } else {
      product["not_measured"] = s.reason;
    }
    json["full_range_products"].push_back(std::move(product));
  }
  return json.dump(1) + "\n";
}

}  // namespace inferbench
