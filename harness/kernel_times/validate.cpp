#include "harness/kernel_times/validate.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <map>
#include <set>

#include "harness/base/error.hpp"
#include "harness/base/parallel_for.hpp"
#include "harness/base/random.hpp"
#include "harness/base/text_table.hpp"
#include "harness/kernel_times/learn.hpp"
#include "harness/stats/percentile.hpp"

namespace inferbench {
namespace {

constexpr std::uint64_t kValidationParts = 5;
constexpr double kLongKernel = 50e3;  // ns: not launch-bound
constexpr double kLargeMessage = 1 << 20;

struct Residual {
  double measured = 0, answered = 0;
  bool covered = false;
  const SiteRecord* site = nullptr;
  const RowRecord* row = nullptr;
  std::size_t series = 0;
  KernelSource source = KernelSource::measured;

  double error() const { return answered / measured - 1; }
};

struct Subject {
  HeldOut left_out;
  std::string subject, from;
  auto operator<=>(const Subject&) const = default;
};
using SubjectResiduals = std::map<Subject, std::vector<Residual>>;

using KeepRow = std::function<bool(const SeriesRecord&, const SiteRecord&, const RowRecord&)>;

bool is_long_attention(KernelOp op) {
  return op == KernelOp::prefill_attention || op == KernelOp::decode_attention;
}

bool is_group_op(KernelOp op) {
  return info(op).collective && op != KernelOp::dispatch && op != KernelOp::combine;
}

std::string first_word(std::string_view text) {
  return std::string(text.substr(0, text.find(' ')));
}

// What the row counts as where shapes, sites or points are left out.
std::string subject_of(KernelOp op, std::string_view format, const RowRecord& row) {
  if (is_group_op(op)) {
    return row.x >= kLargeMessage ? "collectives, 1 MiB and above" : "collectives, below 1 MiB";
  }
  if (op == KernelOp::gemm) return "gemm " + first_word(format);
  return std::string(info(op).name);
}

std::uint64_t bits(std::uint64_t seed, std::string_view purpose, std::uint64_t of) {
  RandomStream stream = Random(seed).stream(purpose).at(of);
  return stream.bits();
}

std::uint64_t hash_of_dims(const KernelDims& dims) {
  return shape_group(KernelOp::gemm, dims);  // all of them
}

std::uint64_t hash_of_point(const SiteRecord& site, const RowRecord& row) {
  KernelDims point = site.dims;
  point.back() += static_cast<std::int32_t>(std::llround(row.y)) * 31;
  return hash_of_dims(point) ^ static_cast<std::uint64_t>(std::llround(row.x)) * 0x9E3779B97F4A7C15;
}

bool is_left_out(HeldOut kind, std::uint64_t part, std::uint64_t seed, KernelOp op,
                 const SiteRecord& site, const RowRecord& row) {
  switch (kind) {
    case HeldOut::shape:
      return !is_group_op(op) &&
             bits(seed, "shapes", shape_group(op, site.dims)) % kValidationParts == part;
    case HeldOut::site:
      return op == KernelOp::moe &&
             bits(seed, "sites", hash_of_dims(site.dims)) % kValidationParts == part;
    default:
      return bits(seed, "points", hash_of_point(site, row)) % kValidationParts == part;
  }
}

class Validation {
 public:
  Validation(const KernelTable& all, const KernelValidationOptions& options)
      : all_(all), options_(options) {}

  KernelValidation run() {
    for (const HeldOut kind : {HeldOut::shape, HeldOut::site, HeldOut::point}) {
      for (std::uint64_t part = 0; part < kValidationParts; ++part) leave_out(kind, part);
    }
    leave_out_owners(HeldOut::framework);
    leave_out_owners(HeldOut::machine);
    KernelValidation validation{
        .seed = options_.seed, .rows = all_.rows().size(), .owners = owners(), .scores = {}};
    for (auto& [subject, residuals] : residuals_) {
      validation.scores.push_back(score_of(subject, residuals));
    }
    return validation;
  }

 private:
  KernelTable without(const KeepRow& keep) const {
    KernelTableBuilder builder;
    builder.add(all_, keep);
    return learn(builder.build("validation"), options_.seed);
  }

  std::map<std::string, std::size_t> owners() const {
    std::map<std::string, std::size_t> rows;
    for (const SeriesRecord& series : all_.series()) {
      const std::string owner = std::string(all_.machine_name(series)) + " " +
                                std::string(all_.text(series.framework)) + " " +
                                std::string(all_.text(series.version));
      for (const SiteRecord& site : all_.sites(series)) rows[owner] += site.rows;
    }
    return rows;
  }

  MachineSheet sheet_of(const SeriesRecord& series) const {
    return {std::string(all_.machine_name(series)), all_.machines()[series.machine]};
  }

