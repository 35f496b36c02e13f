#include "workloads/write_trace.hpp"

#include <unordered_map>

#include "harness/base/error.hpp"
#include "workloads/traces/workload_jsonl.hpp"

namespace inferbench {
namespace {

constexpr std::size_t kPiece = 1 << 20;
constexpr std::int64_t kMooncakeBlock = 512;

void append_mooncake(std::string& out, const Request& request) {
  // Whole milliseconds, rounded down: other readers take integers.
  const std::int64_t ms = request.arrival.time_since_epoch().count() / 1'000'000;
  out += "{\"timestamp\": " + std::to_string(ms);
  out += ", \"input_length\": " + std::to_string(request.input.count());
  out += ", \"output_length\": " + std::to_string(request.output.count());
  out += ", \"hash_ids\": [";
  for (std::size_t i = 0; i < request.prefix_blocks.size(); ++i) {
    if (i > 0) out += ", ";
    out += std::to_string(request.prefix_blocks[i]);
  }
  out += "]}\n";
}

void refuse_block_size(const WorkloadInfo& info) {
  const std::int64_t size = info.block_tokens.count();
  if (size == 0 || size == kMooncakeBlock) return;
  throw Error("--format mooncake",
              info.source + " has prefix blocks of " + std::to_string(size) + " tokens",
              "hash_ids are for blocks of 512 tokens", "--format jsonl keeps them");
}

}  // namespace

std::vector<std::string> trace_output_names() {
  return {"jsonl", "mooncake"};
}

TraceOutput parse_trace_output(std::string_view name, const std::string& place) {
  if (name == "jsonl") return TraceOutput::jsonl;
  if (name == "mooncake") return TraceOutput::mooncake;
  throw unknown_name(place, "trace format to write", name, trace_output_names());
}

void write_trace(RequestSource& source, TraceOutput format, bool short_hashes,
                 const std::function<void(std::string_view)>& write) {
  const WorkloadInfo info = source.info();
  std::unordered_map<std::uint64_t, std::uint64_t> numbers;
  std::string out;
  if (format == TraceOutput::jsonl) {
    out = workload_jsonl_header(info);
  } else {
    refuse_block_size(info);
  }
  while (source.next_arrival() != kNever) {
    Request request = source.pop();
    for (std::uint64_t& block : request.prefix_blocks) {
      if (short_hashes) block = numbers.try_emplace(block, numbers.size()).first->second;
    }
    if (format == TraceOutput::jsonl) {
      append_workload_jsonl(out, request, info.conversations);
    } else {
      append_mooncake(out, request);
    }
    if (out.size() >= kPiece) {
      write(out);
      out.clear();
    }
  }
  write(out);
}

}  // namespace inferbench
