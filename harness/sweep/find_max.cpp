#include "harness/sweep/find_max.hpp"

#include <algorithm>
#include <cmath>

#include "harness/base/error.hpp"
#include "harness/base/parallel_for.hpp"
#include "harness/base/text_table.hpp"

namespace inferbench {
namespace {

constexpr double kFarDown = 1.0 / 4096, kFarUp = 4096;
constexpr double kFirstUsers = 8;

using Indices = std::vector<std::size_t>;

void check(const FindMaxOptions& options, bool users) {
  const auto positive = [](const std::optional<double>& bound, const char* option) {
    if (!bound || (*bound > 0 && std::isfinite(*bound))) return;
    throw Error(option, significant(*bound), "expected a number above 0");
  };
  positive(options.lowest, "--from"), positive(options.highest, "--to");
  if (options.lowest && options.highest && *options.lowest > *options.highest) {
    throw Error("--from", significant(*options.lowest),
                "must not be above --to " + significant(*options.highest));
  }
  if (!(options.resolution > 0 && options.resolution < 1)) {
    throw Error("--resolution", significant(options.resolution), "expected 0 < share < 1",
                "0.02 is 2 %");
  }
  if (!users) return;
  const auto whole = [](const std::optional<double>& bound, const char* option) {
    if (bound && *bound != std::floor(*bound)) {
      throw Error(option, significant(*bound), "users are counted in whole numbers");
    }
  };
  whole(options.lowest, "--from"), whole(options.highest, "--to");
}

class Search {
 public:
  Search(const SloProbe& probe, const std::vector<SweepTask>& tasks, const FindMaxOptions& options)
      : probe_(probe), options_(options), users_(probe.sweep().load == LoadKind::users) {
    check(options, users_);
    result_.tasks.resize(tasks.size());
    for (std::size_t i = 0; i < tasks.size(); ++i) result_.tasks[i].task = tasks[i];
  }

  FindMaxResult run() {
    prepare();
    const Indices alive = serving();
    choose_bounds(alive);
    if (options_.exhaustive) {
      parallel_for(
          alive.size(), options_.threads, [&](std::size_t i) { search_alone(alive[i]); },
          options_.stop);
    } else {
      stopping_ = options_.stopping;
      together(alive, first_load(alive));
    }
    conclude(alive);
    return std::move(result_);
  }

 private:
  SearchedTask& candidate(std::size_t i) { return result_.tasks[i]; }
  bool stopped() const { return options_.stop && options_.stop(); }

  void prepare() {
    parallel_for(
        result_.tasks.size(), options_.threads,
        [&](std::size_t i) {
          SearchedTask& c = candidate(i);
          c.why_not = probe_.why_not(c.task);
          if (c.why_not.empty()) c.highest_load = probe_.highest_load(c.task);
        },
        options_.stop);
  }

  Indices serving() {
    Indices alive;
    for (std::size_t i = 0; i < result_.tasks.size(); ++i) {
      if (candidate(i).why_not.empty()) {
        alive.push_back(i);
      } else {
        candidate(i).state = SearchState::cannot_serve;
      }
    }
    if (!alive.empty()) return alive;
    throw Error("--parallel, --gpus", "no configuration can serve this model",
                result_.tasks.empty() ? "there is none to try" : candidate(0).why_not,
                "use more GPUs, a narrower --precision or a GPU with more memory");
  }

  double highest_of(const Indices& some) {
    double most = 0;
    for (const std::size_t i : some) most = std::max(most, candidate(i).highest_load);
    return most;
  }

  double first_load(const Indices& some) {
    const double guess = users_ ? kFirstUsers : highest_of(some) / 2;
    return std::clamp(guess, lowest_, highest_);
  }

  void choose_bounds(const Indices& alive) {
    const double guess = users_ ? kFirstUsers : highest_of(alive) / 2;
    lowest_ = options_.lowest.value_or(users_ ? 1.0 : guess * kFarDown);
    // More users than half of the requests never all have one open.
    const double most = users_
                            ? std::max(1.0, std::floor(static_cast<double>(probe_.requests()) / 2))
                            : guess * kFarUp;
    highest_ = options_.highest.value_or(std::max(most, lowest_));
    lowest_ = std::min(lowest_, highest_);
  }

  // Whether the candidate may meet the load, without trying.
  bool may_meet(std::size_t i, double load) {
    return candidate(i).highest_load >= load && candidate(i).missed() > load;
  }

