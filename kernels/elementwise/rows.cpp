#include "kernels/elementwise/rows.hpp"

#include <initializer_list>

#include "harness/base/error.hpp"
#include "kernels/elementwise/kernels.hpp"

namespace inferbench {
namespace {

bool one_of(RowOp op, std::initializer_list<RowOp> ops) {
  for (const RowOp o : ops) {
    if (o == op) return true;
  }
  return false;
}

void check_buffers(RowOp op, const RowBuffers& b) {
  const auto columns = static_cast<std::size_t>(b.columns), rows = static_cast<std::size_t>(b.rows);
  const std::size_t all = rows * columns;
  const bool norm = one_of(op, {RowOp::rmsnorm, RowOp::layernorm, RowOp::rmsnorm_quant_int8,
                                RowOp::rmsnorm_quant_fp8}) ||
                    adds_residual(op);
  const bool narrow = !b.x16.empty();
  ensure((narrow ? b.x16.size() : b.x.size()) == all, "x of rows by columns");
  ensure(!has_two_inputs(op) || (narrow ? b.y16.size() : b.y.size()) == all,
         "y of rows by columns");
  ensure(!norm || b.weight.size() == columns, "a weight for each column");
  ensure(op != RowOp::layernorm || b.bias.size() == columns, "a bias for each column");
  ensure(!adds_residual(op) || b.residual.size() == all, "a residual of rows by columns");
  if (op == RowOp::rope) {
    ensure(b.head >= 32 && b.head % 32 == 0 && b.columns % b.head == 0,
           "heads of a multiple of 32 elements that divide the columns");
    const std::size_t angles = rows * static_cast<std::size_t>(b.head / 2);
    ensure(b.cosine.size() == angles && b.sine.size() == angles, "angles of each row");
  }
  if (gives_codes(op)) {
    ensure(b.codes.size() == all && b.scale.size() == rows, "codes and a scale of each row");
  } else {
    ensure(b.out.size() == (op == RowOp::argmax ? rows : all), "out of rows by columns");
  }
}

RowCall call_of(RowOp op, const RowBuffers& b, std::int64_t row, float* working_row) {
  const std::int64_t at = row * b.columns;
  RowCall c;
  c.n = b.columns, c.head = b.head, c.epsilon = b.epsilon;
  if (b.x16.empty()) {
    c.x = b.x.data() + at, c.y = has_two_inputs(op) ? b.y.data() + at : nullptr;
  } else {
    c.x = b.x16.data() + at, c.y = has_two_inputs(op) ? b.y16.data() + at : nullptr;
  }
  c.weight = b.weight.data(), c.bias = b.bias.data();
  if (op == RowOp::rope) {
    c.weight = b.cosine.data() + row * (b.head / 2), c.bias = b.sine.data() + row * (b.head / 2);
  }
  if (adds_residual(op)) c.residual = b.residual.data() + at;
  if (gives_codes(op)) {
    c.out = working_row, c.codes = b.codes.data() + at, c.scale = b.scale.data() + row;
  } else {
    c.out = b.out.data() + (op == RowOp::argmax ? row : at);
  }
  return c;
}

}  // namespace

bool adds_residual(RowOp op) {
  return one_of(op,
                {RowOp::add_rmsnorm, RowOp::add_rmsnorm_quant_int8, RowOp::add_rmsnorm_quant_fp8});
}

bool has_two_inputs(RowOp op) {
  return adds_residual(op) || one_of(op, {RowOp::silu_mul, RowOp::add, RowOp::mul});
}

bool gives_codes(RowOp op) {
  return op >= RowOp::quant_int8;
}

bool gives_fp8(RowOp op) {
  return one_of(op, {RowOp::quant_fp8, RowOp::rmsnorm_quant_fp8, RowOp::add_rmsnorm_quant_fp8});
}

RowKernel row_kernel(RowOp op, bool bf16, Isa isa) {
  if (isa >= Isa::avx512) return row_kernel_avx512(op, bf16);
  return isa >= Isa::avx2 ? row_kernel_avx2(op, bf16) : row_kernel_portable(op, bf16);
}

void compute_rows(RowOp op, const RowBuffers& buffers, ThreadTeam& team, RowWorkspace& workspace,
                  Isa isa) {
  compute_rows(op, row_kernel(op, !buffers.x16.empty(), isa), buffers, team, workspace);
}

void compute_rows(RowOp op, RowKernel kernel, const RowBuffers& b, ThreadTeam& team,
                  RowWorkspace& workspace) {
  check_buffers(op, b);
  // Rows to work in start on cache lines of their own.
  constexpr std::int64_t kLine = kCacheLine / sizeof(float);
  const std::int64_t stride = gives_codes(op) ? (b.columns + kLine - 1) / kLine * kLine : 0;
  const auto needed = static_cast<std::size_t>(stride) * team.size();
  if (workspace.row.size() < needed) workspace.row = Buffer<float>(needed);
  team.run([&](unsigned rank) {
    const Range mine = share(b.rows, rank, team.size());
    float* working_row = workspace.row.data() + static_cast<std::int64_t>(rank) * stride;
    for (std::int64_t r = mine.begin; r < mine.end; ++r) kernel(call_of(op, b, r, working_row));
  });
}

}  // namespace inferbench
