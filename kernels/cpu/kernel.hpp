#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/error.hpp"
#include "kernels/cpu/features.hpp"
#include "kernels/shapes/work.hpp"

namespace inferbench {

// What computes: this CPU's cores, or an NVIDIA GPU.
enum class Device { cpu, cuda };
std::string_view name(Device device);  // "cuda"

// How the inputs of a case are drawn.
enum class Fill {
  normal,    // near-normal, mean 0, variance 1 (weights: 1/sqrt(k))
  outliers,  // normal, and one channel in 64 is 20 times as large, as LLM activations are
  extreme,   // magnitudes from denormals to 1e15, signs at random
};

// One problem of an op: what it computes on, by name.
struct KernelCase {
  std::string op;                            // "gemm"
  std::string format;                        // "fp32", "w8a8", "w4a16-g128": element types
  std::map<std::string, std::int64_t> axes;  // "m" -> 16
  std::uint64_t seed = 1;                    // of the inputs
  Fill fill = Fill::normal;

  std::int64_t at(const std::string& axis) const;  // ensures that the axis exists
};

// Results known to be right, for some or all elements of the output.
struct Oracle {
  std::vector<std::size_t> index;  // into the output, ascending
  std::vector<double> value;
  std::vector<double> scale;  // an error is judged relative to this: 0 means exact
  double tolerance = 0;       // largest |out - value| / scale
  std::string why;            // the reason of the tolerance
};

// A case with its inputs on the host. Each op has a class of its own, which its implementations
// know.
class Problem {
 public:
  virtual ~Problem() = default;
  virtual const KernelCase& shape() const = 0;
  virtual Work work() const = 0;
  virtual std::size_t outputs() const = 0;  // elements

  // The reference's answer for at most `most` elements, spread over the output.
  virtual Oracle oracle(std::size_t most) const = 0;

  // Rounds what arrives to what engines hand to kernels of GPUs: queries to bf16. Before binding.
  virtual void round_for_device() {}
};

// Thrown by bind: this case cannot be put in place here, for want of device memory or because the
// library has no algorithm for it. Others may be.
class CannotBind : public Failure {
 public:
  using Failure::Failure;
};

// An implementation with its inputs in place: weights packed, device memory filled. What run()
// does is what is timed.
class BoundKernel {
 public:
  virtual ~BoundKernel() = default;
  virtual void run() = 0;                       // the result is complete on return
  virtual void poison() = 0;                    // makes every output NaN and renews the guards
  virtual std::span<const float> output() = 0;  // on the host, as fp32
  virtual bool guards_intact() const = 0;

  // What the layer before has just written and a real step would find in the cache, where it can be
  // told apart from weights and cached context; otherwise empty.
  virtual std::span<const std::byte> activations() { return {}; }

  // On a device: begins the run, whose result is complete once the device has come so far; and
  // queues a read of the activations, where they can be told apart (false: they cannot).
  virtual void launch() { run(); }
  virtual bool read_activations() { return false; }
};

// One way to compute an op. CPU kernels, CUDA kernels and vendor libraries look the same here.
struct Implementation {
  std::string op;        // "gemm"
  std::string name;      // unique within the op and what --provider and tests say: "avx512"
  std::string provider;  // "reference", "own", or the library: "openblas"
  Isa needs = Isa::portable;
  std::vector<std::string> formats;  // of the op, those it computes
  std::string summary;

  // Beyond instruction set and format: sizes, or a library that is not there. Absent: always yes.
  Support (*available)(const KernelCase&) = nullptr;

  // Copies and packs what it needs of `problem`, which may go away afterwards. Threads >= 1.
  std::unique_ptr<BoundKernel> (*bind)(const Problem& problem, unsigned threads) = nullptr;

  Device device = Device::cpu;

  // Of kernels that round within the run, as tensor cores do probabilities: what the whole output
  // may be off by, relative to its root mean square; one element, eight times that. 0: the oracle's
  // tolerance holds for each element.
  double relative_error = 0;
};

// May this implementation compute this case, on a CPU with `present`?
Support supports(const Implementation& implementation, const KernelCase& kernel_case,
                 Isa present = best_isa());

// A size that a case of an op has.
struct Axis {
  std::string name;
  std::int64_t preset = 1;
  std::string meaning;
  std::int64_t minimum = 1;
};

// An operation that has implementations.
struct Op {
  std::string name, summary;
  std::vector<Axis> axes;
  std::vector<std::string> formats;  // the first is the default
  std::unique_ptr<Problem> (*problem)(const KernelCase&) = nullptr;
};

// Comparison of an output with its oracle.
struct Check {
  bool pass = false;
  double worst = 0;           // largest |out - value| / scale of the elements compared
  double tolerance = 0;       // what it was held to
  std::size_t compared = 0;   // elements
  std::size_t wrong = 0;      // of those, beyond the tolerance
  std::size_t unwritten = 0;  // of all outputs: still NaN
  std::string reason;         // why it failed; empty when it passed
};

// Poisons the outputs, runs once and compares with `oracle`; with a relative error, as
// Implementation::relative_error says.
Check check(BoundKernel& kernel, const Oracle& oracle, double relative_error = 0);

}  // namespace inferbench
