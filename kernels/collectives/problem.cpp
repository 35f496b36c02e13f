#include "kernels/collectives/problem.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "harness/base/error.hpp"
#include "kernels/cpu/convert.hpp"

namespace inferbench {
namespace {

constexpr std::size_t kGuard = 4096;  // bytes before and after
constexpr std::byte kGuardByte{0xA5}, kPoison{0xFF};

// SplitMix64's finaliser over the three coordinates of an element.
std::uint64_t mixed(std::uint64_t seed, std::uint64_t rank, std::uint64_t index) {
  std::uint64_t z =
      seed * 0x9E3779B97F4A7C15U + rank * 0xD1B54A32D192ED03U + (index + 1) * 0x8CB92BA72F3D8DD7U;
  z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9U;
  z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
  return z ^ (z >> 31U);
}

std::size_t as_index(int rank) {
  return static_cast<std::size_t>(rank);
}

// Half the distance between neighbouring numbers, relative to them.
double rounding_of(ElementType type) {
  switch (type) {
    case ElementType::fp32:
      return std::ldexp(1.0, -24);
    case ElementType::fp16:
      return std::ldexp(1.0, -11);
    case ElementType::bf16:
      return std::ldexp(1.0, -8);
    case ElementType::int32:
    case ElementType::bytes:
      break;
  }
  return 0;
}

double read_element(const std::byte* at, ElementType type) {
  std::uint16_t half = 0;
  float single = 0;
  std::int32_t whole = 0;
  switch (type) {
    case ElementType::bytes:
      return std::to_integer<int>(*at);
    case ElementType::int32:
      std::memcpy(&whole, at, sizeof whole);
      return whole;
    case ElementType::fp32:
      std::memcpy(&single, at, sizeof single);
      return static_cast<double>(single);
    case ElementType::bf16:
      std::memcpy(&half, at, sizeof half);
      return static_cast<double>(bf16_to_float(half));
    case ElementType::fp16:
      std::memcpy(&half, at, sizeof half);
      return static_cast<double>(fp16_to_float(half));
  }
  return 0;
}

// The element that 64 random bits make: floats in [-1, 1).
template <ElementType kType>
auto drawn(std::uint64_t bits) {
  const auto uniform = static_cast<float>(bits >> 40U) * 0x1p-23F - 1;  // exact
  if constexpr (kType == ElementType::bytes) {
    return static_cast<std::uint8_t>(bits);
  } else if constexpr (kType == ElementType::int32) {
    return static_cast<std::int32_t>(bits >> 32U);
  } else if constexpr (kType == ElementType::bf16) {
    return float_to_bf16(uniform);
  } else if constexpr (kType == ElementType::fp16) {
    return float_to_fp16(uniform);
  } else {
    return uniform;
  }
}

// Writes elements [from, from + count) of a rank.
template <ElementType kType>
void draw(std::byte* to, std::uint64_t seed, std::size_t rank, std::size_t from,
          std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    const auto element = drawn<kType>(mixed(seed, rank, from + i));
    std::memcpy(to + i * sizeof element, &element, sizeof element);
  }
}

using DrawFunction = void (*)(std::byte*, std::uint64_t, std::size_t, std::size_t, std::size_t);
DrawFunction draw_of(ElementType type) {
  switch (type) {
    case ElementType::bytes:
      return draw<ElementType::bytes>;
    case ElementType::int32:
      return draw<ElementType::int32>;
    case ElementType::bf16:
      return draw<ElementType::bf16>;
    case ElementType::fp16:
      return draw<ElementType::fp16>;
    case ElementType::fp32:
      break;
  }
  return draw<ElementType::fp32>;
}

bool on_blocks(Collective kind) {
  return kind == Collective::all_gather || kind == Collective::reduce_scatter ||
         kind == Collective::all_to_all || kind == Collective::all_to_all_v;
}

// All ranks' elements at `index` as one.
CollectiveProblem::Expected combined(const CollectiveProblem& problem, std::size_t index) {
  double result = problem.input(0, index), magnitude = std::abs(result);
  for (int rank = 1; rank < problem.ranks; ++rank) {
    const double term = problem.input(rank, index);
    magnitude += std::abs(term);
    if (problem.reduction == Reduction::max) {
      result = std::max(result, term);
    } else if (problem.reduction == Reduction::min) {
      result = std::min(result, term);
    } else {
      result += term;
    }
  }
  const bool selects = problem.reduction == Reduction::max || problem.reduction == Reduction::min;
  const int divisor = problem.reduction == Reduction::average ? problem.ranks : 1;
  if (problem.type == ElementType::int32 && !selects) {
    const auto sum = static_cast<std::int32_t>(
        static_cast<std::uint32_t>(static_cast<std::int64_t>(result)));  // wraps around
    const std::int32_t quotient = sum / divisor;  // towards zero, as in integers
    return {static_cast<double>(quotient), 0};
  }
  // One rounding per addition and one of the quotient, whatever the order.
  return {result / divisor,
          selects ? 0 : 1.01 * problem.ranks * rounding_of(problem.type) * magnitude / divisor};
}

}  // namespace

