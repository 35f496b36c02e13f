#include "bench/cli/list_kernels.hpp"

#include <nlohmann/json.hpp>

#include "harness/base/text_table.hpp"
#include "harness/micro/suites.hpp"
#include "kernels/registry.hpp"

namespace inferbench {
namespace {

using nlohmann::ordered_json;

// Of its first format at the presets.
Support available(const Implementation& implementation) {
  return supports(implementation, make_case(implementation.op, implementation.formats.front(), {}));
}

std::vector<const Implementation*> on_all_devices(const std::string& op) {
  std::vector<const Implementation*> all = implementations_of(op);
  for (const Implementation* i : implementations_of(op, Device::cuda)) all.push_back(i);
  return all;
}

std::string formats_text(const std::vector<std::string>& formats, const Op& op) {
  if (formats == op.formats) return "all";
  return joined(formats);
}

std::string op_text(const Op& op) {
  std::string text = op.name + ": " + op.summary + "\n  formats: " + joined(op.formats) + "\n";
  TextTable axes({"  axis", "preset", "what"});
  for (const Axis& axis : op.axes) {
    axes.add({"  " + axis.name, std::to_string(axis.preset), axis.meaning});
  }
  TextTable implementations({"  implementation", "provider", "device", "here", "formats", "how"});
  for (const Implementation* i : on_all_devices(op.name)) {
    const Support support = available(*i);
    implementations.add({"  " + i->name, i->provider, std::string(name(i->device)),
                         support.ok ? "yes" : "no: " + support.reason, formats_text(i->formats, op),
                         i->summary});
  }
  return text + axes.str() + implementations.str() + "\n";
}

}  // namespace

std::string kernel_text(const std::vector<std::string>& ops) {
  std::string text;
  if (!ops.empty()) {
    for (const std::string& name : ops) text += op_text(kernel_op(name));
    return text;
  }
  for (const Op& op : kernel_ops()) text += op_text(op);
  text += "suites\n";
  TextTable table({"  suite", "budget", "what"});
  for (const Suite& suite : suites()) {
    table.add({"  " + suite.name, suite.default_budget, suite.summary});
  }
  return text + table.str();
}

ordered_json kernels_json() {
  ordered_json ops = ordered_json::array();
  for (const Op& op : kernel_ops()) {
    ordered_json axes = ordered_json::array(), list = ordered_json::array();
    for (const Axis& axis : op.axes) {
      axes.push_back({{"name", axis.name},
                      {"preset", axis.preset},
                      {"minimum", axis.minimum},
                      {"meaning", axis.meaning}});
    }
    for (const Implementation* i : on_all_devices(op.name)) {
      const Support support = available(*i);
      ordered_json entry = {{"name", i->name},           {"provider", i->provider},
                            {"device", name(i->device)}, {"formats", i->formats},
                            {"summary", i->summary},     {"available", support.ok}};
      if (!support.ok) entry["reason"] = support.reason;
      list.push_back(std::move(entry));
    }
    ops.push_back({{"name", op.name},
                   {"summary", op.summary},
                   {"formats", op.formats},
                   {"axes", std::move(axes)},
                   {"implementations", std::move(list)}});
  }
  return {{"kernels", std::move(ops)}};
}

}  // namespace inferbench
