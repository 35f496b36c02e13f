#include "harness/micro/points.hpp"

#include <algorithm>
#include <set>
#include <tuple>

#include "harness/base/error.hpp"
#include "harness/catalog/catalog.hpp"
#include "harness/micro/model_shapes.hpp"
#include "harness/micro/row.hpp"
#include "kernels/registry.hpp"

namespace inferbench {
namespace {

constexpr std::size_t kMostCases = 100'000;

bool contains(const std::vector<std::string>& list, const std::string& item) {
  return std::find(list.begin(), list.end(), item) != list.end();
}

std::vector<const Op*> chosen_ops(const std::vector<std::string>& wanted) {
  std::vector<const Op*> ops;
  for (const std::string& name : wanted) {
    if (name == "all") {
      for (const Op& op : kernel_ops()) ops.push_back(&op);
    } else {
      ops.push_back(&kernel_op(name));
    }
  }
  if (ops.empty()) throw Error("bench", "no op given", "", "`inferbench list kernels` shows all");
  return ops;
}

bool has_axis(const Op& op, const std::string& name) {
  return std::any_of(op.axes.begin(), op.axes.end(),
                     [&](const Axis& axis) { return axis.name == name; });
}

const AxisValues* find_axis(const BenchRequest& request, const std::string& name) {
  for (const AxisValues& axis : request.axes) {
    if (axis.name == name) return &axis;
  }
  return nullptr;
}

// The names are known to one of the ops at least, and no axis is given twice.
void check_names(const std::vector<const Op*>& ops, const BenchRequest& request) {
  std::set<std::string> axes = {"model", "tp"}, formats = {"all"};
  for (const Op* op : ops) {
    for (const Axis& axis : op->axes) axes.insert(axis.name);
    formats.insert(op->formats.begin(), op->formats.end());
  }
  const std::string place = ops.size() == 1 ? ops.front()->name : "bench";
  for (const AxisValues& axis : request.axes) {
    if (const AxisValues* first = find_axis(request, axis.name); first != &axis) {
      throw Error("-a " + axis.text, "names " + axis.name + " again, after -a " + first->text,
                  "an axis is given once", "several values are one list: -a " + axis.name + "=1,2");
    }
    if (!axes.contains(axis.name)) {
      throw unknown_name(place, "axis", axis.name, {axes.begin(), axes.end()},
                         "inferbench list kernels");
    }
  }
  for (const std::string& format : request.formats) {
    if (!formats.contains(format)) {
      throw unknown_name(place, "format", format, {formats.begin(), formats.end()},
                         "inferbench list kernels");
    }
  }
}

// A place in a model, or nothing but the presets.
struct Base {
  std::map<std::string, std::int64_t> axes;
  std::map<std::string, std::string> tags;
};

std::vector<Base> bases_of(const Op& op, const BenchRequest& request) {
  const AxisValues* models = find_axis(request, "model");
  const AxisValues* tps = find_axis(request, "tp");
  if (models == nullptr) {
    if (tps != nullptr) throw Error("-a " + tps->text, "shards nothing", "tp needs a model");
    return {{{}, request.tags}};
  }
  std::vector<Base> bases;
  for (const std::string& name : models->values) {
    const ModelSpec model = find_model(name, "-a " + models->text);
    for (const std::int64_t tp : tps ? axis_numbers(*tps) : std::vector<std::int64_t>{1}) {
      for (LayerShape& shape : model_shapes(op.name, model, tp)) {
        Base base{std::move(shape.axes), request.tags};
        base.tags["model"] = model.name;
        base.tags["layer"] = shape.layer;
        base.tags["tp"] = std::to_string(tp);
        bases.push_back(std::move(base));
      }
    }
  }
  return bases;
}

std::vector<std::string> formats_of(const Op& op, const BenchRequest& request) {
  if (request.formats.empty()) return {op.formats.front()};
  if (contains(request.formats, "all")) return op.formats;
  std::vector<std::string> formats;
  for (const std::string& format : request.formats) {
    if (contains(op.formats, format)) formats.push_back(format);
  }
  return formats;
}

class Expansion {
 public:
  explicit Expansion(const BenchRequest& request) : request_(request) {}

  void add(const Op& op) {
    axes_.clear();
    for (const AxisValues& axis : request_.axes) {
      if (has_axis(op, axis.name)) axes_.emplace_back(axis.name, axis_numbers(axis));
    }
    for (const Base& base : bases_of(op, request_)) {
      for (const auto& [name, sizes] : axes_) {
        if (base.axes.contains(name)) {
          throw Error("-a " + name, "is set by the model", "", "give either of the two");
        }
      }
      for (const std::string& format : formats_of(op, request_)) {
        add_sizes(op, format, base, base.axes, 0);
      }
    }
  }
  std::vector<BenchCase> take() { return without_duplicates(std::move(cases_)); }

