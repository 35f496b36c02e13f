#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "harness/base/units.hpp"
#include "workloads/request_stream.hpp"

namespace inferbench {

// Token counts and how probable each is. Sampled by its cumulative weights.
struct TokenPdf {
  std::vector<std::int32_t> tokens;  // increasing, >= 1
  std::vector<double> cumulative;    // same size, last is 1
};

// A client during one window: how fast it asks and how irregularly.
struct ClientWindow {
  enum class Family { idle, gamma, weibull };
  double begin_s = 0;
  double rate = 0;   // requests per second
  double shape = 0;  // of the family; its scale follows from the rate
  Family family = Family::idle;
};

struct ServeGenClient {
  std::int64_t id = 0;
  std::vector<ClientWindow> windows;  // begins increase by window_s
  std::vector<double> pdf_begin_s;    // when each pair of pdfs begins to hold
  std::vector<TokenPdf> input, output;
};

// What ServeGen measured of a service: per client and window, the rate and the fitted family of
// inter-arrival times; per client and longer window, the distribution of token counts.
//
// Source: Xiang et al., "ServeGen: Workload Characterization and Generation of Large Language Model
// Serving in Production", arXiv:2505.09999; github.com/alibaba/ServeGen.
struct ServeGenClients {
  double window_s = 600;
  std::vector<ServeGenClient> clients;  // by id
  std::vector<std::string> notes;       // what could not be used
};

// Reads a folder: upstream's chunk-N-trace.csv and chunk-N-dataset.json, or all clients in one
// arrivals.csv and token_pdfs.jsonl; each plain or gzip. Memory holds the distributions, not
// requests. Throws Error for a folder with neither, a row that cannot be read or an unknown family.
ServeGenClients read_servegen(const std::string& folder);

// Mean requests per second of all clients over [begin_s, end_s).
double mean_rate(const ServeGenClients& clients, double begin_s, double end_s);
// When the last window ends.
double end_of(const ServeGenClients& clients);

// Requests of all clients in [begin_s, end_s), their rates multiplied by `scale`, so that the shape
// of the day stays. Arrivals count from begin_s.
//
// Each client is a renewal process in operational time: gaps of mean 1 from the window's family,
// stretched by the window's rate. The first gap is the residual of a running process, so that the
// rate is right from the start. Input and output lengths are drawn independently. Draws depend on
// (seed, client, index in the client) alone.
std::unique_ptr<RequestStream> compose_servegen(std::shared_ptr<const ServeGenClients> clients,
                                                double begin_s, double end_s, double scale,
                                                std::uint64_t seed);

}  // namespace inferbench