  void leave_out(HeldOut kind, std::uint64_t part) {
    const auto left = [&](const SeriesRecord& series, const SiteRecord& site,
                          const RowRecord& row) {
      return is_left_out(kind, part, options_.seed, static_cast<KernelOp>(series.op), site, row);
    };
    const KernelTable rest = without([&](const auto& series, const auto& site, const auto& row) {
      return !left(series, site, row);
    });
    for (std::size_t i = 0; i < all_.series().size(); ++i) {
      const SeriesRecord& series = all_.series()[i];
      const KernelTarget target{sheet_of(series), std::string(all_.text(series.framework)),
                                std::string(all_.text(series.version))};
      const KernelPredictor times({rest}, target);
      answer_rows(times, i, [&](const SiteRecord& site, const RowRecord& row) {
        return left(series, site, row)
                   ? std::optional<Subject>({kind,
                                             subject_of(static_cast<KernelOp>(series.op),
                                                        all_.text(series.format), row),
                                             ""})
                   : std::nullopt;
      });
    }
  }

  // Rows of a series that have a subject are answered; those that not even a neighbour is left of
  // are not.
  template <class SubjectOf>
  void answer_rows(const KernelPredictor& times, std::size_t index,
                   const SubjectOf& subject_of_row) {
    const SeriesRecord& series = all_.series()[index];
    for (const SiteRecord& site : all_.sites(series)) {
      const SiteTimes* here = nullptr;
      for (const RowRecord& row : all_.rows(site)) {
        const std::optional<Subject> subject = subject_of_row(site, row);
        if (!subject) continue;
        if (here == nullptr) {
          here = &times.site(static_cast<KernelOp>(series.op), all_.text(series.format), site.dims);
          if (here->base() == KernelSource::first_principles) break;
        }
        const KernelAnswer answer = here->at(row.x, row.y);
        residuals_[*subject].push_back({row.ns, answer.ns,
                                        answer.low_ns <= row.ns && row.ns <= answer.high_ns, &site,
                                        &row, index, answer.source});
      }
    }
  }

  std::string owner(HeldOut kind, const SeriesRecord& series) const {
    return std::string(kind == HeldOut::machine ? all_.machine_name(series)
                                                : all_.text(series.framework));
  }

  // Each owner's rows from each other owner's tables. Frameworks are compared on one machine,
  // machines with one framework.
  void leave_out_owners(HeldOut kind) {
    std::set<std::string> owners;
    for (const SeriesRecord& series : all_.series()) {
      const auto op = static_cast<KernelOp>(series.op);
      if (op == KernelOp::gemm || is_long_attention(op) || op == KernelOp::moe) {
        owners.insert(owner(kind, series));
      }
    }
    for (const std::string& from : owners) {
      const KernelTable table = without([&](const auto& series, const auto&, const auto&) {
        return owner(kind, series) == from;
      });
      for (std::size_t i = 0; i < all_.series().size(); ++i) {
        const SeriesRecord& series = all_.series()[i];
        if (owner(kind, series) != from) answer_owner(kind, from, table, i);
      }
    }
  }

  // Whether the table has the same op and format, of the framework or machine that is shared.
  bool is_comparable(HeldOut kind, const KernelTable& table, const SeriesRecord& series) const {
    return std::any_of(table.series().begin(), table.series().end(), [&](const SeriesRecord& s) {
      const bool shared = kind == HeldOut::machine
                              ? table.text(s.framework) == all_.text(series.framework)
                              : table.machine_name(s) == all_.machine_name(series);
      return s.op == series.op && table.text(s.format) == all_.text(series.format) && shared;
    });
  }

  void answer_owner(HeldOut kind, const std::string& from, const KernelTable& table,
                    std::size_t index) {
    const SeriesRecord& series = all_.series()[index];
    const auto op = static_cast<KernelOp>(series.op);
    const bool scored = op == KernelOp::gemm || is_long_attention(op) || op == KernelOp::moe;
    if (!scored || !is_comparable(kind, table, series)) return;
    const KernelTarget target{sheet_of(series), owner(HeldOut::framework, series), ""};
    const KernelPredictor times({table}, target);
    const std::string direction = from + " to " + owner(kind, series);
    answer_rows(times, index, [&](const SiteRecord&, const RowRecord& row) {
      const std::string gemm = "gemm " + first_word(all_.text(series.format));
      std::string subject = op == KernelOp::gemm || is_long_attention(op)
                                ? (op == KernelOp::gemm ? gemm : "attention")
                                : std::string(info(op).name);
      subject += row.ns > kLongKernel ? ", above 50 us" : ", up to 50 us";
      return std::optional<Subject>({kind, subject, direction});
    });
  }

