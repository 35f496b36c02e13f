#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace inferbench {

// Exit codes of every inferbench program.
enum class ExitCode : int {
  done = 0,
  failed = 1,
  bad_input = 2,
  regression = 3,
  inconclusive = 4,
  invalid_comparison = 5,
};

// Input that cannot be used. Thrown where it is read, caught once, in main, which prints
//
//   error: PLACE: PROBLEM; RULE
//          WAY_OUT
//
// and exits with ExitCode::bad_input. `place` is a file with its line, an option or a key.
class Error : public std::runtime_error {
 public:
  Error(std::string place, std::string problem, std::string rule = "", std::string way_out = "");

  const std::string& place() const { return place_; }
  const std::string& problem() const { return problem_; }
  const std::string& rule() const { return rule_; }
  const std::string& way_out() const { return way_out_; }

 private:
  std::string place_, problem_, rule_, way_out_;
};

// Work that could not be completed although its input was usable (a full disk, say). Exit code 1.
class Failure : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// A broken invariant. Always on: a wrong number is worse than none.
inline void ensure(bool holds, const char* invariant) {
  if (!holds) throw std::logic_error(std::string("broken invariant: ") + invariant);
}

// Up to `limit` of `known`, most similar to `name` first (edit distance, prefixes preferred);
// empty when nothing is near. For "unknown X; did you mean ..." answers.
std::vector<std::string> nearest_names(std::string_view name, const std::vector<std::string>& known,
                                       std::size_t limit = 3);

// The Error for a name that is in no list: "unknown model "lama-3"; did you mean llama-3-8b, ...?
// `inferbench list models` shows all".
Error unknown_name(std::string place, std::string_view kind, std::string_view name,
                   const std::vector<std::string>& known, std::string_view list_command = "");

}  // namespace inferbench
