#include "kernels/collectives/element.hpp"

#include "harness/base/error.hpp"

namespace inferbench {
namespace {

template <class T>
T find_named(const std::vector<T>& list, std::string_view wanted, const std::string& place,
             std::string_view kind) {
  std::vector<std::string> known;
  for (const T item : list) {
    if (name(item) == wanted) return item;
    known.emplace_back(name(item));
  }
  throw unknown_name(place, kind, wanted, known);
}

}  // namespace

std::size_t size_of(ElementType type) {
  switch (type) {
    case ElementType::bytes:
      return 1;
    case ElementType::bf16:
    case ElementType::fp16:
      return 2;
    case ElementType::int32:
    case ElementType::fp32:
      return 4;
  }
  return 0;
}

std::string_view name(ElementType type) {
  switch (type) {
    case ElementType::bytes:
      return "bytes";
    case ElementType::int32:
      return "int32";
    case ElementType::fp32:
      return "fp32";
    case ElementType::bf16:
      return "bf16";
    case ElementType::fp16:
      return "fp16";
  }
  return "";
}

const std::vector<ElementType>& element_types() {
  static const std::vector<ElementType> all = {ElementType::fp32, ElementType::bf16,
                                               ElementType::fp16, ElementType::int32,
                                               ElementType::bytes};
  return all;
}

ElementType element_type(std::string_view wanted, const std::string& place) {
  return find_named(element_types(), wanted, place, "element type");
}

std::string_view name(Reduction reduction) {
  switch (reduction) {
    case Reduction::sum:
      return "sum";
    case Reduction::max:
      return "max";
    case Reduction::min:
      return "min";
    case Reduction::average:
      return "avg";
  }
  return "";
}

const std::vector<Reduction>& reductions() {
  static const std::vector<Reduction> all = {Reduction::sum, Reduction::max, Reduction::min,
                                             Reduction::average};
  return all;
}

Reduction reduction(std::string_view wanted, const std::string& place) {
  return find_named(reductions(), wanted, place, "reduction");
}

}  // namespace inferbench
