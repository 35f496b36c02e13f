#include "harness/collectives/rank_stage.hpp"

#include <sched.h>

#include <algorithm>
#include <cstring>
#include <set>

#include "harness/base/error.hpp"
#include "harness/timing/pinning.hpp"
#include "harness/timing/stopwatch.hpp"
#include "kernels/collectives/collectives.hpp"

namespace inferbench {
namespace {

cpu_set_t own_cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  sched_getaffinity(0, sizeof set, &set);
  return set;
}

void use(const cpu_set_t& cores) {
  sched_setaffinity(0, sizeof cores, &cores);
}

// mpirun may bind a process to one core; threads in its place are as many ranks as it has
// neighbours, and use the cores that those leave.
cpu_set_t all_cores() {
  const cpu_set_t given = own_cores();
  cpu_set_t every;
  std::memset(&every, 0xFF, sizeof every);
  use(every);  // the system takes away what is not allowed
  const cpu_set_t all = own_cores();
  use(given);
  return all;
}

RankReading between(const Reading& begin, const Reading& end, std::int64_t runs) {
  const auto per_run = [runs](Duration d) {
    return static_cast<double>(d.count()) / static_cast<double>(runs);
  };
  return {per_run(end.wall - begin.wall), per_run(end.cpu - begin.cpu),
          end.preemptions > begin.preemptions};
}

RankReading of_all(const std::vector<RankReading>& ranks) {
  RankReading all;
  for (const RankReading& rank : ranks) {
    all.wall_ns = std::max(all.wall_ns, rank.wall_ns);
    all.cpu_ns += rank.cpu_ns / static_cast<double>(ranks.size());
    all.preempted = all.preempted || rank.preempted;
  }
  return all;
}

}  // namespace

std::string_view name(Transport transport) {
  return transport == Transport::threads ? "threads" : "mpi";
}

Transport transport(std::string_view wanted, const std::string& place) {
  for (const Transport known : {Transport::threads, Transport::mpi}) {
    if (name(known) == wanted) return known;
  }
  throw unknown_name(place, "transport", wanted, {"threads", "mpi"});
}

RankStage::RankStage(bool with_mpi) {
  if (with_mpi) mpi_ = std::make_unique<MpiWorld>();
  given_ = own_cores();
  usable_ = with_mpi ? all_cores() : given_;
}

RankStage::~RankStage() = default;

std::string RankStage::mpi_version() const {
  return mpi_ ? mpi_->version() : "";
}

std::vector<std::string> RankStage::host_names() const {
  if (!mpi_) return {};
  constexpr std::size_t kName = 256;
  std::string own = mpi_->host();
  own.resize(kName);
  std::vector<char> all(kName * static_cast<std::size_t>(processes()));
  gather(std::as_bytes(std::span(own)), std::as_writable_bytes(std::span(all)));
  std::set<std::string> names;
  for (std::size_t at = 0; at < all.size(); at += kName) names.insert(all.data() + at);
  return {names.begin(), names.end()};
}

unsigned RankStage::cores() const {
  return static_cast<unsigned>(std::max(1, CPU_COUNT(&usable_)));
}

ThreadWorld& RankStage::threads(int ranks) {
  std::unique_ptr<ThreadWorld>& world = threads_[ranks];
  if (!world) {
    world = std::make_unique<ThreadWorld>(ranks, cores());
    world->run([&](Communicator& comm) { place(comm.rank(), ranks); });
  }
  return *world;
}

// One core each, while there are enough.
void RankStage::place(int rank, int ranks) const {
  use(usable_);
  if (static_cast<unsigned>(ranks) <= cores()) pin_to_allowed_core(static_cast<unsigned>(rank));
}

void RankStage::run(Transport transport, int ranks,
                    const std::function<void(Communicator&)>& body) {
  if (transport == Transport::mpi) {
    use(given_);
    return body(mpi_->communicator());
  }
  if (leads()) {
    ThreadWorld& world = threads(ranks);
    place(0, ranks);  // this thread is the first rank of every world
    world.run(body);
  }
  if (mpi_) mpi_->sleepy_barrier();
}

RankReading RankStage::time(Transport transport, int ranks, std::int64_t runs,
                            const std::function<void(Communicator&)>& body) {
  std::vector<RankReading> readings(static_cast<std::size_t>(ranks));
  RankReading own;
  run(transport, ranks, [&](Communicator& comm) {
    ThreadStopwatch stopwatch;
    comm.barrier();
    const Reading begin = stopwatch.begin();
    for (std::int64_t i = 0; i < runs; ++i) body(comm);
    const Reading end = stopwatch.end();
    readings[static_cast<std::size_t>(comm.rank())] = between(begin, end, runs);
  });
  if (transport == Transport::mpi) {
    own = readings[static_cast<std::size_t>(mpi_->rank())];
    gather(std::as_bytes(std::span(&own, 1)), std::as_writable_bytes(std::span(readings)));
  }
  return of_all(readings);
}

void RankStage::gather(ByteView own, ByteSpan all) const {
  CollectiveCall call;
  call.in = own;
  call.out = all;
  call.type = ElementType::bytes;
  collective_implementation(Collective::all_gather, "direct", "ranks")
      .run(mpi_->communicator(), call);
}

std::int64_t RankStage::agree(std::int64_t value) {
  if (!mpi_) return value;
  std::vector<std::int64_t> all(static_cast<std::size_t>(processes()));
  gather(std::as_bytes(std::span(&value, 1)), std::as_writable_bytes(std::span(all)));
  return all.front();
}

std::uint64_t RankStage::sum(std::uint64_t value) {
  if (!mpi_) return value;
  std::vector<std::uint64_t> all(static_cast<std::size_t>(processes()));
  gather(std::as_bytes(std::span(&value, 1)), std::as_writable_bytes(std::span(all)));
  std::uint64_t total = 0;
  for (const std::uint64_t one : all) total += one;
  return total;
}

}  // namespace inferbench
