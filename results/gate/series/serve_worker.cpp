#include "results/gate/series/serve_worker.hpp"

#include <cmath>
#include <istream>
#include <map>
#include <ostream>
#include <sstream>

#include "results/build_stamp.hpp"
#include "results/gate/series/code_hash.hpp"
#include "results/gate/worker_protocol.hpp"

namespace inferbench {
namespace {

class SeriesServer {
 public:
  SeriesServer(const std::vector<GateSeries>& series, const ServeOptions& options,
               Stopwatch& stopwatch)
      : series_(series), options_(options), stopwatch_(stopwatch) {}

  std::string hello() const {
    const BuildStamp stamp = build_stamp();
    WorkerHello hello{.version = stamp.version,
                      .commit = stamp.git_commit,
                      .compiler = stamp.compiler,
                      .flags = stamp.flags,
                      .build_type = stamp.build_type,
                      .suite = options_.suite,
                      .series = {}};
    for (const GateSeries& series : series_) hello.series.push_back(series.name);
    return to_line(hello);
  }

  // Empty for a command that is none.
  std::string answer(const std::string& command) {
    std::istringstream words(command);
    std::string verb, rest;
    words >> verb;
    // A worker that takes longer than its code does is not that code.
    if (verb == "code") return code_line(options_.slowdown > 0 ? "" : program_code_hash());
    std::size_t index = 0;
    if (!(words >> index) || index >= series_.size()) return "";
    if (verb == "open") {
      words >> rest;
      ReadySeries& ready = open_[index] = series_[index].open(rest == "check");
      return to_line(index, ready.opened);
    }
    std::int64_t times = 0;
    const auto ready = open_.find(index);
    if (verb != "run" || !(words >> times) || times < 1 || ready == open_.end()) return "";
    if (!ready->second.run) return "";
    return to_line(index, run(ready->second, times, slowdown(index)));
  }

 private:
  double slowdown(std::size_t index) const {
    return series_[index].name.starts_with(options_.slow_only) ? options_.slowdown : 0;
  }

  // Whole further runs are run; what is left of one is waited for on the core.
  SliceTime run(const ReadySeries& ready, std::int64_t times, double slowdown) {
    const double further = static_cast<double>(times) * slowdown;
    const std::int64_t all = times + static_cast<std::int64_t>(std::floor(further));
    const Reading begin = stopwatch_.begin();
    for (std::int64_t i = 0; i < all; ++i) ready.run();
    if (slowdown > 0) {
      const Duration now = stopwatch_.end().wall;
      const double run = static_cast<double>((now - begin.wall).count()) / static_cast<double>(all);
      const Duration until = now + Duration(std::llround((further - std::floor(further)) * run));
      while (stopwatch_.end().wall < until) {
      }
    }
    const Reading end = stopwatch_.end();
    return {.wall_ns = (end.wall - begin.wall).count(),
            .cpu_ns = (end.cpu - begin.cpu).count(),
            .preemptions = end.preemptions - begin.preemptions};
  }

  const std::vector<GateSeries>& series_;
  const ServeOptions& options_;
  Stopwatch& stopwatch_;
  std::map<std::size_t, ReadySeries> open_;
};

}  // namespace

bool serve_worker(const std::vector<GateSeries>& series, const ServeOptions& options,
                  Stopwatch& stopwatch, std::istream& commands, std::ostream& answers) {
  SeriesServer server(series, options, stopwatch);
  answers << server.hello() << std::endl;
  for (std::string command; std::getline(commands, command);) {
    const std::string answer = server.answer(command);
    answers << (answer.empty() ? "not a command: " + command : answer) << std::endl;
    if (answer.empty()) return false;
  }
  return true;
}

}  // namespace inferbench
