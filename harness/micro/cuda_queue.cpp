#include "harness/micro/cuda_queue.hpp"

#include <algorithm>
#include <iterator>

#include "kernels/cuda/load_module.hpp"

namespace inferbench {
namespace {

constexpr std::uint64_t kBlockTimeoutNs = 2'000'000'000;
constexpr std::size_t kTakenAtOnce = 4096;

class CudaGraph final : public DeviceGraph {
 public:
  CudaGraph(const InferbenchCudaTable& table, void* graph) : table_(table), graph_(graph) {}
  ~CudaGraph() override { table_.graph_release(graph_); }
  CudaGraph(const CudaGraph&) = delete;
  CudaGraph& operator=(const CudaGraph&) = delete;
  void launch() override { cuda_check(table_.graph_launch(graph_), "launching a graph"); }

 private:
  const InferbenchCudaTable& table_;
  void* graph_;
};

}  // namespace

void CudaQueue::block() {
  cuda_check(table_.block(kBlockTimeoutNs), "blocking the queue");
}

void CudaQueue::mark(int event) {
  cuda_check(table_.mark(event), "marking");
}

double CudaQueue::between_ns(int first, int last) {
  double ns = 0;
  cuda_check(table_.between(first, last, &ns), "reading events");
  return ns;
}

void CudaQueue::stamp(int slot) {
  cuda_check(table_.stamp(slot), "stamping");
}

DeviceStamp CudaQueue::stamped(int slot) {
  InferbenchCudaStamp stamp = {};
  cuda_check(table_.stamped(slot, &stamp), "reading a stamp");
  return {stamp.global_ns, stamp.cycles};
}

void CudaQueue::synchronise() {
  cuda_check(table_.synchronise(), "waiting for the GPU");
}

// Its first launch uploads it, which behind a blocking kernel would wait for ever.
std::unique_ptr<DeviceGraph> CudaQueue::capture(const std::function<void()>& launches) {
  cuda_check(table_.capture_begin(), "capturing");
  void* graph = nullptr;
  try {
    launches();
  } catch (...) {
    table_.capture_end(&graph);
    throw;
  }
  cuda_check(table_.capture_end(&graph), "capturing");
  auto captured = std::make_unique<CudaGraph>(table_, graph);
  captured->launch();
  synchronise();
  return captured;
}

void CudaTrace::start() {
  cuda_check(table_.trace_start(), "tracing");
}

void CudaTrace::push(std::uint64_t id) {
  cuda_check(table_.trace_push(id), "tracing");
}

void CudaTrace::pop() {
  cuda_check(table_.trace_pop(), "tracing");
}

DeviceTraceCounts CudaTrace::counts() {
  InferbenchCudaTraceCounts counts = {};
  table_.trace_counts(&counts);
  return {counts.invalid, counts.lost};
}

std::vector<DeviceRecord> CudaTrace::take() {
  cuda_check(table_.trace_flush(), "flushing records");
  std::vector<DeviceRecord> taken;
  std::vector<InferbenchCudaRecord> part(kTakenAtOnce);
  for (std::size_t got = 0; (got = table_.trace_take(part.data(), part.size())) > 0;) {
    for (std::size_t i = 0; i < got; ++i) {
      const InferbenchCudaRecord& from = part[i];
      DeviceRecord record{.id = from.id,
                          .start = from.start,
                          .end = from.end,
                          .name = from.name,
                          .registers = from.registers,
                          .shared_bytes = from.shared_bytes};
      std::copy(std::begin(from.grid), std::end(from.grid), record.grid);
      std::copy(std::begin(from.block), std::end(from.block), record.block);
      taken.push_back(std::move(record));
    }
  }
  return taken;
}

}  // namespace inferbench
