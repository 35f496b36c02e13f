#include <algorithm>
#include <cmath>
#include <queue>

#include "harness/base/error.hpp"
#include "harness/base/random.hpp"
#include "workloads/traces/servegen.hpp"

namespace inferbench {
namespace {

// A gap of mean 1 from the window's family.
double unit_gap(RandomStream& random, const ClientWindow& window) {
  if (window.family == ClientWindow::Family::gamma) {
    return random.gamma(window.shape, 1.0 / window.shape);
  }
  return random.weibull(window.shape, 1.0 / std::tgamma(1.0 + 1.0 / window.shape));
}

// What is left of the running gap at a moment taken at random: a length-biased gap times U.
// x * gamma(k)-density is gamma(k + 1); a Weibull(k) power of an exponential becomes one of a
// gamma(1 + 1/k).
double residual_gap(RandomStream& random, const ClientWindow& window) {
  const double k = window.shape;
  const double part = random.uniform();
  if (window.family == ClientWindow::Family::gamma) return part * random.gamma(k + 1.0, 1.0 / k);
  const double scale = 1.0 / std::tgamma(1.0 + 1.0 / k);
  return part * scale * std::pow(random.gamma(1.0 + 1.0 / k, 1.0), 1.0 / k);
}

std::int64_t sample(const TokenPdf& pdf, double u) {
  const auto bin = std::upper_bound(pdf.cumulative.begin(), pdf.cumulative.end(), u);
  const auto index =
      std::min<std::ptrdiff_t>(bin - pdf.cumulative.begin(), std::ssize(pdf.cumulative) - 1);
  return pdf.tokens[static_cast<std::size_t>(index)];
}

// The arrivals of one client.
class ClientArrivals {
 public:
  ClientArrivals(const ServeGenClient& client, double window_s, double begin_s, double end_s,
                 double scale, const RandomStream& random)
      : client_(&client),
        window_s_(window_s),
        end_s_(end_s),
        scale_(scale),
        random_(random),
        now_s_(begin_s) {}

  // Moves to the next arrival; false when there is none before the end.
  bool advance() {
    RandomStream random = random_.at(index_);
    if (!enter_active_window()) return false;
    const ClientWindow& window = client_->windows[window_];
    double left = index_ == 0 ? residual_gap(random, window) : unit_gap(random, window);
    ++index_;
    // Spend the gap window by window: each window passes `rate` units of it per second.
    while (enter_active_window()) {
      const double rate = client_->windows[window_].rate * scale_;
      const double until = client_->windows[window_].begin_s + window_s_;
      if (now_s_ + left / rate < until) {
        now_s_ += left / rate;
        return now_s_ < end_s_;
      }
      left -= (until - now_s_) * rate;
      now_s_ = until;
    }
    return false;
  }

  double now_s() const { return now_s_; }
  const ServeGenClient& client() const { return *client_; }

  void draw_lengths(Request& request) const {
    RandomStream random = random_.at(index_ - 1).at(1);
    const auto& begins = client_->pdf_begin_s;
    const auto after = std::upper_bound(begins.begin(), begins.end(), now_s_);
    // Before the first distribution that was measured, that one holds.
    const auto pdf =
        static_cast<std::size_t>(std::max<std::ptrdiff_t>(0, after - begins.begin() - 1));
    request.input = Tokens(sample(client_->input[pdf], random.uniform()));
    request.output = Tokens(sample(client_->output[pdf], random.uniform()));
  }

 private:
  // Skips to the next window with requests, at or after now; false when none begins before the end.
  bool enter_active_window() {
    const auto& windows = client_->windows;
    while (window_ < windows.size() &&
           (windows[window_].begin_s + window_s_ <= now_s_ || windows[window_].rate == 0)) {
      ++window_;
    }
    if (window_ == windows.size()) return false;
    now_s_ = std::max(now_s_, windows[window_].begin_s);
    return now_s_ < end_s_;
  }

  const ServeGenClient* client_;
  double window_s_, end_s_, scale_;
  RandomStream random_;
  double now_s_;
  std::size_t window_ = 0;
  std::uint64_t index_ = 0;
};

class ComposedStream final : public RequestStream {
 public:
  ComposedStream(std::shared_ptr<const ServeGenClients> clients, double begin_s, double end_s,
                 double scale, std::uint64_t seed)
      : clients_(std::move(clients)), begin_s_(begin_s) {
    const RandomStream random(seed, "servegen");
    for (const ServeGenClient& client : clients_->clients) {
      arrivals_.emplace_back(client, clients_->window_s, begin_s, end_s, scale,
                             random.at(static_cast<std::uint64_t>(client.id)));
      push(arrivals_.size() - 1);
    }
  }

  bool next(Request& request) override {
    if (due_.empty()) return false;
    const std::size_t client = due_.top().client;
    due_.pop();
    request.id = RequestId(count_);
    request.session = SessionId(count_++);
    request.arrival = Time(rounded(Seconds(arrivals_[client].now_s() - begin_s_)));
    request.max_output = Tokens(0);
    request.prefix_blocks.clear();
    arrivals_[client].draw_lengths(request);
    push(client);
    return true;
  }

  std::vector<std::string> notes() const override { return clients_->notes; }

 private:
  struct Due {
    double now_s;
    std::size_t client;
    bool operator<(const Due& o) const {  // a queue's top is its greatest
      return now_s != o.now_s ? now_s > o.now_s : client > o.client;
    }
  };

  void push(std::size_t client) {
    if (arrivals_[client].advance()) due_.push({arrivals_[client].now_s(), client});
  }

  std::shared_ptr<const ServeGenClients> clients_;
  double begin_s_;
  std::vector<ClientArrivals> arrivals_;
  std::priority_queue<Due> due_;
  std::uint64_t count_ = 0;
};

}  // namespace

std::unique_ptr<RequestStream> compose_servegen(std::shared_ptr<const ServeGenClients> clients,
                                                double begin_s, double end_s, double scale,
                                                std::uint64_t seed) {
  return std::make_unique<ComposedStream>(std::move(clients), begin_s, end_s, scale, seed);
}

}  // namespace inferbench
