#include "harness/kernel_times/borrow_rule.hpp"

#include <algorithm>
#include <cmath>

#include "harness/base/real.hpp"

namespace inferbench {
namespace {

using Shift = BorrowRule::Shift;

bool is_head_op(KernelOp op) {
  return op == KernelOp::prefill_attention || op == KernelOp::decode_attention ||
         op == KernelOp::chunk_attention;
}

double log_size(double size) {
  return std::log(std::max(size, 1.0));
}

std::vector<BorrowRule> attention_rules() {
  std::vector<BorrowRule> rules;
  for (const Shift shift : {Shift::second_dim, Shift::first_dim, Shift::none}) {
    for (const double kv_weight : {0.05, 0.2, 1.0}) {
      for (const std::size_t neighbours : {2U, 4U}) {
        rules.push_back({{1, kv_weight, 4, 4, 1}, neighbours, shift, false});
      }
    }
  }
  for (const Shift shift : {Shift::second_dim, Shift::first_dim, Shift::none}) {
    rules.push_back({{1, 0.2, 4, 4, 1}, 5, shift, true});
  }
  return rules;
}

// hidden, inner width here, top k, experts here, ranks
std::vector<std::array<double, kKernelDims>> moe_weights() {
  return {{1, 1, 1, 1, 1}, {1, 1, 0.3, 1, 0.3}, {0.3, 0.3, 0.3, 1, 0.3}, {1, 1, 1, 1, 0}};
}

std::vector<BorrowRule> moe_rules() {
  std::vector<BorrowRule> rules;
  for (const bool median : {false, true}) {
    for (const Shift shift : {Shift::none, Shift::rows, Shift::rows_per_expert}) {
      const std::vector<std::size_t> counts =
          median ? std::vector<std::size_t>{5, 7} : std::vector<std::size_t>{2, 4};
      for (const std::size_t neighbours : counts) {
        for (const auto& weights : moe_weights()) {
          rules.push_back({weights, neighbours, shift, median});
        }
      }
    }
  }
  return rules;
}

std::vector<BorrowRule> plain_rules() {
  std::vector<BorrowRule> rules;
  for (const Shift shift : {Shift::none, Shift::first_dim}) {
    for (const std::size_t neighbours : {2U, 4U, 6U}) {
      rules.push_back({{1, 1, 1, 1, 1, 1, 1, 1}, neighbours, shift, false});
    }
  }
  return rules;
}

std::vector<BorrowRule> gemm_rules() {
  std::vector<BorrowRule> rules;
  for (const std::size_t neighbours : {4U, 2U, 6U}) {
    for (const double k_weight : {1.0, 0.5, 2.0}) {
      rules.push_back({{1, k_weight}, neighbours, Shift::none, false});
    }
  }
  return rules;
}

}  // namespace

const std::vector<BorrowRule>& borrow_rules(KernelOp op) {
  static const std::vector<BorrowRule> attention = attention_rules(), moe = moe_rules(),
                                       gemm = gemm_rules(), plain = plain_rules();
  if (is_head_op(op)) return attention;
  if (op == KernelOp::moe) return moe;
  return op == KernelOp::gemm ? gemm : plain;
}

SiteFeatures site_features(KernelOp op, const KernelDims& d) {
  SiteFeatures features{};
  if (is_head_op(op)) {
    constexpr double kNoWindow = 100'000;
    features = {std::log(real(d[0]) / d[1]), log_size(d[1]), log_size(d[2]), log_size(d[3]),
                log_size(d[4] > 0 ? d[4] : kNoWindow)};
    return features;
  }
  if (op == KernelOp::moe) {
    features = {log_size(d[0]), std::log(real(d[1]) / d[4]), log_size(d[2]),
                std::log(real(d[3]) / d[5]), log_size(d[5])};
    return features;
  }
  for (std::size_t i = 0; i < info(op).dims.size(); ++i) features[i] = log_size(d[i]);
  return features;
}

double category_distance(KernelOp op, const KernelDims& a, const KernelDims& b) {
  constexpr double kOtherMask = 4, kOtherRouting = 9, kOtherMatrices = 25, kOtherFabric = 25;
  if (is_head_op(op)) return (a[4] == 0) == (b[4] == 0) ? 0 : kOtherMask;
  if (op == KernelOp::moe) {
    return (a[6] == b[6] ? 0 : kOtherMatrices) + (a[7] == b[7] ? 0 : kOtherRouting);
  }
  if (info(op).dims.front() == "ranks" && info(op).dims.size() == 2) {
    return a[1] == b[1] ? 0 : kOtherFabric;
  }
  return 0;
}

double shift_factor(BorrowRule::Shift shift, const KernelDims& site, const KernelDims& neighbour) {
  switch (shift) {
    case Shift::none:
      return 1;
    case Shift::first_dim:
      return real(site[0]) / neighbour[0];
    case Shift::second_dim:
      return real(site[1]) / neighbour[1];
    case Shift::rows:
      return real(site[2]) / site[5] / (real(neighbour[2]) / neighbour[5]);
    case Shift::rows_per_expert:
      break;
  }
  return real(site[2]) / site[3] / (real(neighbour[2]) / neighbour[3]);
}

}  // namespace inferbench