CollectiveProblem CollectiveProblem::shaped(CollectiveProblem wanted) {
  if (on_blocks(wanted.kind)) wanted.count -= wanted.count % as_index(wanted.ranks);
  return wanted;
}

std::size_t CollectiveProblem::block(int from, int to) const {
  const std::size_t mean = count / as_index(ranks);
  return mixed(seed, as_index(from), as_index(to) + (1U << 20U)) % (2 * mean + 1);
}

std::size_t CollectiveProblem::in_elements(int rank) const {
  switch (kind) {
    case Collective::all_gather:
      return count / as_index(ranks);
    case Collective::broadcast:
      return rank == root ? count : 0;
    case Collective::all_to_all_v: {
      std::size_t sum = 0;
      for (int to = 0; to < ranks; ++to) sum += block(rank, to);
      return sum;
    }
    default:
      return !ping_pong || rank == 0 ? count : 0;
  }
}

std::size_t CollectiveProblem::out_elements(int rank) const {
  switch (kind) {
    case Collective::reduce_scatter:
      return count / as_index(ranks);
    case Collective::reduce:
      return rank == root ? count : 0;
    case Collective::all_to_all_v: {
      std::size_t sum = 0;
      for (int from = 0; from < ranks; ++from) sum += block(from, rank);
      return sum;
    }
    default:
      return !ping_pong || rank == 0 || rank == ranks - 1 ? count : 0;
  }
}

std::size_t CollectiveProblem::busiest_bytes() const {
  if (kind != Collective::all_to_all_v) return message_bytes();
  std::size_t most = 0;
  for (int rank = 0; rank < ranks; ++rank) {
    most = std::max(most, in_elements(rank) - block(rank, rank));
  }
  return most * size_of(type);
}

std::size_t CollectiveProblem::total_bytes() const {
  if (kind != Collective::all_to_all_v) return message_bytes();
  std::size_t sum = 0;
  for (int rank = 0; rank < ranks; ++rank) sum += in_elements(rank) - block(rank, rank);
  return sum * size_of(type);
}

double CollectiveProblem::input(int rank, std::size_t index) const {
  std::byte element[sizeof(float)];
  draw_of(type)(element, seed, as_index(rank), index, 1);
  return read_element(element, type);
}

CollectiveProblem::Expected CollectiveProblem::expected(int rank, std::size_t index) const {
  const std::size_t even = on_blocks(kind) ? count / as_index(ranks) : count;
  switch (kind) {
    case Collective::all_reduce:
    case Collective::reduce:
      return combined(*this, index);
    case Collective::reduce_scatter:
      return combined(*this, as_index(rank) * even + index);
    case Collective::all_gather:
      return {input(static_cast<int>(index / even), index % even), 0};
    case Collective::all_to_all:
      return {input(static_cast<int>(index / even), as_index(rank) * even + index % even), 0};
    case Collective::broadcast:
      return {input(root, index), 0};
    case Collective::send_receive:
      return {input(ping_pong ? 0 : (rank + ranks - 1) % ranks, index), 0};
    case Collective::all_to_all_v:
      break;
  }
  int from = 0;
  for (; index >= block(from, rank); ++from) index -= block(from, rank);
  for (int to = 0; to < rank; ++to) index += block(from, to);
  return {input(from, index), 0};
}

