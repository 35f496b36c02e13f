#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "harness/base/error.hpp"
#include "workloads/request_source.hpp"
#include "workloads/request_stream.hpp"
#include "workloads/traces/byte_source.hpp"
#include "workloads/traces/row_reader.hpp"

namespace inferbench {

inline std::vector<Request> drain(RequestStream& stream, std::size_t most = 10'000'000) {
  std::vector<Request> requests;
  Request request;
  while (requests.size() < most && stream.next(request)) requests.push_back(request);
  return requests;
}

inline std::vector<Request> drain(RequestSource& source) {
  std::vector<Request> requests;
  while (source.next_arrival() != kNever) {
    const Time due = source.next_arrival();
    requests.push_back(source.pop());
    EXPECT_EQ(requests.back().arrival, due);
  }
  return requests;
}

// `text` as a file named "trace"; kept until the program ends.
inline std::unique_ptr<ByteSource> trace_text(std::string text) {
  static std::deque<std::string> kept;
  kept.push_back(std::move(text));
  return open_text("trace", kept.back());
}

using Read = std::unique_ptr<RequestStream> (*)(std::unique_ptr<ByteSource>, const TraceOptions&);

inline std::vector<Request> read_text(Read read, std::string_view text,
                                      const TraceOptions& options = {}) {
  const auto stream = read(trace_text(std::string(text)), options);
  return drain(*stream);
}

// The message of the Error that `action` throws; "" and a failure when it throws none.
template <class Action>
std::string error_of(const Action& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  ADD_FAILURE() << "no Error was thrown";
  return "";
}

inline std::string error_of(Read read, std::string_view text, const TraceOptions& options = {}) {
  return error_of([&] { read_text(read, text, options); });
}

// Every part of `parts` occurs in `text`.
inline void expect_parts(const std::string& text, const std::vector<std::string>& parts) {
  for (const std::string& part : parts) {
    EXPECT_NE(text.find(part), std::string::npos) << "\"" << part << "\" is not in: " << text;
  }
}

inline std::int64_t ns(const Request& request) {
  return request.arrival.time_since_epoch().count();
}

// Requests of `input`/`output` tokens at the given seconds.
inline Request request_at(double seconds, std::int64_t input = 10, std::int64_t output = 5) {
  Request request;
  request.arrival = Time(rounded(Seconds(seconds)));
  request.input = Tokens(input);
  request.output = Tokens(output);
  return request;
}

// A stream over requests in memory, ids and sessions counted up where the session is not given.
class ListStream final : public RequestStream {
 public:
  explicit ListStream(std::vector<Request> requests) : requests_(std::move(requests)) {
    for (std::size_t i = 0; i < requests_.size(); ++i) requests_[i].id = RequestId(i);
  }
  bool next(Request& request) override {
    if (next_ == requests_.size()) return false;
    request = requests_[next_++];
    return true;
  }
  std::string place() const override { return "list:" + std::to_string(next_); }

 private:
  std::vector<Request> requests_;
  std::size_t next_ = 0;
};

// The same with every request a conversation of its own.
inline std::unique_ptr<RequestStream> lone_requests(std::vector<Request> requests) {
  for (std::size_t i = 0; i < requests.size(); ++i) requests[i].session = SessionId(i);
  return std::make_unique<ListStream>(std::move(requests));
}

}  // namespace inferbench
