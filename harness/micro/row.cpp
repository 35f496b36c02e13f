#include "harness/micro/row.hpp"

namespace inferbench {

std::optional<double> KernelRow::bytes() const {
  if (!read_bytes || !written_bytes) return std::nullopt;
  return *read_bytes + *written_bytes;
}

std::optional<double> KernelRow::intensity() const {
  const std::optional<double> moved = bytes();
  if (!flops || !moved || *moved <= 0) return std::nullopt;
  return *flops / *moved;
}

std::optional<double> KernelRow::gflop_per_s() const {
  if (!flops || *flops <= 0 || !timing || timing->median_ns <= 0) return std::nullopt;
  return *flops / timing->median_ns;
}

std::optional<double> KernelRow::gb_per_s() const {
  const std::optional<double> moved = bytes();
  if (!moved || !timing || timing->median_ns <= 0) return std::nullopt;
  return *moved / timing->median_ns;
}

bool names_a_list(const std::string& tag) {
  return tag == "suite" || tag == "group";
}

std::string row_id(const KernelRow& row) {
  std::string id = row.op + "/" + row.format;
  for (const auto& [axis, size] : row.axes) id += "/" + axis + "=" + std::to_string(size);
  for (const auto& [tag, value] : row.tags) {
    if (!names_a_list(tag)) id.append("/").append(tag).append("=").append(value);
  }
  id += "/" + row.implementation + "/" + row.cache + "/t" + std::to_string(row.threads);
  return row.fill == "normal" ? id : id + "/" + row.fill;
}

const char* name(RowStatus status) {
  switch (status) {
    case RowStatus::timed:
      return "timed";
    case RowStatus::failed:
      return "failed";
    case RowStatus::skipped:
      break;
  }
  return "skipped";
}

}  // namespace inferbench
