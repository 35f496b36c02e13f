#include "kernels/collectives/mpi_world.hpp"

#include <dlfcn.h>

#include <cstdlib>
#include <filesystem>
#include <string_view>

#include "harness/base/error.hpp"
#include "kernels/collectives/algorithms.hpp"
#include "kernels/collectives/mpi/module.h"

namespace inferbench {
namespace {

const InferbenchMpiTable& load_module() {
  const std::string path = mpi_module_path();
  // MPI libraries load parts of themselves, which look for its symbols among the global ones. The
  // handle stays open: unloading is where such libraries fail.
  void* module = dlopen(path.c_str(), RTLD_NOW | RTLD_GLOBAL);
  if (module == nullptr) {
    const char* why = dlerror();
    throw Error("--transport mpi", why != nullptr ? why : path + " cannot be loaded",
                "the MPI module lies beside the program where it was built with MPI",
                "apt-get install libopenmpi-dev openmpi-bin, then build again");
  }
  const auto entry = reinterpret_cast<InferbenchMpiEntry>(dlsym(module, INFERBENCH_MPI_SYMBOL));
  if (entry == nullptr || entry()->version != INFERBENCH_MPI_VERSION) {
    throw Error(path, "is of another version of inferbench", "",
                "take program and module from one build");
  }
  return *entry();
}

InferbenchMpiType library_type(const CollectiveCall& call, Collective kind) {
  if (!combines(kind)) return INFERBENCH_MPI_BYTE;
  return call.type == ElementType::int32 ? INFERBENCH_MPI_INT32 : INFERBENCH_MPI_FP32;
}

InferbenchMpiReduction library_reduction(Reduction reduction) {
  if (reduction == Reduction::max) return INFERBENCH_MPI_MAX;
  return reduction == Reduction::min ? INFERBENCH_MPI_MIN : INFERBENCH_MPI_SUM;
}

int as_count(std::size_t n) {
  ensure(n <= 0x7FFFFFFFU, "MPI counts in int");
  return static_cast<int>(n);
}

// Blocks as MPI wants them: in int.
struct Blocks {
  explicit Blocks(const std::vector<std::size_t>& bytes) {
    for (std::size_t sum = 0; const std::size_t size : bytes) {
      counts.push_back(as_count(size));
      at.push_back(as_count(sum));
      sum += size;
    }
  }
  std::vector<int> counts, at;
};

}  // namespace

class MpiWorld::Rank final : public Communicator {
 public:
  explicit Rank(const InferbenchMpiTable& table)
      : Communicator(table.rank(), table.size()), table_(table) {}

  void barrier() override { table_.barrier(); }

  void exchange(int to, ByteView out, int from, ByteSpan in) override {
    if (out.empty() && in.empty()) return;
    table_.exchange(to, out.data(), out.size(), from, in.data(), in.size());
    count_pulled(from, in.size());
  }

  void await_message(int from) override {
    constexpr unsigned kSleepUs = 20;
    table_.sleepy_probe(from, kSleepUs);
  }

  bool has_library() const override { return true; }
  void by_library(Collective kind, const CollectiveCall& call) override;

  // A message has a fixed cost of some microseconds, more than between threads.
  std::size_t piece_bytes() const override { return std::size_t{512} << 10U; }

 private:
  const InferbenchMpiTable& table_;
};

void MpiWorld::Rank::by_library(Collective kind, const CollectiveCall& call) {
  const InferbenchMpiType type = library_type(call, kind);
  const std::size_t size = type == INFERBENCH_MPI_BYTE ? 1 : size_of(call.type);
  const Blocks send(call.send_bytes), receive(call.receive_bytes);
  InferbenchMpiCall mpi = {.in = call.in_place() ? nullptr : call.in.data(),
                           .out = call.out.data(),
                           .count = static_cast<std::size_t>(as_count(call.in.size() / size)),
                           .type = type,
                           .reduction = library_reduction(call.reduction),
                           .root = call.root,
                           .send_counts = send.counts.data(),
                           .send_at = send.at.data(),
                           .receive_counts = receive.counts.data(),
                           .receive_at = receive.at.data()};
  switch (kind) {
    case Collective::all_reduce:
      return table_.all_reduce(&mpi);
    case Collective::all_gather:
      return table_.all_gather(&mpi);
    case Collective::reduce_scatter: {
      mpi.count = call.out.size() / size;
      if (!call.in_place()) return table_.reduce_scatter(&mpi);
      // MPI leaves the result in the first block, the call wants it in its own.
      std::byte* all = scratch(call.in.size());
      copy_bytes(all, call.in.data(), call.in.size(), false);
      mpi.in = all;
      return table_.reduce_scatter(&mpi);
    }
    case Collective::all_to_all:
      mpi.count = call.in.size() / static_cast<std::size_t>(this->size());
      return table_.all_to_all(&mpi);
    case Collective::all_to_all_v:
      return table_.all_to_all_v(&mpi);
    case Collective::broadcast:
      if (rank() == call.root) copy_bytes(call.out.data(), call.in.data(), call.in.size(), false);
      mpi.count = call.out.size();
      return table_.broadcast(&mpi);
    case Collective::reduce:
      return table_.reduce(&mpi);
    case Collective::send_receive:
      break;
  }
  ensure(false, "the library has this collective");
}

bool launched_by_mpi() {
  for (const char* variable : {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "PMIX_RANK"}) {
    if (std::getenv(variable) != nullptr) return true;
  }
  return false;
}

bool first_of_host() {
  for (const char* variable :
       {"OMPI_COMM_WORLD_LOCAL_RANK", "MPI_LOCALRANKID", "OMPI_COMM_WORLD_RANK", "PMI_RANK"}) {
    if (const char* rank = std::getenv(variable)) return std::string_view(rank) == "0";
  }
  return true;
}

std::string mpi_module_path() {
  std::error_code unreadable;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", unreadable);
  return (program.parent_path() / "libinferbench_mpi.so").string();
}

MpiWorld::MpiWorld(bool threads) : table_(&load_module()) {
  const bool allowed = table_->init(threads ? 1 : 0) != 0;
  if (threads && !allowed) {
    table_->finalize();
    throw Error("--transport mpi", "this MPI library lets one thread send and receive",
                "the first process has a thread for each replica",
                "a library with MPI_THREAD_MULTIPLE, or replicas as threads of one process");
  }
  rank_ = std::make_unique<Rank>(*table_);
}

MpiWorld::~MpiWorld() {
  table_->finalize();
}

int MpiWorld::rank() const {
  return table_->rank();
}
int MpiWorld::size() const {
  return table_->size();
}

std::string MpiWorld::version() const {
  char text[256] = {};
  table_->library(text, sizeof text);
  return text;
}

std::string MpiWorld::host() const {
  char text[256] = {};
  table_->host(text, sizeof text);
  return text;
}

Communicator& MpiWorld::communicator() {
  return *rank_;
}

void MpiWorld::sleepy_barrier() const {
  constexpr unsigned kSleepUs = 200;
  table_->sleepy_barrier(kSleepUs);
}

}  // namespace inferbench