  // Times that other points of the same curve do not tell of are another kernel's or noise.
  std::string reason_of(const Residual& r) const {
    constexpr double kNoisy = 0.1, kJump = 0.15, kPercent = 100;
    if (r.row->spread > kNoisy) {
      return "repeats differ by " + significant(r.row->spread * kPercent, 2) + " %";
    }
    const SeriesModel model(all_, r.series);
    TimeCurve others(model.curve_site(r.site->dims));
    for (const RowRecord& row : all_.rows(*r.site)) {
      if (&row != r.row) others.add(row.x, row.y, row.ns);
    }
    if (others.empty()) return "the only point of its site";
    const double own = others.at(r.row->x, r.row->y).ns;
    if (std::abs(std::log(own / r.row->ns)) > kJump) {
      return "its own curve without it says " + human_seconds(own / 1e9) +
             ": the kernel changes there";
    }
    if (r.source == KernelSource::held) return "beyond what is left of its curve";
    return "other sites use their kernels better or worse";
  }

  WorstRow worst_row(const Residual& r) const {
    const SeriesRecord& series = all_.series()[r.series];
    const auto op = static_cast<KernelOp>(series.op);
    const KernelOpInfo& of = info(op);
    WorstRow row{text_of(op, r.site->dims) + ", " + std::string(of.x) + " " +
                     with_commas(std::llround(r.row->x)),
                 r.measured, r.answered, reason_of(r)};
    if (!of.y.empty())
      row.what += ", " + std::string(of.y) + " " + with_commas(std::llround(r.row->y));
    row.what += ": " + std::string(all_.machine_name(series)) + " " +
                std::string(all_.text(series.framework)) + " " +
                std::string(all_.text(series.format));
    return row;
  }

  static void set_bar(KernelScore& score) {
    constexpr double kMedian = 0.04, kTail = 0.15, kMoe = 0.08, kTransfer = 0.12;
    constexpr double kLarge = 0.06, kSmall = 0.15;
    const auto starts = [&](const char* text) { return score.subject.rfind(text, 0) == 0; };
    if (score.left_out == HeldOut::shape) {
      const bool gemm = score.subject == "gemm bf16" || starts("gemm fp8");
      if (gemm || starts("prefill_attention") || starts("decode_attention")) {
        score.bar_median = kMedian, score.bar_p90 = kTail;
      }
      if (starts("moe")) score.bar_median = kMoe;
    }
    if (score.left_out == HeldOut::point && starts("collectives")) {
      score.bar_median = starts("collectives, 1 MiB") ? kLarge : kSmall;
    }
    const bool asked = score.from == "h100 to a100" && (score.subject == "gemm bf16, above 50 us" ||
                                                        score.subject == "attention, above 50 us");
    if (score.left_out == HeldOut::machine && asked) score.bar_median = kTransfer;
  }

  KernelScore score_of(const Subject& subject, std::vector<Residual>& residuals) const {
    KernelScore score{.left_out = subject.left_out,
                      .subject = subject.subject,
                      .from = subject.from,
                      .rows = residuals.size(),
                      .worst = {}};
    std::vector<double> errors, sizes;
    std::size_t covered = 0;
    for (const Residual& r : residuals) {
      errors.push_back(r.error());
      sizes.push_back(std::abs(r.error()));
      covered += r.covered ? 1 : 0;
    }
    constexpr std::array<double, 2> kWanted = {50, 90};
    const std::vector<double> at = percentiles(sizes, kWanted);
    score.median = at[0], score.p90 = at[1];
    score.bias = percentiles(errors, kWanted).front();
    score.covered = static_cast<double>(covered) / static_cast<double>(residuals.size());
    set_bar(score);
    const std::size_t shown = std::min(options_.worst, residuals.size());
    std::partial_sort(residuals.begin(), residuals.begin() + static_cast<std::ptrdiff_t>(shown),
                      residuals.end(), [](const Residual& a, const Residual& b) {
                        return std::abs(std::log(a.answered / a.measured)) >
                               std::abs(std::log(b.answered / b.measured));
                      });
    for (std::size_t i = 0; i < shown; ++i) score.worst.push_back(worst_row(residuals[i]));
    return score;
  }

  const KernelTable& all_;
  KernelValidationOptions options_;
  SubjectResiduals residuals_;
};

}  // namespace

std::string_view name(HeldOut left_out) {
  switch (left_out) {
    case HeldOut::shape:
      return "shape";
    case HeldOut::site:
      return "site";
    case HeldOut::point:
      return "point";
    case HeldOut::framework:
      return "framework";
    case HeldOut::machine:
      break;
  }
  return "GPU";
}

KernelValidation validate_kernels(const std::vector<KernelTable>& tables,
                                  const KernelValidationOptions& options) {
  KernelTableBuilder builder;
  for (const KernelTable& table : tables) builder.add(table);
  const KernelTable all = builder.build("validation");
  return Validation(all, options).run();
}

}  // namespace inferbench