  // Those of `some` that meet the load.
  Indices meeting(const Indices& some, double load, Stopping stopping) {
    Indices tried;
    for (const std::size_t i : some) {
      if (may_meet(i, load)) tried.push_back(i);
    }
    parallel_for(
        tried.size(), options_.threads, [&](std::size_t t) { try_load(tried[t], load, stopping); },
        options_.stop);
    Indices met;
    for (const std::size_t i : tried) {
      if (!candidate(i).probes.empty() && candidate(i).probes.back().load == load &&
          candidate(i).probes.back().met()) {
        met.push_back(i);
      }
    }
    return met;
  }

  bool try_load(std::size_t i, double load, Stopping stopping) {
    SweepTask task = candidate(i).task;
    task.load = load;
    candidate(i).probes.push_back(probe_.run(task, stopping, candidate(i).highest_load));
    return candidate(i).probes.back().met();
  }

  double middle(double low, double high) const {
    return users_ ? std::floor((low + high) / 2) : std::sqrt(low * high);
  }
  bool near(double low, double high) const {
    if (users_ && high - low <= 1) return true;
    return high <= low * (1 + options_.resolution);
  }
  double up(double load) const { return std::min(highest_, load * 2); }
  double down(double load) const {
    return std::max(lowest_, users_ ? std::floor(load / 2) : load / 2);
  }

  // Brackets and halves; `alive` shrinks to those that met the highest load met so far.
  void together(Indices alive, double load) {
    const Indices all = alive;
    double low = 0, high = result_.next;
    while (!stopped()) {
      const Indices met = meeting(low > 0 ? alive : all, load, stopping_);
      if (!met.empty()) {
        low = load, alive = met;
      } else {
        high = load;
      }
      if (low > 0 && (low >= highest_ || near(low, high))) break;
      if (low == 0 && load <= lowest_) break;
      load = low == 0 ? down(load) : std::isinf(high) ? up(load) : middle(low, high);
    }
    result_.load = low, result_.next = high;
    winners_ = low > 0 ? alive : Indices{};
  }

  // The same for one candidate, with its own bracket.
  void search_alone(std::size_t i) {
    SearchedTask& c = candidate(i);
    double low = 0, high = std::numeric_limits<double>::infinity();
    double load = std::clamp(users_ ? kFirstUsers : c.highest_load / 2, lowest_, highest_);
    while (!stopped()) {
      const bool met = load <= c.highest_load && try_load(i, load, options_.stopping);
      (met ? low : high) = load;
      if (low > 0 && (low >= highest_ || near(low, high))) break;
      if (low == 0 && load <= lowest_) break;
      load = low == 0 ? down(load) : std::isinf(high) ? up(load) : middle(low, high);
    }
    // An early verdict that a whole run does not bear out is taken back, load by load.
    double step = 1 + options_.resolution;
    while (low > 0 && !stopped() && !try_load(i, low, Stopping::certain)) {
      high = low;
      low = low <= lowest_ ? 0 : std::max(lowest_, users_ ? std::ceil(low / step) - 1 : low / step);
      step *= 1 + options_.resolution;
    }
    // The coarser steps down leave a wider bracket.
    while (low > 0 && !near(low, high) && !stopped()) {
      const double between = middle(low, high);
      (try_load(i, between, Stopping::certain) ? low : high) = between;
    }
  }

  void confirm(const Indices& alive) {
    Indices confirmed = meeting_again(winners_, result_.load);
    if (confirmed.empty() && !stopped()) {
      // The early verdicts were too kind: from here on without them.
      stopping_ = Stopping::certain;
      result_.next = result_.load;
      const double below =
          std::max(lowest_, users_ ? std::floor(result_.load / (1 + options_.resolution))
                                   : result_.load / (1 + options_.resolution));
      if (below < result_.load) {
        together(alive, below);
        confirmed = meeting_again(winners_, result_.load);
      } else {
        result_.load = 0;
      }
    }
    winners_ = std::move(confirmed);
    if (winners_.empty()) result_.load = 0;
  }

  // Whole runs of those that met the load.
  Indices meeting_again(const Indices& some, double load) {
    parallel_for(
        some.size(), options_.threads,
        [&](std::size_t t) { try_load(some[t], load, Stopping::certain); }, options_.stop);
    Indices met;
    for (const std::size_t i : some) {
      if (candidate(i).probes.back().met() && candidate(i).probes.back().whole) met.push_back(i);
    }
    return met;
  }

  void best_of_each(const Indices& alive) {
    for (const std::size_t i : alive) result_.load = std::max(result_.load, candidate(i).met());
    double next = 0;
    for (const std::size_t i : alive) {
      if (result_.load > 0 && near(candidate(i).met(), result_.load)) winners_.push_back(i);
      if (candidate(i).met() == result_.load) next = std::max(next, candidate(i).missed());
    }
    if (next > 0) result_.next = next;
  }