RankBuffers::RankBuffers(const CollectiveProblem& problem, int rank, bool in_place)
    : problem_(problem), rank_(rank) {
  ensure(!in_place || problem.kind != Collective::all_to_all_v, "all_to_all_v is out of place");
  const std::size_t size = size_of(problem.type);
  const std::size_t in_bytes = problem.in_elements(rank) * size;
  const std::size_t out_bytes = problem.out_elements(rank) * size;
  const std::size_t whole = in_place ? std::max(in_bytes, out_bytes) : in_bytes;
  in_memory_ = Buffer<std::byte>(whole + 2 * kGuard);
  out_memory_ = Buffer<std::byte>(in_place ? 0 : out_bytes + 2 * kGuard);
  std::byte* in = in_memory_.data() + kGuard;
  std::byte* out = in_place ? in : out_memory_.data() + kGuard;
  if (in_place && problem.kind == Collective::all_gather) in += as_index(rank) * in_bytes;
  if (in_place && problem.kind == Collective::reduce_scatter) out += as_index(rank) * out_bytes;
  call_ = {.in = {in, in_bytes},
           .out = {out, out_bytes},
           .type = problem.type,
           .reduction = problem.reduction,
           .root = problem.root,
           .send_bytes = {},
           .receive_bytes = {}};
  if (problem.kind != Collective::all_to_all_v) return;
  for (int other = 0; other < problem.ranks; ++other) {
    call_.send_bytes.push_back(problem.block(rank, other) * size);
    call_.receive_bytes.push_back(problem.block(other, rank) * size);
  }
}

void RankBuffers::prepare() {
  for (Buffer<std::byte>* memory : {&in_memory_, &out_memory_}) {
    if (memory->size() == 0) continue;
    std::fill_n(memory->data(), memory->size(), kPoison);
    std::fill_n(memory->data(), kGuard, kGuardByte);
    std::fill_n(memory->data() + memory->size() - kGuard, kGuard, kGuardByte);
  }
  // The buffer is this rank's own; call_ sees it as the collective does, read only.
  draw_of(problem_.type)(in_memory_.data() + (call_.in.data() - in_memory_.data()), problem_.seed,
                         as_index(rank_), 0, problem_.in_elements(rank_));
}

RankBuffers::Result RankBuffers::verify(std::size_t most) const {
  Result result;
  const std::size_t size = size_of(problem_.type);
  const std::size_t elements = problem_.out_elements(rank_);
  const auto compare = [&](std::size_t i) {
    const CollectiveProblem::Expected want = problem_.expected(rank_, i);
    const double error =
        std::abs(read_element(call_.out.data() + i * size, problem_.type) - want.value);
    ++result.compared;
    if (!(error <= want.tolerance)) ++result.wrong;  // a NaN is wrong
    if (want.tolerance > 0) result.worst = std::max(result.worst, error / want.tolerance);
  };
  // An odd step meets every place in a cache line; the last ones are where splits go wrong.
  const std::size_t step = elements <= most ? 1 : (elements / most) | 1U;
  const std::size_t tail = step == 1 ? 0 : std::min<std::size_t>(elements, 1024);
  for (std::size_t i = 0; i + tail < elements; i += step) compare(i);
  for (std::size_t i = elements - tail; i < elements; ++i) compare(i);
  for (const Buffer<std::byte>* memory : {&in_memory_, &out_memory_}) {
    if (memory->size() == 0) continue;
    const auto intact = [&](std::size_t from) {
      return std::all_of(memory->data() + from, memory->data() + from + kGuard,
                         [](std::byte b) { return b == kGuardByte; });
    };
    if (!intact(0) || !intact(memory->size() - kGuard)) result.guards_intact = false;
  }
  return result;
}

}  // namespace inferbench
