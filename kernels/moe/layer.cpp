#include "kernels/moe/layer.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "harness/base/error.hpp"
#include "kernels/moe/kernels.hpp"

namespace inferbench {
namespace {

std::size_t size(std::int64_t x) {
  return static_cast<std::size_t>(x);
}

}  // namespace

void moe_gemm(std::span<const PackedLinear> experts, const ExpertRows& rows,
              std::span<const float> in, std::span<float> out, ThreadTeam& team,
              LinearWorkspace& workspace) {
  ensure(static_cast<std::int64_t>(experts.size()) == rows.experts(), "rows of each expert");
  for (std::int64_t e = 0; e < rows.experts(); ++e) {
    const PackedLinear& expert = experts[size(e)];
    const std::int64_t first = rows.offsets[size(e)], count = rows.rows_of(e);
    if (count == 0) continue;
    expert.run(in.subspan(size(first * expert.k()), size(count * expert.k())),
               out.subspan(size(first * expert.n()), size(count * expert.n())), team, workspace);
  }
}

void moe_swiglu(std::span<const float> in, std::int64_t inter, std::span<float> out,
                ThreadTeam& team, Isa isa) {
  ensure(in.size() == 2 * out.size() && out.size() % size(inter) == 0, "gate and up of each row");
  const MoeKernels& kernels = moe_kernels(isa);
  team.run([&](unsigned rank) {
    const Range mine = share(static_cast<std::int64_t>(out.size()) / inter, rank, team.size());
    for (std::int64_t r = mine.begin; r < mine.end; ++r) {
      kernels.swiglu(in.data() + 2 * r * inter, inter, out.data() + r * inter);
    }
  });
}

void moe_gelu(std::span<const float> in, std::int64_t inter, std::span<float> out, ThreadTeam& team,
              Isa isa) {
  ensure(in.size() == out.size() && out.size() % size(inter) == 0, "one input of each output");
  const MoeKernels& kernels = moe_kernels(isa);
  team.run([&](unsigned rank) {
    const Range mine = share(static_cast<std::int64_t>(out.size()) / inter, rank, team.size());
    kernels.gelu(in.data() + mine.begin * inter, (mine.end - mine.begin) * inter,
                 out.data() + mine.begin * inter);
  });
}

MoeLayer::MoeLayer(std::vector<PackedLinear> gate_up, std::vector<PackedLinear> down, Isa isa)
    : gate_up_(std::move(gate_up)), down_(std::move(down)), isa_(isa) {
  ensure(!down_.empty() && gate_up_.size() == down_.size(), "gate_up and down of each expert");
  for (std::size_t e = 0; e < down_.size(); ++e) {
    ensure(gate_up_[e].n() == first_width() && gate_up_[e].k() == hidden() &&
               down_[e].n() == hidden() && down_[e].k() == inter(),
           "experts of one shape");
  }
  ensure(first_width() == 2 * inter() || first_width() == inter(), "gate and up, or up");
}

void MoeLayer::activate(std::span<const float> in, std::span<float> out, ThreadTeam& team) const {
  if (first_width() == inter()) return moe_gelu(in, inter(), out, team, isa_);
  moe_swiglu(in, inter(), out, team, isa_);
}

std::size_t MoeLayer::bytes() const {
  std::size_t bytes = 0;
  for (const std::vector<PackedLinear>* matrices : {&gate_up_, &down_}) {
    for (const PackedLinear& matrix : *matrices) bytes += matrix.bytes();
  }
  return bytes;
}

void MoeLayer::reserve(std::int64_t rows, MoeWorkspace& workspace) const {
  const auto grow = [rows](Buffer<float>& buffer, std::int64_t width) {
    if (buffer.size() < size(rows * width)) buffer = Buffer<float>(size(rows * width));
  };
  grow(workspace.gathered, hidden());
  grow(workspace.gates, first_width());
  grow(workspace.activated, inter());
  grow(workspace.results, hidden());
}

void MoeLayer::run(std::span<const float> in, std::span<const float> weights,
                   const ExpertRows& rows, std::span<float> out, ThreadTeam& team,
                   MoeWorkspace& workspace) const {
  ensure(in.size() == size(rows.tokens() * hidden()) && out.size() == in.size() &&
             weights.size() == rows.row.size() && rows.experts() == experts(),
         "tokens, their choices and their results");
  std::int64_t most = 0;
  for (std::int64_t e = 0; e < experts(); ++e) most = std::max(most, rows.rows_of(e));
  reserve(std::min(kRowsTogether, most), workspace);
  team.run([&](unsigned rank) {
    const Range mine = share(static_cast<std::int64_t>(out.size()), rank, team.size());
    std::fill(out.begin() + mine.begin, out.begin() + mine.end, 0.0F);
  });
  for (std::int64_t e = 0; e < experts(); ++e) {
    const std::int64_t first = rows.offsets[size(e)], count = rows.rows_of(e);
    // Parts of nearly equal height: 170 rows as 85 + 85, not 168 + 2.
    const std::int64_t parts = (count + kRowsTogether - 1) / kRowsTogether;
    for (std::int64_t p = 0; p < parts; ++p) {
      const std::int64_t from = count * p / parts, to = count * (p + 1) / parts;
      run_rows(e, first + from, to - from, in, weights, rows, out, team, workspace);
    }
  }
}

void MoeLayer::run_rows(std::int64_t expert, std::int64_t first, std::int64_t count,
                        std::span<const float> in, std::span<const float> weights,
                        const ExpertRows& rows, std::span<float> out, ThreadTeam& team,
                        MoeWorkspace& workspace) const {
  const std::int64_t h = hidden(), i = inter();
  const std::span gathered = workspace.gathered.span().first(size(count * h));
  const std::span gates = workspace.gates.span().first(size(count * first_width()));
  const std::span activated = workspace.activated.span().first(size(count * i));
  const std::span results = workspace.results.span().first(size(count * h));
  const auto choice = [&](std::int64_t r) { return rows.choice[size(first + r)]; };

  for (std::int64_t r = 0; r < count; ++r) {
    const float* from = in.data() + choice(r) / rows.top_k * h;
    std::memcpy(gathered.data() + r * h, from, size(h) * sizeof(float));
  }
  gate_up_[size(expert)].run(gathered, gates, team, workspace.linear);
  activate(gates, activated, team);
  down_[size(expert)].run(activated, results, team, workspace.linear);
  const MoeKernels& kernels = moe_kernels(isa_);
  // A token has one row of an expert, so no two threads add to the same output.
  team.run([&](unsigned rank) {
    const Range mine = share(count, rank, team.size());
    for (std::int64_t r = mine.begin; r < mine.end; ++r) {
      kernels.add_scaled(out.data() + choice(r) / rows.top_k * h, results.data() + r * h,
                         weights[size(choice(r))], h);
    }
  });
}

void MoeLayer::run_unfused(std::span<const float> in, std::span<const float> weights,
                           const ExpertRows& rows, std::span<float> out, ThreadTeam& team,
                           MoeWorkspace& workspace) const {
  const std::int64_t count = rows.rows();
  reserve(count, workspace);
  const std::span gathered = workspace.gathered.span().first(size(count * hidden()));
  const std::span gates = workspace.gates.span().first(size(count * first_width()));
  const std::span activated = workspace.activated.span().first(size(count * inter()));
  const std::span results = workspace.results.span().first(size(count * hidden()));
  moe_gather(in, rows, gathered, team);
  moe_gemm(gate_up_, rows, gathered, gates, team, workspace.linear);
  activate(gates, activated, team);
  moe_gemm(down_, rows, activated, results, team, workspace.linear);
  moe_combine(results, weights, rows, out, team, isa_);
}

}  // namespace inferbench