 private:
  void add_sizes(const Op& op, const std::string& format, const Base& base,
                 const std::map<std::string, std::int64_t>& sizes, std::size_t axis) {
    if (axis == axes_.size()) return add_case(op, format, base, sizes);
    auto with = sizes;
    for (const std::int64_t size : axes_[axis].second) {
      with[axes_[axis].first] = size;
      add_sizes(op, format, base, with, axis + 1);
    }
  }

  void add_case(const Op& op, const std::string& format, const Base& base,
                const std::map<std::string, std::int64_t>& sizes) {
    if (cases_.size() == kMostCases) {
      throw Error("bench", "more than " + std::to_string(kMostCases) + " cases", "",
                  "ask for fewer values");
    }
    BenchCase c;
    c.kernel = make_case(op.name, format, sizes, request_.seed, request_.fill);
    c.tags = base.tags;
    c.implementations = select_implementations(c.kernel, request_.providers);
    c.reference_asked_for = contains(request_.providers, "reference");
    if (c.implementations.empty())
      c.unusable = "no implementation of " + op.name + " was asked for";
    cases_.push_back(std::move(c));
  }

  const BenchRequest& request_;
  std::vector<std::pair<std::string, std::vector<std::int64_t>>> axes_;
  std::vector<BenchCase> cases_;
};

}  // namespace

std::vector<BenchCase> expand(const BenchRequest& request) {
  const std::vector<const Op*> ops = chosen_ops(request.ops);
  check_names(ops, request);
  std::vector<std::string> names;
  names.reserve(ops.size());
  for (const Op* op : ops) names.push_back(op->name);
  check_providers(names, request.providers);
  Expansion expansion(request);
  for (const Op* op : ops) expansion.add(*op);
  return expansion.take();
}

std::vector<BenchCase> without_duplicates(std::vector<BenchCase> cases) {
  using Key = std::tuple<std::string, std::string, std::map<std::string, std::int64_t>,
                         std::map<std::string, std::string>>;
  std::set<Key> seen;
  std::vector<BenchCase> kept;
  for (BenchCase& c : cases) {
    auto tags = c.tags;
    std::erase_if(tags, [](const auto& tag) { return names_a_list(tag.first); });
    if (seen.insert({c.kernel.op, c.kernel.format, c.kernel.axes, tags}).second) {
      kept.push_back(std::move(c));
    }
  }
  return kept;
}

namespace {

// The first own one that supports the case on a device; else the first that computes its format, to
// say why not.
const Implementation* best_on(const KernelCase& kernel_case, Device device) {
  if (device == Device::cpu) return &preferred(kernel_case);
  const Implementation* first = nullptr;
  for (const Implementation* i : implementations_of(kernel_case.op, device)) {
    if (i->provider != "own" || !contains(i->formats, kernel_case.format)) continue;
    if (supports(*i, kernel_case).ok) return i;
    if (first == nullptr) first = i;
  }
  return first;
}

}  // namespace

std::vector<BenchCase> on_device(std::vector<BenchCase> cases,
                                 const std::vector<std::string>& words, Device device) {
  for (BenchCase& c : cases) {
    if (c.implementations.empty() && c.kernel.axes.empty()) continue;  // an op of nobody here
    c.implementations = select_implementations(c.kernel, words, device);
    if (!c.implementations.empty()) continue;
    c.unusable = "no implementation of " + c.kernel.op + " " + c.kernel.format + " on " +
                 std::string(name(device)) + " was asked for or exists";
  }
  return cases;
}

std::vector<const Implementation*> select_implementations(const KernelCase& kernel_case,
                                                          const std::vector<std::string>& words,
                                                          Device device) {
  const bool all = words.empty() || contains(words, "all");
  const Implementation* best = contains(words, "best") ? best_on(kernel_case, device) : nullptr;
  std::vector<const Implementation*> chosen;
  for (const Implementation* i : implementations_of(kernel_case.op, device)) {
    const bool vendor = i->provider != "own" && i->provider != "reference";
    if (contains(words, i->name)) {
      chosen.push_back(i);
      continue;
    }
    if (!contains(i->formats, kernel_case.format)) continue;
    if (all || i == best || contains(words, i->provider) || (vendor && contains(words, "vendor"))) {
      chosen.push_back(i);
    }
  }
  return chosen;
}

void check_providers(const std::vector<std::string>& ops, const std::vector<std::string>& words) {
  std::set<std::string> known = {"all", "best", "own", "reference", "vendor"};
  for (const std::string& op : ops) {
    for (const Device device : {Device::cpu, Device::cuda}) {
      for (const Implementation* i : implementations_of(op, device)) {
        known.insert(i->name);
        known.insert(i->provider);
      }
    }
  }
  for (const std::string& word : words) {
    if (!known.contains(word)) {
      throw unknown_name("--provider", "provider", word, {known.begin(), known.end()},
                         "inferbench list kernels");
    }
  }
}

}  // namespace inferbench