  void conclude(const Indices& alive) {
    result_.interrupted = stopped();
    if (options_.exhaustive) {
      best_of_each(alive);
    } else if (!winners_.empty()) {
      confirm(alive);
    }
    for (const std::size_t i : alive) {
      SearchedTask& c = candidate(i);
      if (c.probes.empty()) c.state = SearchState::pruned;
    }
    for (const std::size_t i : winners_) candidate(i).state = SearchState::best;
    if (winners_.empty()) {
      if (!result_.interrupted) find_closest(alive);
      return;
    }
    result_.best = *std::min_element(winners_.begin(), winners_.end(),
                                     [&](auto a, auto b) { return rank(a) < rank(b); });
    for (const std::size_t i : winners_) {
      if (i != *result_.best) result_.ties.push_back(i);
    }
    result_.at_highest = result_.load >= highest_;
    check_monotonicity(*result_.best);
    for (SearchedTask& c : result_.tasks) c.task.load = c.met();
  }

  // By falling load met, then by how far inside the SLO.
  std::pair<double, double> rank(std::size_t i) {
    const auto& probes = candidate(i).probes;
    double strain = HUGE_VAL;
    for (const Probe& probe : probes) {
      if (probe.met() && probe.load == candidate(i).met() && probe.strain) strain = *probe.strain;
    }
    return {-candidate(i).met(), strain};
  }

  void find_closest(const Indices& alive) {
    const double load = lowest_;
    parallel_for(
        alive.size(), options_.threads,
        [&](std::size_t t) {
          SearchedTask& c = candidate(alive[t]);
          if (c.highest_load >= load) try_load(alive[t], load, Stopping::never);
        },
        options_.stop);
    const auto strain = [&](std::size_t i) {
      const auto& probes = candidate(i).probes;
      return probes.empty() ? HUGE_VAL : probes.back().strain.value_or(HUGE_VAL);
    };
    result_.closest = *std::min_element(alive.begin(), alive.end(),
                                        [&](auto a, auto b) { return strain(a) < strain(b); });
  }

  void check_monotonicity(std::size_t best) {
    const auto whole = [&](double load) { return users_ ? std::round(load) : load; };
    std::vector<double> loads = {result_.load * 0.5, result_.load * 0.8};
    if (!std::isinf(result_.next)) loads.push_back(result_.next * 1.1);
    for (const double load : loads) {
      const double at = whole(load);
      if (at < lowest_ || at > highest_ || at > candidate(best).highest_load || stopped()) continue;
      const auto& probes = candidate(best).probes;
      const bool known = std::any_of(probes.begin(), probes.end(),
                                     [&](const Probe& p) { return p.load == at && p.whole; });
      if (!known) try_load(best, at, Stopping::certain);
    }
    for (std::size_t i = 0; i < result_.tasks.size(); ++i) {
      const SearchedTask& c = candidate(i);
      if (c.missed() < c.met()) result_.violations.push_back({i, c.missed(), c.met()});
    }
  }

  const SloProbe& probe_;
  const FindMaxOptions& options_;
  bool users_;
  Stopping stopping_ = Stopping::early;
  double lowest_ = 0, highest_ = 0;
  Indices winners_;
  FindMaxResult result_;
};

// The last word on each load: a whole run overrules one that stopped early.
bool last_word(const std::vector<Probe>& probes, std::size_t i) {
  for (std::size_t later = i + 1; later < probes.size(); ++later) {
    if (probes[later].load == probes[i].load) return false;
  }
  return true;
}

}  // namespace

double SearchedTask::met() const {
  double highest = 0;
  for (std::size_t i = 0; i < probes.size(); ++i) {
    if (probes[i].met() && last_word(probes, i)) highest = std::max(highest, probes[i].load);
  }
  return highest;
}

double SearchedTask::missed() const {
  double lowest = std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < probes.size(); ++i) {
    if (!probes[i].met() && last_word(probes, i)) lowest = std::min(lowest, probes[i].load);
  }
  return lowest;
}

std::size_t FindMaxResult::probes() const {
  std::size_t sum = 0;
  for (const SearchedTask& c : tasks) sum += c.probes.size();
  return sum;
}

std::size_t FindMaxResult::count(SearchState state) const {
  return static_cast<std::size_t>(std::count_if(
      tasks.begin(), tasks.end(), [&](const SearchedTask& c) { return c.state == state; }));
}

FindMaxResult find_max(const SloProbe& probe, const std::vector<SweepTask>& tasks,
                       const FindMaxOptions& options) {
  return Search(probe, tasks, options).run();
}

}  // namespace inferbench
