#include "harness/timeline/trace_file.hpp"

#include <array>
#include <cstdio>

namespace inferbench {
namespace {

constexpr std::size_t kWriteAt = std::size_t{1} << 18;

std::string quoted(std::string_view text) {
  return '"' + std::string(text) + '"';
}

}  // namespace

TraceArgs& TraceArgs::add_json(std::string_view key, std::string_view json) {
  if (!json_.empty()) json_ += ',';
  json_.append(quoted(key)).append(":").append(json);
  return *this;
}

TraceArgs& TraceArgs::add(std::string_view key, std::int64_t value) {
  return add_json(key, std::to_string(value));
}

TraceArgs& TraceArgs::add(std::string_view key, double value) {
  std::array<char, 32> text{};
  const int length = std::snprintf(text.data(), text.size(), "%.9g", value);
  return add_json(key, std::string_view(text.data(), static_cast<std::size_t>(length)));
}

TraceArgs& TraceArgs::add(std::string_view key, std::string_view text) {
  return add_json(key, quoted(text));
}

TraceFile::TraceFile(std::string path)
    : file_(std::move(path)), buffer_(R"({"displayTimeUnit":"ns","traceEvents":[)") {}

void TraceFile::begin_event(char phase, std::string_view name, TraceLane lane) {
  if (buffer_.back() != '[') buffer_ += ',';
  buffer_.append("\n{\"ph\":\"").append(1, phase).append(R"(","name":)").append(quoted(name));
  buffer_.append(",\"pid\":").append(std::to_string(lane.process));
  buffer_.append(",\"tid\":").append(std::to_string(lane.thread));
}

void TraceFile::time(std::string_view key, std::int64_t ns) {
  std::array<char, 32> text{};
  const int length =
      std::snprintf(text.data(), text.size(), "%lld.%03lld", static_cast<long long>(ns / 1000),
                    static_cast<long long>(ns % 1000));
  buffer_.append(",").append(quoted(key)).append(":");
  buffer_.append(text.data(), static_cast<std::size_t>(length));
}

// The last character stays, because begin_event looks at it.
void TraceFile::end_event() {
  buffer_ += '}';
  if (buffer_.size() < kWriteAt) return;
  file_.write(std::string_view(buffer_).substr(0, buffer_.size() - 1));
  buffer_.erase(0, buffer_.size() - 1);
}

void TraceFile::name_process(std::int64_t process, std::string_view name) {
  begin_event('M', "process_name", {process, 0});
  buffer_.append(R"(,"args":{"name":)").append(quoted(name)).append("}");
  end_event();
}

void TraceFile::name_lane(TraceLane lane, std::string_view name) {
  begin_event('M', "thread_name", lane);
  buffer_.append(R"(,"args":{"name":)").append(quoted(name)).append("}");
  end_event();
}

void TraceFile::slice(TraceLane lane, std::string_view name, Time begin, Duration duration,
                      const TraceArgs& args) {
  begin_event('X', name, lane);
  time("ts", begin.time_since_epoch().count());
  time("dur", duration.count());
  if (!args.json().empty()) buffer_.append(",\"args\":{").append(args.json()).append("}");
  end_event();
}

void TraceFile::counter(std::int64_t process, std::string_view name, Time at,
                        const TraceArgs& values) {
  begin_event('C', name, {process, 0});
  time("ts", at.time_since_epoch().count());
  buffer_.append(",\"args\":{").append(values.json()).append("}");
  end_event();
}

void TraceFile::flow(Flow which, std::uint64_t id, TraceLane lane, Time at) {
  const char phase = which == Flow::start ? 's' : which == Flow::step ? 't' : 'f';
  begin_event(phase, "request", lane);
  time("ts", at.time_since_epoch().count());
  buffer_.append(R"(,"cat":"request","id":)").append(std::to_string(id));
  // Without it the end would bind to the slice that follows.
  if (which == Flow::end) buffer_.append(R"(,"bp":"e")");
  end_event();
}

void TraceFile::commit() {
  file_.write(buffer_);
  file_.write("\n]}\n");
  file_.commit();
}

}  // namespace inferbench
